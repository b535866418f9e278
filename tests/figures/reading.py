"""Reads the numbers of a figure back from its pixels."""

from io import BytesIO

import numpy as np
from matplotlib.text import Text
from PIL import Image

from cnnwidgets.figures.style import Scale


def drawn(sheet):
    """A figure's pixels as it is saved: (row, column, red green blue), from the top."""
    picture = sheet._repr_mimebundle_()[0]["image/png"]
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB"))


def cells(pixels, axes, shape):
    """The colour in the upper left quarter of each cell of an image, beside any dot."""
    box = axes.get_window_extent()
    rows, columns = shape
    x = box.x0 + (np.arange(columns) + 0.25) * box.width / columns
    y = len(pixels) - box.y1 + (np.arange(rows) + 0.25) * box.height / rows
    return pixels[y.astype(int)[:, None], x.astype(int)[None]]


def expected(values, scale):
    return np.round(scale.colours(scale.norm(values))[..., :3] * 255)


def shows(sheet, axes, arrays):
    """Asserts that each of axes shows its array, on the one scale of all."""
    scale, pixels = Scale(np.asarray(arrays)), drawn(sheet)
    for axis, values in zip(axes, arrays, strict=True):
        found = cells(pixels, axis, values.shape).astype(float)
        # One step of 257 colours is up to 3 of 255 in a channel of the diverging map.
        assert np.abs(found - expected(values, scale)).max() <= 3


def written(sheet):
    """Every text of a figure."""
    texts = [*sheet.texts, *(text for axes in sheet.axes for text in axes.texts)]
    return {text.get_text() for text in texts}


def fits(sheet):
    """Asserts that every text of a figure can be read: on the page, in letters of 5 points."""
    drawn(sheet)
    width, height = sheet.bbox.size
    for text in sheet.findobj(Text):
        if text.get_visible() and text.get_text():
            box = text.get_window_extent()
            inside = box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2
            assert inside, f"{text.get_text()!r} leaves the page"
            assert text.get_fontsize() >= 5, text.get_text()
