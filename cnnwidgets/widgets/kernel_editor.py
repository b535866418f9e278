"""KernelEditor: the selected kernel, to be changed by hand, and what was changed so far."""

import math
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, Dict, Float, List, TraitError, Unicode, observe, validate

from cnnwidgets.arrays import Array, number_to_wire, to_wire
from cnnwidgets.traits import LOCK, Whole, forget, in_words, within
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession
    from cnnwidgets.workbench.kernel import Kernel

FOLLOWED = ["layer", "channel", "run", "edits"]
LONGEST_SIDE = 16
LARGEST = float(np.finfo(np.float32).max)
DRAFT = {"layer", "filter", "input", "values", "bias", "gesture", "serial"}


def _grid() -> Any:
    return Array("float32", axes=(2,)).tag(sync=True, to_json=to_wire)


class KernelEditor(View):
    """The kernel of the microscope's layer and channel, as a grid of numbers to be changed.

    KernelEditor(scope). Every change goes to scope.edits, so that all views show what follows.
    session: a TrainingSession of the same network, that `train_on` hands the changed weights to;
        or what makes one, called when that is first wanted.
    """

    _esm = script("kernel_editor")
    _css = style("kernel_editor")
    alone: ClassVar[bool] = False
    page_writes: ClassVar[frozenset[str]] = frozenset({"input", "draft"})
    scope: "Microscope"

    input = Whole(0).tag(sync=True)
    """The input channel of the filter whose kernel is edited, from 0."""
    draft = Dict(None, allow_none=True).tag(sync=True, echo_update=False)
    """What the page wants the kernel to be: layer, filter and input of the kernel it shows; values
    (row by row) or None, bias or None; the gesture it belongs to, and a serial number."""
    taken = Float(0.0).tag(sync=True)
    """The serial number of the last draft that was done."""
    owner = Unicode().tag(sync=True)
    """The layer that holds the kernel; empty where the selected layer has none."""
    filter = Whole(0).tag(sync=True)
    """Which of that layer's filters: the one that makes the selected channel."""
    inputs = Whole(0).tag(sync=True)
    """How many input channels the filter has."""
    values = _grid()
    """The kernel as it is now: float32 (row, column); None where it is too large for a grid."""
    original = _grid()
    """The kernel without the edits: float32 (row, column)."""
    bias = Float(None, allow_none=True).tag(sync=True, to_json=number_to_wire)
    """The filter's bias; None where the layer has none."""
    original_bias = Float(None, allow_none=True).tag(sync=True, to_json=number_to_wire)
    """The filter's bias without the edits."""
    limit = Float(0.0).tag(sync=True)
    """The largest absolute weight of the layer without the edits: the end of the colour scale."""
    edits = List(Unicode()).tag(sync=True)
    """The microscope's edits, in short words, in their order."""
    code = Unicode().tag(sync=True)
    """Lines of plain PyTorch that make the same edits to a model."""
    can_undo = Bool(False).tag(sync=True)
    """Whether there is a change to undo."""
    can_redo = Bool(False).tag(sync=True)
    """Whether there is a change to do again."""
    can_train = Bool(False).tag(sync=True)
    """Whether there is a training session to hand changed weights to."""

    def __init__(
        self,
        scope: "Microscope",
        session: "TrainingSession | Callable[[], TrainingSession] | None" = None,
        **traits: Any,
    ):
        from cnnwidgets.workbench.changes import Changes

        if session is not None and not (callable(session) or hasattr(session, "edit")):
            raise TypeError(f"session must be a TrainingSession, and is a {type(session).__name__}")
        self.session = session
        self._kernel: Kernel | None = None
        self._owner: Any = None  # of the layer that follows
        self._owner_layer: str | None = None
        self._seed = 0
        super().__init__(scope, can_train=session is not None, **traits)
        self.changes = Changes.of(self.scope)
        self.scope.observe(self._follow, names=FOLLOWED)
        self.on_msg(self._answer)
        self._show()

    def change(self, values: Any, gesture: Hashable = None) -> None:
        """Makes the kernel other numbers: (row, column), or one number for all of it.

        gesture: changes with the same one are undone together.
        Raises ValueError for another shape, TraitError for what cannot be run.
        """
        from cnnwidgets.workbench.kernel import with_kernel

        with LOCK:
            kernel = self._selected()
            shape = kernel.weights.shape[1:]
            try:
                wanted = np.broadcast_to(np.asarray(values, np.float32), shape)
            except ValueError:
                size = "×".join(map(str, np.shape(values)))
                raise ValueError(f"values are {size}, and must be {shape[0]}×{shape[1]}") from None
            self.changes.make(with_kernel(self.scope.edits, kernel, wanted), gesture)

    def change_bias(self, value: float, gesture: Hashable = None) -> None:
        """Makes the filter's bias another number. Raises ValueError if the layer has none."""
        from cnnwidgets.workbench.kernel import with_bias

        with LOCK:
            kernel = self._selected()
            if kernel.bias is None:
                raise ValueError(f"'{kernel.layer}' has no bias")
            self.changes.make(with_bias(self.scope.edits, kernel, value), gesture)

    def preset(self, name: str) -> None:
        """Makes the kernel a well-known one: see `cnnwidgets.workbench.presets.PRESETS`.

        Raises ValueError for another name, or a kernel too small to hold it.
        """
        from cnnwidgets.workbench.presets import preset

        kernel, self._seed = self._selected(), self._seed + 1
        now, before = kernel.weights[kernel.input], kernel.original[kernel.input]
        self.change(preset(name, now, before, kernel.limit, kernel.spread, self._seed))

    def revert(self) -> None:
        """Makes the kernel and its filter's bias what they were."""
        from cnnwidgets.workbench.kernel import with_bias, with_kernel

        with LOCK:
            kernel = self._selected()
            edits = with_kernel(self.scope.edits, kernel, kernel.original[kernel.input])
            if kernel.original_bias is not None:
                edits = with_bias(edits, kernel, kernel.original_bias)
            self.changes.make(edits)

    def revert_all(self) -> None:
        """Takes away every edit of the microscope."""
        self.changes.make(())

    def remove(self, place: int) -> None:
        """Takes away one edit, by its place in `edits`. Raises IndexError if there is none."""
        with LOCK:
            edits = self.scope.edits
            if isinstance(place, bool) or not 0 <= place < len(edits):
                raise IndexError(f"no edit {place}; there are {len(edits)}")
            self.changes.make((*edits[:place], *edits[place + 1 :]))

    def undo(self) -> None:
        """Takes back the last change of the edits. Raises ValueError if there is none."""
        self.changes.undo()

    def redo(self) -> None:
        """Makes again what was undone last. Raises ValueError if there is nothing."""
        self.changes.redo()

    def train_on(self) -> "Future[None]":
        """Hands the changed weights to the session, and lets it train on; edits of results stay.

        Raises ValueError without a session or without changed weights; the future does at a step
        that is not the newest.
        """
        from cnnwidgets.workbench.training import hand_over

        if self.session is None:
            raise ValueError("there is no training to hand the weights to; give a session")
        done = hand_over(self.scope, self.session, self.changes)
        done.add_done_callback(self._handed_over)
        return done

    def _handed_over(self, done: "Future[None]") -> None:
        problem = done.exception()
        if problem is not None:
            self.error = in_words(problem)

    def _let_go(self) -> None:
        forget(self.scope, self._follow, FOLLOWED)
        super()._let_go()

    def _selected(self) -> "Kernel":
        if self._kernel is None:
            raise ValueError(
                f"'{self.scope.layer}' has no kernel to change; choose a layer with one"
            )
        return self._kernel

    @validate("input")
    def _check_input(self, proposal: Any) -> int:
        within("input", proposal.value, max(1, self.inputs), "input channels of the filter")
        return proposal.value

    @validate("draft")
    def _check_draft(self, proposal: Any) -> dict[str, Any] | None:
        draft = proposal.value
        if draft is not None and not _is_draft(draft, self.values):
            size = "one" if self.values is None else "×".join(map(str, self.values.shape))
            raise TraitError(
                f"draft must name its kernel and give {size} finite numbers or a finite bias"
            )
        return draft

    @observe("draft")
    def _take(self, _change: Bunch) -> None:
        draft, shown = self.draft, (self.owner, self.filter, self.input)
        if draft is None:
            return
        if (draft["layer"], draft["filter"], draft["input"]) != shown:
            raise TraitError("another kernel was chosen meanwhile, so this change was left out")
        gesture = (self.model_id, draft["gesture"])
        if draft["values"] is not None:
            self.change(np.reshape(draft["values"], self.values.shape), gesture)
        else:
            self.change_bias(draft["bias"], gesture)
        self.taken = float(draft["serial"])

    @observe("input")
    def _follow(self, _change: Bunch) -> None:
        self._show()

    def _show(self) -> None:
        """Takes over the selected kernel and the edits: one message to the page."""
        from cnnwidgets.workbench.changes import as_code, in_short
        from cnnwidgets.workbench.kernel import kernel_at

        with LOCK, self.hold_sync():
            if self.comm is None:
                return
            scope = self.scope
            if self._owner_layer != scope.layer:
                self._owner, self._owner_layer = scope.kernels(), scope.layer
            owner = self._owner
            self.inputs = 0 if owner is None else owner.weights.shape[1]
            if self.input >= max(1, self.inputs):
                self.input = 0
            kernel = None if owner is None else kernel_at(scope, owner, self.input)
            self._kernel = kernel
            self.owner = "" if kernel is None else kernel.layer
            self.filter = 0 if kernel is None else kernel.filter
            self.bias = None if kernel is None else kernel.bias
            self.original_bias = None if kernel is None else kernel.original_bias
            self.limit = 0.0 if kernel is None else kernel.limit
            fits = kernel is not None and max(kernel.weights.shape[1:]) <= LONGEST_SIDE
            shown = (kernel.weights, kernel.original) if kernel is not None and fits else ()
            grids = [all_[self.input] for all_ in shown] or [None, None]
            for name, value in zip(("values", "original"), grids, strict=True):
                before = getattr(self, name)
                if value is None or before is None or not np.array_equal(before, value):
                    setattr(self, name, value)
            self.edits = [in_short(edit) for edit in scope.edits]
            self.code = as_code(scope.edits)
            self.can_undo, self.can_redo = self.changes.can_undo, self.changes.can_redo

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Does what a page asks for."""
        self.error = ""  # first: a thread that trains on may have something to say
        try:
            self._do(content if isinstance(content, dict) else {})
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)

    def _do(self, asked: dict[str, Any]) -> None:
        wish = asked.get("do")
        if wish in ("undo", "redo", "revert", "revert_all", "train_on"):
            getattr(self, wish)()
        elif wish == "preset" and isinstance(asked.get("name"), str):
            self.preset(asked["name"])
        elif wish == "remove" and type(asked.get("place")) is int:
            self.remove(asked["place"])
        else:
            raise ValueError("a page asks an editor for a preset, to undo, redo, revert or remove")


def _is_draft(draft: dict[str, Any], shown: np.ndarray | None) -> bool:
    if draft.keys() != DRAFT or not all(map(_is_finite, (draft["gesture"], draft["serial"]))):
        return False
    values, bias = draft["values"], draft["bias"]
    if values is None:
        return _is_finite(bias)
    is_row = isinstance(values, list) and shown is not None and len(values) == shown.size
    return bias is None and is_row and all(map(_is_finite, values))


def _is_finite(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= LARGEST
