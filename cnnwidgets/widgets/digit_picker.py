"""DigitPicker: which image goes in."""

import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, TraitError, Unicode, observe, validate

from cnnwidgets.arrays import Array, buffer, to_wire
from cnnwidgets.data import ImageSet
from cnnwidgets.pulse import aside
from cnnwidgets.traits import LOCK, Whole, forget, in_words, within
from cnnwidgets.widgets.alone import checked_images
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Picture, Scores
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

FOLLOWED = ("step", "edits")
TILE_PIXELS = 48
TILES_A_MESSAGE = 2048
SEEDS = 2**32
CALM_S = 0.5  # without another step or edit, before the set is read for the new one


class DigitPicker(Picture, Scores, View):
    """A grid of the set's images to click and to arrow through, filtered, shuffled, or by number.

    DigitPicker(scope), or alone: DigitPicker(images=image_set). A page asks for the tiles that
    it shows, so that a set of any size scrolls at once. As a figure:
    cnnwidgets.figures.samples(image_set).
    """

    _esm = script("digit_picker")
    _css = style("digit_picker")
    page_writes: ClassVar[frozenset[str]] = frozenset({"index", "only", "misread", "seed"})

    only = Whole(None, allow_none=True).tag(sync=True)
    """Show this class alone, by its number; None shows all."""
    misread = Bool(False).tag(sync=True)
    """Show only images that the network gets wrong; needs a microscope."""
    seed = Whole(0).tag(sync=True)
    """0 keeps the order of the set; any other number shuffles, the same number the same way."""
    order = Array("uint32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """The images shown, by index, in the order of the grid."""
    version = Whole(0).tag(sync=True)
    """Counts the changes of `order`, so that tiles of an older one are told apart."""
    progress = Unicode().tag(sync=True)
    """What is being worked out, in words; empty when nothing is."""

    def __init__(
        self,
        scope: "Microscope | None" = None,
        *,
        images: ImageSet | None = None,
        **traits: Any,
    ):
        if (scope is None) == (images is None):
            raise TypeError("DigitPicker needs a microscope or images=an ImageSet, and one of them")
        if images is not None:
            images = checked_images(images)
            traits = {"index": 0, **traits}
            traits |= {"classes": list(images.classes), "source": images.name, "size": len(images)}
        self._given = images
        self._reader: threading.Thread | None = None
        self._outdated = False
        self._calm_from_s = 0.0  # of time.monotonic
        super().__init__(scope, **traits)
        self.on_msg(self._answer)
        if scope is not None:
            scope.observe(self._read_again, names=FOLLOWED)
        self._arrange()

    @property
    def images(self) -> ImageSet:
        """The images to choose from."""
        if self.scope is not None:
            return self.scope.images
        assert self._given is not None
        return self._given

    def _let_go(self) -> None:
        if self.scope is not None:
            forget(self.scope, self._read_again, FOLLOWED)
        super()._let_go()

    @validate("index")
    def _check_index(self, proposal: Any) -> int | None:
        if self.stage is None and proposal.value is not None:
            within("index", proposal.value, len(self.images), f"images of {self.images.name!r}")
        return proposal.value

    @validate("only")
    def _check_only(self, proposal: Any) -> int | None:
        if proposal.value is not None:
            images = self.images
            within("only", proposal.value, len(images.classes), f"classes of {images.name!r}")
        return proposal.value

    @validate("misread")
    def _check_misread(self, proposal: Any) -> bool:
        if proposal.value and (self.scope is None or self.scope.prediction is None):
            raise TraitError("misread needs a microscope over a network that scores classes")
        return proposal.value

    @validate("seed")
    def _check_seed(self, proposal: Any) -> int:
        within("seed", proposal.value, SEEDS, "orders there are")
        return proposal.value

    @observe("index")
    def _take_image(self, _change: Bunch) -> None:
        if self.stage is None and self.index is not None:
            with self.hold_sync():
                self.image = self.images.images[self.index]
                self.label = int(self.images.labels[self.index])

    @observe("only", "misread", "seed")
    def _arrange(self, _change: Bunch | None = None) -> None:
        """Works out `order`; where the network must read the whole set first, in a thread."""
        with LOCK:
            self._outdated = self.misread
            if not self.misread:
                self._put_order(np.ones(len(self.images), dtype=bool))
            elif self._reader is None:
                self._reader = aside("reading", self._read_set)

    def _read_again(self, _change: Bunch) -> None:
        """Has the set read for another network, but not for each of a training that plays."""
        if self.misread:
            with LOCK:
                self._calm_from_s = time.monotonic() + CALM_S
                self.progress = "waits until the network stays the same"
                self._arrange()

    def _read_set(self) -> None:
        """Reads the set for as long as there is a request that came after the last reading."""
        assert self.scope is not None
        while True:
            while (left_s := self._calm_from_s - time.monotonic()) > 0:
                time.sleep(left_s)
            with LOCK:
                if not self._outdated or self.comm is None:
                    self._reader = None
                    self.progress = ""
                    return
                self._outdated = False
            try:
                wrong = self.scope.predicted(self._read_so_far) != self.images.labels
                with LOCK:
                    if self.misread and not self._outdated:
                        self._put_order(wrong)
            except _NotWantedError:
                continue
            except Exception as problem:  # a thread has no other place to show it
                self.error = f"the set could not be read: {in_words(problem)}"

    def _read_so_far(self, done: int) -> None:
        with LOCK:
            changed = time.monotonic() < self._calm_from_s
            if not self.misread or changed or self.comm is None:
                raise _NotWantedError
            self.progress = f"reading {done:,} of {len(self.images):,}"

    def _put_order(self, keep: np.ndarray) -> None:
        if self.only is not None:
            keep = keep & (self.images.labels == self.only)
        order = np.flatnonzero(keep).astype(np.uint32)
        if self.seed:
            np.random.default_rng(self.seed).shuffle(order)
        with self.hold_sync():
            self.version += 1
            self.order = order

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Sends the tiles from `start` up to `stop` of the present order."""
        asked = content if isinstance(content, dict) else {}
        start, stop, version = (asked.get(key) for key in ("start", "stop", "version"))
        if type(start) is not int or type(stop) is not int or type(version) is not int:
            self.error = "a request for tiles needs start, stop and version, whole numbers"
            return
        with LOCK:
            if version != self.version:  # the page asks again, for the order that it has by then
                return
            start = max(0, start)
            chosen = self.order[start : max(start, min(stop, start + TILES_A_MESSAGE))]
            tiles = small(self.images.images[chosen])
            reply = {"start": start, "version": version, "shape": tiles.shape}
            self.send(reply, buffers=[buffer(tiles)])


class _NotWantedError(Exception):
    """Ends a reading of the set that nobody waits for."""


def small(images: np.ndarray) -> np.ndarray:
    """Images for a grid: every nth pixel, so that neither side passes 48, and 1 or 3 channels.

    images: uint8 (image, channel, row, column). Returns the same, contiguous.
    """
    stride = max(1, -(-max(images.shape[2:]) // TILE_PIXELS))
    channels = 3 if images.shape[1] >= 3 else 1
    return np.ascontiguousarray(images[:, :channels, ::stride, ::stride])
