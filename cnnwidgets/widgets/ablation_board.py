"""AblationBoard: a switch for each channel of a layer, and what the network is without it."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, Float, List, TraitError, Unicode, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.pulse import Pulse
from cnnwidgets.traits import LOCK, Whole, forget, in_words
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

FOLLOWED = ["layer", "run", "edits"]
SAMPLE = 1000


class AblationBoard(View):
    """What every channel of the microscope's layer is good for, and switches to silence them.

    AblationBoard(scope). sample: how many images are read to tell; None takes the first 1,000 of
    the microscope's.
    Each tile tells how the accuracy changes when its channel alone is silent, whatever else is
    edited; that is worked out in the background and remembered. As a figure:
    cnnwidgets.figures.ablation(found).
    """

    _esm = script("ablation_board")
    _css = style("ablation_board")
    alone: ClassVar[bool] = False
    page_writes: ClassVar[frozenset[str]] = frozenset({"order", "silenced"})
    scope: "Microscope"

    order = Whole(-2).tag(sync=True)
    """How the tiles stand: by their number (−2), by effect (−1), or by what a class loses: its
    number."""
    silenced = List(Whole()).tag(sync=True)
    """The channels of the layer that are silent, ascending: those with an Ablate in scope.edits."""
    board_layer = Unicode().tag(sync=True)
    """The layer whose channels stand on the board; empty where it has none."""
    channels = Whole(0).tag(sync=True)
    """How many channels it has."""
    class_names = List(Unicode()).tag(sync=True)
    """The names of the classes."""
    sample = Whole(0).tag(sync=True)
    """How many images are read to tell an effect: the first of the microscope's."""
    share_done = Float(0.0).tag(sync=True)
    """How much of the reading is done, from 0 to 1; at 1 all is told."""
    accuracy = Float(None, allow_none=True).tag(sync=True)
    """The share of the sample read rightly with every channel; None before it is known."""
    changes = Array("float32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """How the accuracy changes without each channel alone: (channel,); None before."""
    by_class = Array("float32", axes=(2,)).tag(sync=True, to_json=to_wire)
    """The same for the images of each class: (channel, class)."""
    worst = List(Whole()).tag(sync=True)
    """The class that loses most without each channel; −1 where none loses."""
    can_undo = Bool(False).tag(sync=True)
    """Whether there is a change of the edits to undo."""
    can_redo = Bool(False).tag(sync=True)
    """Whether there is a change to do again."""

    def __init__(self, scope: "Microscope", *, sample: int | None = None, **traits: Any):
        from cnnwidgets.workbench.changes import Changes

        self._pulse = Pulse(self._measure)
        self._stage_of(scope)  # refuses what is no microscope
        super().__init__(scope, class_names=list(scope.images.classes), **traits)
        count = len(self.scope.images)
        wanted = SAMPLE if sample is None else sample
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
            self.close()
            raise ValueError(f"sample (={sample!r}) must be a number of images, at least 1")
        self.sample = min(count, wanted)
        self.changes_of_scope = Changes.of(self.scope)
        self.scope.observe(self._follow, names=FOLLOWED)
        self.on_msg(self._answer)
        self._show()

    def silence(self, channels: Any) -> None:
        """Silences these channels of the layer and no others. Raises TraitError."""
        self.silenced = sorted({int(channel) for channel in channels})

    def undo(self) -> None:
        """Takes back the last change of the edits. Raises ValueError if there is none."""
        self.changes_of_scope.undo()

    def redo(self) -> None:
        """Makes again what was undone last. Raises ValueError if there is nothing."""
        self.changes_of_scope.redo()

    def _let_go(self) -> None:
        forget(self.scope, self._follow, FOLLOWED)
        super()._let_go()

    @validate("silenced")
    def _check_silenced(self, proposal: Any) -> list[int]:
        wanted = sorted(set(proposal.value))
        if wanted and not 0 <= wanted[0] <= wanted[-1] < self.channels:
            raise TraitError(
                f"silenced (={wanted}) must be from 0 to {self.channels - 1}, the channels of"
                f" '{self.board_layer}'"
            )
        return wanted

    @validate("order")
    def _check_order(self, proposal: Any) -> int:
        if not -2 <= proposal.value < max(1, len(self.class_names)):
            raise TraitError(f"order (={proposal.value}) must be −2, −1, or a class by its number")
        return proposal.value

    @observe("silenced")
    def _silence(self, _change: Bunch) -> None:
        from cnnwidgets.workbench.effects import ablated, with_ablated

        edits, layer = self.scope.edits, self.board_layer
        if layer and ablated(edits, layer) != self.silenced:
            try:
                self.changes_of_scope.make(with_ablated(edits, layer, self.silenced))
            finally:
                self.silenced = ablated(self.scope.edits, layer)

    def _follow(self, _change: Bunch) -> None:
        self._show()

    def _show(self) -> None:
        """Takes over the layer and its silent channels, and has the rest worked out."""
        from cnnwidgets.workbench.effects import ablated, channels_of, known

        with LOCK, self.hold_sync():
            if self.comm is None:
                return
            scope = self.scope
            layer, channels = channels_of(scope)
            silenced = ablated(scope.edits, layer)
            if (layer, channels) != (self.board_layer, self.channels):
                self.set_trait("silenced", [])
            self.board_layer, self.channels = layer, channels
            self.silenced = silenced
            self.can_undo = self.changes_of_scope.can_undo
            self.can_redo = self.changes_of_scope.can_redo
            self._take(known(scope, self.sample))
        self._pulse.poke()

    def _take(self, found: Any) -> None:
        """Shows effects, or that they are not known yet."""
        if found is None:
            self.changes = self.by_class = self.accuracy = None
            self.worst, self.share_done = [], 0.0
        elif self.share_done < 1 or not _is_shown(self.changes, found.changes):
            self.accuracy = found.accuracy
            self.changes, self.by_class = found.changes, found.by_class
            self.worst, self.share_done = found.worst.tolist(), 1.0

    def _measure(self) -> None:
        """Works the effects out, in a thread of its own; gives up when others are wanted."""
        from cnnwidgets.workbench.effects import known, measured

        def progress(share: float) -> None:
            if self.comm is not None and share < 1 and share - self.share_done >= 0.04:
                self.share_done = share

        try:
            found = measured(self.scope, self.sample, progress, lambda: self.comm is None)
        except Exception as problem:  # of the user's network; nobody else hears of it
            if self.comm is not None:
                self.error = in_words(problem)
            return
        with LOCK, self.hold_sync():
            # Another layer may have been chosen since it was told.
            if found is not None and self.comm is not None:
                self._take(known(self.scope, self.sample))

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Does what a page asks for."""
        try:
            wish = content.get("do") if isinstance(content, dict) else None
            if wish not in ("undo", "redo"):
                raise ValueError("a page asks a board to undo or redo, and nothing else")
            getattr(self, wish)()
            self.error = ""
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)


def _is_shown(shown: np.ndarray | None, found: np.ndarray) -> bool:
    return shown is not None and np.array_equal(shown, found.astype(np.float32))
