"""What differs between two states of a network: of two runs, or before and after a step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np

from cnnwidgets.figures.grids import ACTIVATION, WEIGHT, words
from cnnwidgets.figures.rows import PALE, Bars, Column, bar_rows, rows_height
from cnnwidgets.figures.scores import likeliest, named, percent, points, reads
from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, by, clipped, number

if TYPE_CHECKING:
    from cnnwidgets.network.compare import Comparison, LayerChange
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession

# Inches.
HEADING, BAR, BELOW = 0.18, 0.07, 0.46  # above a picture; its scale, and all that is below it
NARROWEST, WIDEST = 0.9, 2.0  # a scale
GAP, TALLEST, STRIP = 0.3, 2.2, 0.28
MOST = 5  # channels named
NAME_LETTERS, LETTER = 24, 0.056  # and inches for one

Place = tuple[float, float, float, float]
"""From the left, from the title downwards, width and height, in inches."""


def comparison(
    found: "Comparison",
    layer: str,
    channel: int | None = None,
    *,
    classes: Sequence[str] | None = None,
    names: tuple[str, str] = ("before", "after"),
) -> Sheet:
    """A channel in two runs side by side, how they differ, and what became of the prediction.

    found: what `cnnwidgets.compare` tells of two runs. layer: its name.
    channel: None takes the one that differs most. Of a vector all units are drawn.
    classes: their names, such as `scope.images.classes`. names: of the two runs.
    Raises ValueError if there is no such layer in both runs, or no such channel.
    """
    try:
        change = found[layer]
    except KeyError as problem:
        raise ValueError(problem.args[0]) from problem
    vector = change.difference.ndim == 1
    at = None if vector and channel is None else _channel(change, channel)
    which = layer if at is None else f"{layer}, channel {at}"
    pictures = [
        values[None] if at is None else values[at]
        for values in (change.before, change.after, change.difference)
    ]
    one, other = (clipped(name, NAME_LETTERS) for name in names)
    headings = (one, other, f"{other} − {one}")
    places, height = _stacked() if vector else _beside(pictures[0].shape)
    rows = _rows(found, classes, (one, other))
    below = height + 0.1
    height = height if rows is None else below + rows_height(len(rows[0]))
    both = style.Scale(np.stack(pictures[:2]))
    scales = (both, both, style.Scale(pictures[2], signed=True))
    units = (f"{ACTIVATION}, both", "", "difference (no unit)")
    with style.settings():
        title = f"{which}: {one}, {other} and the difference"
        alt = _alt(found, which, headings, pictures[2], classes)
        sheet = Sheet(height, title, _most_changed(change) + _hatched(scales), alt)
        for place, heading, values, scale, unit in zip(
            places, headings, pictures, scales, units, strict=True
        ):
            _panel(sheet, place, heading, values, scale, unit)
        if rows is not None:
            unit = f"probability (above: {one}, below: {other}{_part(found, rows[0])})"
            room = MARGIN, below, WIDTH - 2 * MARGIN
            bar_rows(sheet, room, *rows, (0, 1), unit).set_xticks([0, 0.5, 1])
    return sheet


def slow_step(session: "TrainingSession", scope: "Microscope", input: int = 0) -> Sheet:
    """What the session's last step did to one kernel: weights, gradient, change, new weights.

    The kernel is that of the microscope's layer and channel, for one input channel of the filter.
    Raises ValueError if the layer has no kernels, or no step was taken phase by phase to its end.
    """
    slow, kernels = session.slow, scope.kernels()
    if kernels is None:
        raise ValueError(f"layer {scope.layer!r} has no kernels; choose a convolution")
    if slow is None or slow.loss_nats is None or not slow.updated:
        raise ValueError("no step is done phase by phase; call session.phase() up to the update")
    name = f"{kernels.layer}.weight"
    if name not in slow.gradients:
        raise ValueError(
            f"the session trains no layer {kernels.layer!r}; look at its own model, at a layer "
            "that is not frozen"
        )
    count = kernels.weights.shape[1]
    if not 0 <= input < count:
        raise ValueError(f"input (={input}) must be from 0 to {count - 1}, the filter's inputs")
    before, gradient, after = (
        tensors[name].float().numpy().reshape(kernels.weights.shape)[scope.channel, input]
        for tensors in (slow.weights, slow.gradients, slow.updated)
    )
    change = after - before
    place = f"{kernels.layer}, filter {scope.channel}, input channel {input}"
    weights = style.Scale(np.stack([before, after]), signed=True)
    slope, moved = style.Scale(gradient, signed=True), style.Scale(change, signed=True)
    panels = (
        ("weights w", before, weights, WEIGHT),
        ("gradient g = ∂loss ∕ ∂w", gradient, slope, "nats per weight"),
        ("change Δ = w′ − w", change, moved, WEIGHT),
        ("new weights w′", after, weights, WEIGHT),
    )
    places, height = _beside(before.shape, len(panels))
    optimizer = session.settings.optimizer
    rate, loss = number(slow.learning_rate), number(slow.loss_nats)
    line = f"{optimizer}, learning rate {rate}, loss {loss} nats"
    line += _hatched([weights, slope, moved])
    largest = number(float(np.abs(change).max()))
    alt = (
        f"Step {slow.step:,} for the kernel of {place}, as four grids of {by(before.shape)}: its "
        f"weights, their gradient, the change, at most {largest}, and the new weights. "
        "Blue is below zero, white is zero, orange is above zero."
    )
    with style.settings():
        sheet = Sheet(height, f"Step {slow.step:,}: {place}", line, alt)
        for at, (heading, values, scale, unit) in zip(places, panels, strict=True):
            _panel(sheet, at, heading, values, scale, unit)
    return sheet


def _channel(change: "LayerChange", channel: int | None) -> int:
    """A channel that there is; the one that differs most, if none is named."""
    count = len(change.difference)
    if change.difference.ndim == 1:
        raise ValueError(f"layer {change.name!r} gives a vector, drawn whole; leave channel out")
    if channel is None:
        return int(np.argmax(_sizes(change)))
    if not 0 <= channel < count:
        raise ValueError(
            f"channel (={channel}) must be from 0 to {count - 1}, the channels of {change.name!r}"
        )
    return channel


def _sizes(change: "LayerChange") -> np.ndarray:
    """The largest difference in each channel; infinite where one is no number."""
    flat = np.abs(change.difference).reshape(len(change.difference), -1)
    return np.nan_to_num(flat.max(1), nan=np.inf)


def _most_changed(change: "LayerChange") -> str:
    """The channels that differ most, in words."""
    sizes, noun = _sizes(change), "unit" if change.difference.ndim == 1 else "channel"
    order = [at for at in np.argsort(-sizes, kind="stable")[:MOST] if sizes[at]]
    if not order:
        return f"no {noun} of this layer differs"
    most = ", ".join(f"{at} ({number(float(sizes[at]))})" for at in order)
    return f"{np.count_nonzero(sizes):,} of {words(len(sizes), noun)} differ, most of all {most}"


def _hatched(scales: Sequence[style.Scale]) -> str:
    """What the hatching means, where there is some."""
    return "; hatched: not finite" if any(scale.missing for scale in scales) else ""


def _beside(shape: tuple[int, ...], count: int = 3) -> tuple[list[Place], float]:
    """Where so many pictures stand in a row, and how tall they are with their scales."""
    rows, columns = shape
    slot = (WIDTH - 2 * MARGIN - (count - 1) * GAP) / count
    high = max(min(slot * rows / columns, TALLEST), 0.1)
    wide = min(slot, high * columns / rows)
    places = [(MARGIN + at * (slot + GAP), HEADING, wide, high) for at in range(count)]
    return places, HEADING + high + BELOW


def _stacked() -> tuple[list[Place], float]:
    """Where three strips stand, one below the other, of which the second has no scale."""
    tops = (HEADING, 2 * HEADING + STRIP + BELOW, 3 * HEADING + 2 * STRIP + BELOW + 0.08)
    wide = WIDTH - 2 * MARGIN
    return [(MARGIN, top, wide, STRIP) for top in tops], tops[-1] + STRIP + BELOW


def _panel(
    sheet: Sheet, place: Place, heading: str, values: np.ndarray, scale: style.Scale, unit: str
) -> None:
    """Values (row, column) with a heading, and their scale below if a unit is given."""
    left, top, wide, high = place
    axes = sheet.place(left, top, wide, high)
    sheet.picture(axes, values, scale, values[None])
    sheet.say(left, top - 0.04, clipped(heading, int(wide / LETTER)), va="bottom")
    if unit:
        bar = sheet.place(left, top + high + 0.06, min(max(wide, NARROWEST), WIDEST), BAR)
        sheet.scale_bar(bar, scale, unit, lying=True)


def _rows(
    found: "Comparison", classes: Sequence[str] | None, names: tuple[str, str]
) -> tuple[Sequence[str], Sequence[Bars], Sequence[Column]] | None:
    """The probabilities of the classes in both runs, as rows of two bars; None without any."""
    if found.before is None or found.after is None:
        return None
    before, after = found.before.probabilities, found.after.probabilities
    shown = likeliest(np.fmax(before, after))
    every = named(classes, len(before))
    bars = [(before[shown], PALE), (after[shown], style.TRAIN_COLOUR)]
    columns: list[Column] = [
        (clipped(name, 13), 0.85, [percent(value) for value in values[shown]])
        for name, values in zip(names, (before, after), strict=True)
    ]
    columns.append(("change (points)", 0.95, [points(value) for value in (after - before)[shown]]))
    return [every[at] for at in shown], bars, columns


def _part(found: "Comparison", shown: Sequence[str]) -> str:
    """How many of the classes are shown, where it is not all."""
    count = 0 if found.before is None else len(found.before.probabilities)
    return f"; {len(shown)} of {count:,} classes" if len(shown) < count else ""


def _alt(
    found: "Comparison",
    which: str,
    headings: tuple[str, str, str],
    difference: np.ndarray,
    classes: Sequence[str] | None,
) -> str:
    largest = number(float(np.abs(difference).max()))
    said = (
        f"{which}, {headings[0]} and {headings[1]}, and the difference, whose largest size is "
        f"{largest}. Blue is below zero, white is zero, orange is above zero."
    )
    if found.before is None or found.after is None:
        return said
    read = [
        reads(each.probabilities, named(classes, len(each.probabilities)))
        for each in (found.before, found.after)
    ]
    return f"{said} The network reads, {headings[0]}: {read[0]}; {headings[1]}: {read[1]}."
