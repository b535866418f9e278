"""Drawings and pictures made into what a network was trained on."""

import math

import numpy as np

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.data.scale import border, contain, resize, strips

_FIELD = 28
_BOX = 20
# Measured: in every one of MNIST's images, the centre of mass is in [13.5, 14.5), counting rows
# and columns from 0. So it was brought to 14 by whole pixels.
_LOWEST_CENTRE = 13.5

_FAINT = 32  # of 255: less contrast than this is paper, not a drawing
_PAPER = 0.1  # of the contrast: paper is never even, and JPEG adds noise around strokes
_SAMPLE = 100


def like_mnist(ink: np.ndarray) -> np.ndarray:
    """A drawing scaled and centred as MNIST's digits were.

    ink: uint8 (row, column) of any size, bright on black.
    The box around the ink is scaled to fit 20×20 pixels with its aspect ratio kept, antialiased,
    and put into 28×28 so that its centre of mass is in the middle: row and column 14, by whole
    pixels, as in MNIST. Ink that would leave the field (very uneven shapes) is kept whole.
    Returns uint8 (28, 28); all zeros for a drawing without ink.
    Raises ValueError or TypeError if ink is not uint8 (row, column).
    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
    http://yann.lecun.com/exdb/mnist/, introduction.
    """
    if ink.dtype != np.uint8:
        raise TypeError(f"ink has dtype {ink.dtype}; convert it with as_pixels")
    if ink.ndim != 2:
        raise ValueError(f"ink has shape {ink.shape}; give (row, column)")
    field = np.zeros((_FIELD, _FIELD), np.uint8)
    box = _trimmed(ink)
    if box.size == 0:
        return field
    scale = _BOX / max(box.shape)
    height, width = (max(1, round(side * scale)) for side in box.shape)
    digit = _trimmed(resize(box, height, width))  # faint edges are rounded to nothing
    height, width = digit.shape
    top, left = _place(digit.sum(axis=1)), _place(digit.sum(axis=0))
    field[top : top + height, left : left + width] = digit
    return field


def _trimmed(ink: np.ndarray) -> np.ndarray:
    """The box around the ink of a drawing (row, column); empty without ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return ink[:0, :0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _place(mass: np.ndarray) -> int:
    """Where a digit begins along one axis, for its centre of mass to be in the middle."""
    total = int(mass.sum())
    # Ink so faint that scaling rounds it to nothing has no centre of mass: any place will do.
    centre = float(mass @ np.arange(len(mass))) / total if total else 0.0
    return min(max(0, math.ceil(_LOWEST_CENTRE - centre)), _FIELD - len(mass))


def fit(picture: np.ndarray, images: ImageSet, *, centre: bool) -> np.ndarray:
    """Any picture as an image of a set: its channels, its size, its polarity.

    picture: uint8 (row, column) or (channel, row, column) with 1 or 3 channels.
    images: the set. Grey sets get luma (ITU-R BT.601) of a coloured picture, colour sets three
        equal channels of a grey one. In grey sets, a picture is inverted if its border is light
        where the set's borders are dark, or the reverse: so black on white reads as MNIST does.
    centre: for a 28×28 grey set with dark borders, the ink is freed from its paper and treated
        by like_mnist. Otherwise the picture is scaled to fit, undistorted, amid its border.
    Returns uint8 (channel, row, column), as the set's images are.
    Raises ValueError or TypeError, in one sentence, for any other picture or set.
    """
    channels, rows, columns = images.images.shape[1:]
    pixels = with_channels(picture, channels, images.name)
    if channels > 1:
        return contain(pixels, rows, columns).copy()
    dark = _is_dark(images)
    if bool(border(pixels)[0] < 128) != dark:
        pixels = 255 - pixels
    if centre and dark and (rows, columns) == (_FIELD, _FIELD):
        return like_mnist(_ink(pixels[0]))[None]
    return contain(pixels, rows, columns).copy()


def with_channels(picture: np.ndarray, channels: int, name: str) -> np.ndarray:
    """A picture with a set's number of channels, (channel, row, column)."""
    if picture.dtype != np.uint8:
        raise TypeError(f"picture has dtype {picture.dtype}; convert it with as_pixels")
    pixels = picture[None] if picture.ndim == 2 else picture
    if pixels.ndim != 3 or pixels.size == 0 or len(pixels) not in (1, 3):
        raise ValueError(
            f"picture has shape {picture.shape}; give (row, column), or (channel, row, column) "
            "with 1 or 3 channels"
        )
    if len(pixels) == channels:
        return pixels
    if channels == 1:
        return _luma(pixels)[None]
    if channels == 3:
        return np.repeat(pixels, 3, axis=0)
    raise ValueError(
        f"{name!r} has {channels} channels, and a picture has 1 or 3; "
        "give such a set images of its own"
    )


def _luma(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[1:]
    grey = np.empty((height, width), np.uint8)
    for rows in strips(height, width):
        red, green, blue = pixels[:, rows].astype(np.uint32)
        grey[rows] = (299 * red + 587 * green + 114 * blue + 500) // 1000
    return grey


def _is_dark(images: ImageSet) -> bool:
    """Whether most images of a grey set have dark borders."""
    sample = images.images[:_SAMPLE, 0]
    edges = (sample[:, 0], sample[:, -1], sample[:, :, 0], sample[:, :, -1])
    borders = np.median(np.concatenate(edges, axis=1), axis=1)
    return bool(np.median(borders) < 128)


def _ink(grey: np.ndarray) -> np.ndarray:
    """The drawing alone, (row, column) uint8: paper becomes 0, the strongest ink 255.

    A drawing whose border is wholly black, such as a pad's, is the drawing alone already.
    """
    if not (grey[[0, -1]].any() or grey[:, [0, -1]].any()):
        return grey
    paper = int(border(grey[None])[0])
    contrast = int(grey.max()) - paper
    if contrast < _FAINT:
        return np.zeros_like(grey)
    levels = (np.arange(256) - paper) / contrast
    levels[levels < _PAPER] = 0
    return np.rint(levels.clip(0, 1) * 255).astype(np.uint8)[grey]
