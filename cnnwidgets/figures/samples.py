"""The first pictures of a set, with their labels."""

from typing import TYPE_CHECKING

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib
from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, by, clipped

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet

ACROSS = 8
GAP, LABEL = 0.07, 0.16  # inches
LETTERS = 13  # above a picture


def samples(images: "ImageSet", count: int = 16) -> Sheet:
    """The first `count` pictures of a set, each with its label above it.

    Raises ValueError if count is below 1.
    """
    if count < 1:
        raise ValueError(f"count (={count}) must be at least 1")
    pictures, labels = images.images[:count], images.labels[:count]
    side = (WIDTH - 2 * MARGIN - (ACROSS - 1) * GAP) / ACROSS
    high = side * pictures.shape[2] / pictures.shape[3]
    down = -(-len(pictures) // ACROSS)
    said = ", ".join(images.classes[label] for label in labels)
    alt = f"The first {len(pictures)} pictures of {images.name}, labelled {said}."
    title = f"{images.name}: the first {len(pictures)} pictures"
    line = f"{by(pictures.shape[1:])} grey values each; above each its label"
    if pictures.shape[1] > 1:
        line = f"{by(pictures.shape[1:])} values each; above each its label"
    with style.settings():
        sheet = Sheet(down * (high + LABEL) + (down - 1) * GAP, title, line, alt)
        for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            x = MARGIN + (place % ACROSS) * (side + GAP)
            y = LABEL + (place // ACROSS) * (high + LABEL + GAP)
            axes = sheet.place(x, y, side, high)
            name = clipped(images.classes[label], LETTERS)
            axes.set_title(name, pad=2, loc="left", parse_math=False)
            sheet.photograph(axes, picture)
    return sheet
