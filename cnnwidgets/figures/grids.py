"""Filters and feature maps of one layer, as grids of small pictures."""

from typing import TYPE_CHECKING

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np

from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, by, number

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

MOST = 64  # pictures in a grid
MOST_UNITS = 1024  # bars, which paper can still tell apart
MOST_FILTERS, MOST_INPUTS = 32, 16  # rows and columns of a layer's kernels
GAP, LABEL = 0.07, 0.15  # inches between the pictures, and for the number above each
BAR, BAR_ROOM = 0.11, 0.78  # inches
WEIGHT, ACTIVATION = "weight (no unit)", "activation (no unit)"


def filters(scope: "Microscope", layer: str | None = None) -> Sheet:
    """The filters that make a layer's maps (the selected one's), on one colour scale.

    Those of a layer with several input channels stand in rows, a column for each input channel.
    Raises ValueError if there is no such layer, or if it has no filters.
    """
    layer = known_layer(scope, layer)
    found = scope.kernels(layer)
    if found is None:
        kind = scope.run.layer(layer).kind
        why = ": its weights cannot be laid out as maps" if kind == "Linear" else ""
        raise ValueError(
            f"layer {layer!r} ({kind}) has no filters{why};"
            " a Conv2d has, or a Linear that reads a layer's maps"
        )
    count, inputs = found.weights.shape[:2]
    shape = by(found.weights.shape[2:])
    scale = style.Scale(found.weights)
    each = f"{inputs}×{shape}" if inputs > 1 else shape
    title = f"{found.layer}: {words(count, 'filter')} of {each}"
    alt = (
        f"The {words(count, 'filter')} of layer {found.layer}, {each} weights each, from "
        f"{number(float(found.weights.min()))} to {number(float(found.weights.max()))}. "
        "Blue with dots is below zero, white is zero, orange is above zero."
    )
    weights = found.weights[:MOST_FILTERS, :MOST_INPUTS]
    if inputs == 1:
        line = _line(scope, scale, len(weights), count, "weights")
        return _grid(weights[:, 0], scale, title, line, alt, WEIGHT)
    source = found.inputs or "input"
    rows = f"rows are filters, columns the channels of {source}"
    parts = (moment_of(scope), rows, _dots_mean(scale, "weights"))
    return _rows(weights, scale, title, "; ".join(part for part in parts if part), alt)


def feature_maps(scope: "Microscope", layer: str | None = None) -> Sheet:
    """The feature maps of a layer (the selected one) for the microscope's image, on one scale.

    A layer that gives a vector is drawn as bars, one for each unit.
    Raises ValueError if there is no such layer.
    """
    layer = known_layer(scope, layer)
    maps = scope.maps(layer)
    if maps.ndim == 1:
        return _bars(scope, layer, maps)
    scale = style.Scale(maps)
    title, alt = _of_maps(scope, layer, maps, scale)
    line = _line(scope, scale, min(len(maps), MOST), len(maps), "values")
    return _grid(maps[:MOST], scale, title, line, alt, ACTIVATION)


def image_and_maps(scope: "Microscope", layer: str | None = None) -> Sheet:
    """The microscope's image, and beside it the feature maps of a layer (the selected one).

    Raises ValueError if there is no such layer, or if it gives no maps.
    """
    layer = known_layer(scope, layer)
    maps = scope.maps(layer)
    if maps.ndim == 1:
        raise ValueError(f"layer {layer!r} gives a vector, not maps; choose a layer before it")
    scale = style.Scale(maps)
    _, alt = _of_maps(scope, layer, maps, scale)
    line = _line(scope, scale, min(len(maps), MOST), len(maps), "values")
    return _grid(
        maps[:MOST],
        scale,
        f"The input, and what {layer} makes of it",
        line,
        f"At the left the input, {picture_of(scope)}. At the right: {alt}",
        ACTIVATION,
        scope.image,
    )


def known_layer(scope: "Microscope", layer: str | None) -> str:
    """The layer's name, or the selected one. Raises ValueError if the run has no such layer."""
    name = scope.layer if layer is None else layer
    try:
        _ = scope.run[name]
    except LookupError as problem:
        raise ValueError(str(problem)) from problem
    return name


def picture_of(scope: "Microscope") -> str:
    """The image in words: "picture 0 of MNIST test, labelled 7"."""
    named = "a picture"
    if scope.index is not None:
        named = f"picture {scope.index:,} of {scope.images.name}"
    return (
        named if scope.label is None else f"{named}, labelled {scope.images.classes[scope.label]}"
    )


def moment_of(scope: "Microscope") -> str:
    """The recorded step looked at and what was changed, in words; empty if there is neither."""
    step = [] if scope.step is None else [f"step {scope.step:,}"]
    changed = [f"with {words(len(scope.edits), 'edit')}"] if scope.edits else []
    return ", ".join(step + changed)


def words(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _of_maps(
    scope: "Microscope", layer: str, maps: np.ndarray, scale: style.Scale
) -> tuple[str, str]:
    many, shape = words(len(maps), "feature map"), by(maps.shape[1:])
    sides = "Blue with dots is below zero, white is zero, orange is above zero."
    alt = (
        f"The {many} of layer {layer}, {shape} values each, for {picture_of(scope)}; from "
        f"{number(float(maps.min()))} to {number(float(maps.max()))}. "
        + (sides if scale.signed else "Dark is zero, bright is large.")
    )
    return f"{layer}: {many} of {shape}", alt


def _line(scope: "Microscope", scale: style.Scale, shown: int, count: int, noun: str) -> str:
    """The line under the title: what is seen of what, and how to read it."""
    parts = [moment_of(scope)] if noun == "weights" else [picture_of(scope), moment_of(scope)]
    if shown < count:
        parts.append(f"the first {shown} of {count:,}")
    parts.append("one scale for all" if not scale.signed else _dots_mean(scale, noun))
    if scale.missing:
        parts.append(f"hatched: {words(scale.missing, 'value')} not finite")
    return "; ".join(part for part in parts if part)


def _dots_mean(scale: style.Scale, noun: str) -> str:
    return f"dots mark {noun} below zero" if scale.signed else "one scale for all"


def _grid(
    pictures: np.ndarray,
    scale: style.Scale,
    title: str,
    line: str,
    alt: str,
    unit: str,
    image: np.ndarray | None = None,
) -> Sheet:
    """Pictures (picture, row, column), numbered, with their scale; an image at the left of them."""
    count, rows, columns = pictures.shape
    across = min(count, 4) if count <= 8 else 8
    down = -(-count // across)
    left = MARGIN if image is None else MARGIN + 1.9
    room = WIDTH - left - BAR_ROOM - MARGIN
    side = min((room - (across - 1) * GAP) / across, 1.6 if image is not None else 1.35)
    high = side * rows / columns
    height = down * (high + LABEL) + (down - 1) * GAP
    sheet = _sheet(max(height, 1.78 if image is not None else 1.0), title, line, alt)
    with style.settings():
        if image is not None:
            tall = 1.6 * image.shape[1] / image.shape[2]
            axes = sheet.place(MARGIN, LABEL, 1.6, tall)
            axes.set_title("input", pad=2, loc="left")
            sheet.photograph(axes, image)
        for place, picture in enumerate(pictures):
            x = left + (place % across) * (side + GAP)
            y = LABEL + (place // across) * (high + LABEL + GAP)
            axes = sheet.place(x, y, side, high)
            axes.set_title(str(place), pad=2, loc="left")
            sheet.picture(axes, picture, scale)
        bar = left + across * side + (across - 1) * GAP + 0.12
        sheet.scale_bar(sheet.place(bar, LABEL, BAR, min(height - LABEL, 1.8)), scale, unit)
    return sheet


def _rows(weights: np.ndarray, scale: style.Scale, title: str, line: str, alt: str) -> Sheet:
    """Kernels (filter, input channel, row, column), a row for each filter."""
    count, inputs, rows, columns = weights.shape
    left, gap = MARGIN + 0.22, 0.04
    room = WIDTH - left - BAR_ROOM - MARGIN
    side = min((room - (inputs - 1) * gap) / inputs, 0.45)
    high = side * rows / columns
    sheet = _sheet(LABEL + count * (high + gap), title, line, alt)
    with style.settings():
        for filter_, kernels in enumerate(weights):
            for channel, kernel in enumerate(kernels):
                axes = sheet.place(
                    left + channel * (side + gap), LABEL + filter_ * (high + gap), side, high
                )
                sheet.picture(axes, kernel, scale)
                if filter_ == 0:
                    axes.set_title(str(channel), pad=2)
                if channel == 0:
                    axes.set_ylabel(str(filter_), rotation=0, ha="right", va="center", labelpad=3)
        bar = sheet.place(left + inputs * (side + gap) + 0.1, LABEL, BAR, 1.8)
        sheet.scale_bar(bar, scale, WEIGHT)
    return sheet


def _bars(scope: "Microscope", layer: str, values: np.ndarray) -> Sheet:
    """A layer's units as bars."""
    many = words(len(values), "unit")
    alt = (
        f"The {many} of layer {layer} for {picture_of(scope)}: the largest is unit "
        f"{int(np.argmax(values))}, with {number(float(values.max()))}."
    )
    line, count = picture_of(scope), len(values)
    values = values[:MOST_UNITS]
    if len(values) < count:
        line += f"; the first {len(values):,} of {count:,}"
    sheet = _sheet(1.9, f"{layer}: {many}", line, alt)
    with style.settings():
        axes = sheet.place(0.6, 0.05, WIDTH - 0.75, 1.5)
        axes.bar(range(len(values)), values, color=style.TRAIN_COLOUR, width=0.8)
        axes.axhline(0, color=style.INK, linewidth=0.6)
        axes.set(xlabel="unit", ylabel=ACTIVATION, xlim=(-0.6, len(values) - 0.4))
        if len(values) <= 20:
            axes.set_xticks(range(len(values)))
        axes.spines[["top", "right"]].set_visible(False)
    return sheet


def _sheet(height: float, title: str, line: str, alt: str) -> Sheet:
    with style.settings():
        return Sheet(height, title, line, alt)
