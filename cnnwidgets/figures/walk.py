"""One image on its way through every layer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np

from cnnwidgets.figures.grids import BAR, moment_of, picture_of
from cnnwidgets.figures.rows import NAME_LETTERS
from cnnwidgets.figures.scores import named, percent, reads
from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, by, clipped, number

if TYPE_CHECKING:
    from cnnwidgets.network.layers import Layer
    from cnnwidgets.scope import Microscope

MOST_ACROSS, MOST_LAYERS = 16, 32  # two pages; each map takes some milliseconds
LABEL_ROOM, SCALE_ROOM, GAP, ROW_GAP = 1.0, 0.55, 0.03, 0.13  # inches
TALLEST, SHORTEST = 0.55, 0.3
BARS = 0.6
LABEL_LETTERS, NAME_ROOM = 20, 13  # in a line of small letters, and of bold ones
LETTER = 0.07  # inches: of a class's name


def image_through_layers(scope: "Microscope", layers: Sequence[str] | None = None) -> Sheet:
    """The microscope's image, a row for each layer it goes through, and the prediction.

    layers: the names of those to draw; by default all, and of more than 32 as many, at even
        distances from the first to the last.
    Each row has its own colour scale. Of a layer with many channels the first 16 are shown.
    Raises LayerError for a layer that is not there.
    """
    entries = _spread(scope.layers) if layers is None else [*map(scope.run.layer, layers)]
    rows = [(layer, scope.maps(layer.name)) for layer in entries]
    heights = [_height(maps) for _, maps in rows]
    read = scope.prediction
    total = TALLEST + ROW_GAP + sum(heights) + ROW_GAP * len(heights)
    total += BARS + 0.3 if read is not None else 0
    with style.settings():
        sheet = Sheet(
            total, "One picture, layer by layer", _line(scope, len(rows)), _alt(scope, entries)
        )
        _label(sheet, 0, "input", by(scope.image.shape))
        wide = TALLEST * scope.image.shape[2] / scope.image.shape[1]
        sheet.photograph(sheet.place(MARGIN + LABEL_ROOM, 0, wide, TALLEST), scope.image)
        top = TALLEST + ROW_GAP
        for (layer, maps), height in zip(rows, heights, strict=True):
            _row(sheet, top, height, layer, maps)
            top += height + ROW_GAP
        if read is not None:
            _probabilities(sheet, top, read.probabilities, scope.images.classes)
    return sheet


def _spread(layers: "Sequence[Layer]") -> "list[Layer]":
    """All of the layers, or as many as are drawn, at even distances."""
    count = min(len(layers), MOST_LAYERS)
    return [layers[at] for at in np.linspace(0, len(layers) - 1, count).round().astype(int)]


def _row(sheet: Sheet, top: float, height: float, layer: "Layer", maps: np.ndarray) -> None:
    scale = style.Scale(maps)
    shape = by(maps.shape)
    if maps.ndim == 3 and len(maps) > MOST_ACROSS:
        shape = f"{MOST_ACROSS} of {shape}"
    name = layer.name if len(layer.name) <= NAME_ROOM else f"…{layer.name[1 - NAME_ROOM :]}"
    _label(sheet, top, name, shape, layer.detail)  # the end of a path tells it from the others
    left = MARGIN + LABEL_ROOM
    if maps.ndim == 1:
        room = WIDTH - left - SCALE_ROOM - MARGIN
        sheet.picture(sheet.place(left, top, room, height), maps[None], scale)
    else:
        wide = height * maps.shape[2] / maps.shape[1]
        for place, values in enumerate(maps[:MOST_ACROSS]):
            axes = sheet.place(left + place * (wide + GAP), top, wide, height)
            sheet.picture(axes, values, scale)
    bar = sheet.place(WIDTH - MARGIN - SCALE_ROOM + 0.05, top, BAR, height)
    sheet.scale_bar(bar, scale, "")
    bar.set_yticks(
        [scale.norm.vmin or 0.0, scale.size],
        labels=[number(scale.norm.vmin or 0.0), number(scale.size)],
    )
    low, high = bar.get_yticklabels()
    low.set(verticalalignment="bottom", fontsize=5.5)
    high.set(verticalalignment="top", fontsize=5.5)


def _label(sheet: Sheet, top: float, *lines: str) -> None:
    place = sheet.place(MARGIN, top, LABEL_ROOM, 0.4)
    place.set_axis_off()
    place.text(0, 1, lines[0], va="top", fontweight="bold", transform=place.transAxes)
    rest = "\n".join(clipped(line, LABEL_LETTERS) for line in lines[1:])
    small: dict[str, Any] = {"fontsize": 6, "color": style.QUIET, "linespacing": 1.25}
    place.text(0, 0.67, rest, va="top", transform=place.transAxes, **small)


def _probabilities(sheet: Sheet, top: float, values: np.ndarray, classes: tuple[str, ...]) -> None:
    _label(sheet, top, "prediction", "probability of", "each class")
    left = MARGIN + LABEL_ROOM
    room = WIDTH - left - SCALE_ROOM - MARGIN
    axes = sheet.place(left, top + 0.05, room, BARS)
    names = named(classes, len(values))
    bars = axes.bar(range(len(values)), values, width=0.7, color=style.TRAIN_COLOUR)
    best = int(np.argmax(values))
    axes.bar_label(bars, [percent(v) if i == best else "" for i, v in enumerate(values)], padding=1)
    axes.set(ylim=(0, 1.25), yticks=[0, 1], yticklabels=["0", "1"])
    places = range(len(values)) if len(values) <= 20 else [best]
    letters = min(NAME_LETTERS, int(room / len(places) / LETTER))
    texts = [clipped(names[place], letters) for place in places]
    axes.set_xticks(list(places), labels=texts, parse_math=False)
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.spines[["top", "right"]].set_visible(False)


def _height(maps: np.ndarray) -> float:
    """How tall a layer's pictures are, so that they fit beside each other."""
    if maps.ndim == 1:
        return SHORTEST
    shown = min(len(maps), MOST_ACROSS)
    room = WIDTH - 2 * MARGIN - LABEL_ROOM - SCALE_ROOM
    wide = (room - (shown - 1) * GAP) / shown
    return min(TALLEST, wide * maps.shape[1] / maps.shape[2])


def _line(scope: "Microscope", count: int) -> str:
    whole = len(scope.layers)
    shown = f"{count} of {whole:,} layers" if count < whole else ""
    parts = (picture_of(scope), moment_of(scope), shown, "a scale a layer (activation, no unit)")
    return "; ".join(part for part in parts if part)


def _alt(scope: "Microscope", layers: "Sequence[Layer]") -> str:
    rows = ", ".join(f"{layer.name} {by(layer.shape or ())}" for layer in layers)
    text = f"A row of maps for each of {len(layers)} layers of {scope.name}"
    text = f"{text}, for {picture_of(scope)}: {rows}."
    if scope.prediction is None:
        return text
    values = scope.prediction.probabilities
    return f"{text} The network reads {reads(values, named(scope.images.classes, len(values)))}."
