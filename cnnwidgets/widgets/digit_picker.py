"""DigitPicker: which image goes in."""

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, Int, TraitError, Unicode, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Picture, Scores
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet
    from cnnwidgets.scope import Microscope

TILE_PIXELS = 48
TILES_A_MESSAGE = 2048


class DigitPicker(Picture, Scores, View):
    """A grid of the set's images to click and to arrow through, filtered, shuffled, or by number.

    DigitPicker(scope), or alone: DigitPicker(images=image_set). A page asks for the tiles that
    it shows, so that a set of any size scrolls at once.
    """

    _esm = script("digit_picker")
    _css = style("digit_picker")
    page_writes: ClassVar[frozenset[str]] = frozenset({"index", "only", "misread", "seed"})

    only = Int(None, allow_none=True).tag(sync=True)
    """Show this class alone, by its number; None shows all."""
    misread = Bool(False).tag(sync=True)
    """Show only images that the network gets wrong; needs a microscope."""
    seed = Int(0).tag(sync=True)
    """0 keeps the order of the set; any other number shuffles, the same number the same way."""
    order = Array("uint32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """The images shown, by index, in the order of the grid."""
    version = Int(0).tag(sync=True)
    """Counts the changes of `order`, so that tiles of an older one are told apart."""
    progress = Unicode().tag(sync=True)
    """What is being worked out, in words; empty when nothing is."""

    def __init__(
        self,
        scope: "Microscope | None" = None,
        *,
        images: "ImageSet | None" = None,
        **traits: Any,
    ):
        if (scope is None) == (images is None):
            raise TypeError("DigitPicker needs a microscope or images=an ImageSet, and one of them")
        self.scope = scope
        self.images = images if scope is None else scope.images
        if images is not None:
            traits = {"index": 0, **traits}
            traits |= {"classes": list(images.classes), "source": images.name, "size": len(images)}
        self._reading: threading.Thread | None = None
        super().__init__(scope, **traits)
        self.on_msg(self._answer)
        if scope is not None:
            scope.observe(self._read_again, names="step")
        self._arrange()

    def _let_go(self) -> None:
        if self.scope is not None:
            self.scope.unobserve(self._read_again, names="step")
        super()._let_go()

    @validate("index")
    def _check_index(self, proposal: Any) -> int | None:
        if self.stage is None and proposal.value is not None:
            _within("index", proposal.value, len(self.images), f"the images of {self.source!r}")
        return proposal.value

    @validate("only")
    def _check_only(self, proposal: Any) -> int | None:
        if proposal.value is not None:
            _within(
                "only", proposal.value, len(self.images.classes), f"the classes of {self.source!r}"
            )
        return proposal.value

    @validate("misread")
    def _check_misread(self, proposal: Any) -> bool:
        if proposal.value and (self.scope is None or self.scope.prediction is None):
            raise TraitError("misread needs a microscope over a network that scores classes")
        return proposal.value

    @observe("index")
    def _take_image(self, change: Bunch) -> None:
        if self.stage is None and change.new is not None:
            self.image = self.images.images[change.new]
            self.label = int(self.images.labels[change.new])

    @observe("only", "misread", "seed")
    def _arrange(self, _change: Bunch | None = None) -> None:
        """Works out `order`; where the network must read the whole set first, in a thread."""
        if not self.misread:
            self._put_order(None)
        elif self._reading is None or not self._reading.is_alive():
            self._reading = threading.Thread(target=self._read_set, daemon=True)
            self._reading.start()

    def _read_again(self, _change: Bunch) -> None:
        if self.misread:
            self._arrange()

    def _read_set(self) -> None:
        assert self.scope is not None
        size = len(self.images)
        try:
            predicted = self.scope.predicted(
                lambda done: self._say(f"reading {done:,} of {size:,}")
            )
        except Exception as problem:  # a thread has no other place to show it
            self.error = f"the set could not be read: {problem}"
        else:
            self._put_order(predicted != self.images.labels)
        self.progress = ""

    def _say(self, words: str) -> None:
        self.progress = words

    def _put_order(self, wanted: np.ndarray | None) -> None:
        keep = np.ones(len(self.images), bool) if wanted is None else wanted
        if self.only is not None:
            keep = keep & (self.images.labels == self.only)
        order = np.flatnonzero(keep).astype(np.uint32)
        if self.seed:
            np.random.default_rng(abs(self.seed)).shuffle(order)
        with self.hold_sync():
            self.version += 1
            self.order = order

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Sends the tiles from `start` up to `stop` of the present order."""
        start, stop, version = (content.get(key) for key in ("start", "stop", "version"))
        if not all(type(value) is int for value in (start, stop, version)):
            self.error = "a request for tiles needs start, stop and version, whole numbers"
            return
        if version != self.version:  # the page will ask again, for the order that it has by then
            return
        start = max(0, start)
        chosen = self.order[start : min(stop, start + TILES_A_MESSAGE)]
        tiles = small(self.images.images[chosen])
        reply = {"start": start, "version": version, "shape": tiles.shape}
        self.send(reply, buffers=[memoryview(tiles).cast("B")])


def small(images: np.ndarray) -> np.ndarray:
    """Images for a grid: every nth pixel, so that neither side passes 48, and 1 or 3 channels.

    images: uint8 (image, channel, row, column). Returns the same, contiguous.
    """
    stride = max(1, -(-max(images.shape[2:]) // TILE_PIXELS))
    channels = 3 if images.shape[1] >= 3 else 1
    return np.ascontiguousarray(images[:, :channels, ::stride, ::stride])


def _within(name: str, value: int, count: int, of: str) -> None:
    if not 0 <= value < count:
        raise TraitError(f"{name} (={value}) must be from 0 to {count - 1}, {of}")
