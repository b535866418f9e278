"""DrawPad: a picture of one's own, drawn, uploaded, dropped or pasted."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, Enum, Int, TraitError, Tuple, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.traits import LOCK, in_words
from cnnwidgets.widgets.alone import checked_images
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Picture
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet
    from cnnwidgets.scope import Microscope

INK_PIXELS = 140
MOST_CELLS = 512  # a side: a stroke sends all the ink, and a page shows it at half that size
UPLOAD_BYTES = 10_000_000


def ink_from_wire(value: Any, pad: "DrawPad") -> np.ndarray:
    """The ink that a page sent as {shape, dtype, data}; TraitError for anything else."""
    if not isinstance(value, dict):
        raise TraitError(f"ink must be {{shape, dtype, data}}, and is a {type(value).__name__}")
    shape, data = value.get("shape"), value.get("data")
    wanted = pad.ink_shape
    known = isinstance(shape, list | tuple) and list(shape) == list(wanted)
    if not known or value.get("dtype") != "uint8":
        raise TraitError(f"ink must be uint8 {wanted}, as this pad's is")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TraitError("ink came without its pixels")
    flat = np.frombuffer(data, np.uint8)
    if flat.size != math.prod(wanted):
        raise TraitError(f"ink has {flat.size:,} pixels, and must have {math.prod(wanted):,}")
    return flat.reshape(wanted).copy()


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An image that a pad made.

    picture: what it was made from, uint8 (channel, row, column) of any size.
    origin: "drawing" or "upload".
    image: uint8 (channel, row, column), as the network gets it.
    """

    picture: np.ndarray
    origin: str
    image: np.ndarray


class DrawPad(Picture, View):
    """A pad to draw on with mouse, pen, finger or keys, and to drop or paste pictures on.

    DrawPad(scope), or alone: DrawPad(images=image_set), whose `image` can be linked. The page
    draws at once, by itself; the kernel follows with the image that the network gets. A digit
    that is picked elsewhere leaves the drawing on the pad, and the next stroke brings it back.
    Images of more than 512 pixels a side are drawn smaller, by a whole factor, and enlarged.
    """

    _esm = script("draw_pad")
    _css = style("draw_pad")
    page_writes: ClassVar[frozenset[str]] = frozenset({"ink", "centre"})

    ink = Array("uint8", axes=(3,)).tag(
        sync=True, echo_update=False, to_json=to_wire, from_json=ink_from_wire
    )
    """The drawing: uint8 (channel, row, column), 255 is full ink, about 140 pixels a side; three
    channels for sets in colour, else one."""
    centre = Bool(True).tag(sync=True)
    """Whether a picture is scaled and centred as MNIST's digits are; off, it is only resized."""
    cells = Tuple(Int(), Int(), default_value=(28, 28)).tag(sync=True)
    """Rows and columns of the cells that the keys move over: the pixels of the set's images, or
    squares of pixels where those are more than 512 a side."""
    origin = Enum(("elsewhere", "drawing", "upload"), "elsewhere").tag(sync=True)
    """What `image` is: this pad's drawing, a picture uploaded to it, or from elsewhere."""

    def __init__(
        self,
        scope: "Microscope | None" = None,
        *,
        images: "ImageSet | None" = None,
        **traits: Any,
    ):
        if (scope is None) == (images is None):
            raise TypeError("DrawPad needs a microscope or images=an ImageSet, not both")
        if scope is not None:
            self._stage_of(scope)  # refuses what is no microscope
        images = checked_images(images if scope is None else scope.images)
        self.scope, self.images = scope, images
        self._made: Made | None = None
        self._light = is_light(images)
        self._from_page = False
        channels, rows, columns = images.images.shape[1:]
        coarse = math.ceil(max(rows, columns) / MOST_CELLS)
        cells = math.ceil(rows / coarse), math.ceil(columns / coarse)
        fixed: dict[str, Any] = {"cells": cells}
        if scope is None:
            fixed |= {"classes": list(images.classes), "source": images.name, "size": len(images)}
            fixed["image"] = np.full((channels, rows, columns), 255 * self._light, np.uint8)
        fine = max(1, round(INK_PIXELS / max(cells)))
        self.ink_shape = (3 if channels == 3 else 1, cells[0] * fine, cells[1] * fine)
        fixed |= {"ink": np.zeros(self.ink_shape, np.uint8), "centre": self._can_centre()}
        super().__init__(scope, **{**fixed, **traits})
        self.observe(self._follow_ink, names="ink")
        self.on_msg(self._answer)
        if "ink" in traits:
            self._show_drawing()

    @validate("ink")
    def _check_ink(self, proposal: Any) -> np.ndarray:
        shape = None if proposal.value is None else proposal.value.shape
        if shape != self.ink_shape:
            raise TraitError(f"ink (of shape {shape}) must have the shape {self.ink_shape}")
        return proposal.value

    @validate("centre")
    def _check_centre(self, proposal: Any) -> bool:
        if proposal.value and not self._can_centre():
            size = "×".join(map(str, self.images.images.shape[1:]))
            raise TraitError(
                f"centre needs grey images of 28×28, as MNIST's are, and those of "
                f"{self.images.name!r} are {size}"
            )
        return proposal.value

    def _can_centre(self) -> bool:
        return self.images.images.shape[1:] == (1, 28, 28)

    @observe("image", "index")
    def _tell_origin(self, _change: Bunch) -> None:
        made = self._made
        mine = made is not None and self.index is None and np.array_equal(made.image, self.image)
        self.origin = made.origin if made is not None and mine else "elsewhere"

    @observe("centre")
    def _fit_again(self, _change: Bunch) -> None:
        if self._made is not None and self.origin != "elsewhere":
            self._show(self._made.picture, self._made.origin)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a page sent; its ink is looked at while the drawing is what is looked at."""
        self._from_page = True
        try:
            super().set_state(sync_data)
        finally:
            self._from_page = False

    def _follow_ink(self, _change: Bunch) -> None:
        # Ink may come late: after a digit was picked, it must not take that digit away. So a page
        # says with each stroke, by a request to draw, that it is to be looked at.
        if self.origin == "drawing" or not self._from_page:
            self._show_drawing()

    def _show_drawing(self) -> None:
        self._show(self.ink, "drawing")

    def _show(self, picture: np.ndarray, origin: str) -> None:
        """Makes a picture the image that the network gets, or leaves everything as it was."""
        before = self._made
        self._made = Made(picture, origin, self._image_of(picture, origin))
        try:
            if self.scope is None:
                self.label = self.index = None
                self.image = self._made.image
            else:
                self.scope.image = self._made.image
            self._tell_origin(Bunch())  # the same pixels, drawn or uploaded, change no image
        except Exception:
            self._made = before
            raise

    def _image_of(self, picture: np.ndarray, origin: str) -> np.ndarray:
        """A drawing or an uploaded picture as the set's images are."""
        from cnnwidgets.data.fit import fit, like_mnist
        from cnnwidgets.data.scale import resize

        if origin == "upload":
            return fit(picture, self.images, centre=self.centre)
        channels, rows, columns = self.images.images.shape[1:]
        image = like_mnist(picture[0])[None] if self.centre else resize(picture, rows, columns)
        image = np.repeat(image, channels // len(image), axis=0)
        return 255 - image if self._light else image

    def _draw_over(self) -> None:
        """Makes the pixels of the image looked at the drawing."""
        if self.image is None:
            raise ValueError("there is no image to draw over")
        self.ink = as_ink(255 - self.image if self._light else self.image, self.ink_shape)

    def _answer(self, _widget: Any, content: Any, buffers: Any) -> None:
        """Takes a request of the page: {"do": "draw" | "over"}, or "upload" with one buffer."""
        with LOCK:
            self.error = ""  # so that the same refusal, twice, is news to the page
            try:
                self._do(content.get("do") if isinstance(content, dict) else None, buffers)
            except Exception as problem:  # shown where the person looks: a page has no traceback
                self.error = in_words(problem)

    def _do(self, wanted: Any, buffers: Any) -> None:
        if wanted == "draw":
            if self.origin != "drawing":
                self._show_drawing()
        elif wanted == "over":
            self._draw_over()
        elif wanted == "upload":
            self._show(_decoded(buffers), "upload")
        else:
            raise ValueError("the pad understands the requests 'draw', 'over' and 'upload'")


def as_ink(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """An image of any size as ink of this shape, its pixels kept hard."""
    channels, rows, columns = shape
    planes = image[:channels] if len(image) >= channels else image[:1].repeat(channels, axis=0)
    row = np.arange(rows) * image.shape[1] // rows
    column = np.arange(columns) * image.shape[2] // columns
    return planes[:, row[:, None], column]


def is_light(images: "ImageSet") -> bool:
    """Whether a set is dark ink on light paper, so that drawings must be inverted for it."""
    from cnnwidgets.data.fit import fit

    if images.images.shape[1] != 1:
        return False
    blank = np.zeros((1, *images.images.shape[2:]), np.uint8)
    return bool(fit(blank, images, centre=False).all())


def _decoded(buffers: Any) -> np.ndarray:
    from cnnwidgets.data.decode import decode

    first = buffers[0] if isinstance(buffers, list | tuple) and len(buffers) == 1 else None
    if not isinstance(first, bytes | bytearray | memoryview):
        raise ValueError("an upload needs the bytes of one picture")
    size = memoryview(first).nbytes
    if size > UPLOAD_BYTES:
        raise ValueError(
            f"the picture has {size / 1e6:.1f} MB, and may have {UPLOAD_BYTES / 1e6:.0f} MB; "
            "make it smaller first"
        )
    return decode(bytes(first))
