"""Where one value comes from: patch × kernel = products, their sum, and what it can see."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnwidgets.figures.grids import known_layer, moment_of, picture_of, words
from cnnwidgets.figures.sheet import MARGIN, Sheet, by, clipped, number
from cnnwidgets.figures.terms import Arranged, Grid, arranged, place_words, source_of

if TYPE_CHECKING:
    from cnnwidgets.network.arithmetic import Explanation
    from cnnwidgets.network.receptive import Box
    from cnnwidgets.scope import Microscope

# Inches.
SIDE, TALLEST = 1.1, 1.6  # the pictures at the left
CAPTION, BAR, TICKS = 0.15, 0.07, 0.32  # the line above, a scale, what is written below it
LEFT = MARGIN + SIDE + 0.2  # where the arithmetic begins
TOP, GAP, LINE = 0.52, 0.06, 0.15
LARGEST, CELL, NARROWEST = 1.12, 0.32, 1.0  # a grid, a cell of one, and the column it stands in
LONE = (0.6, 0.19)  # a grid of one number
SIGN, SUMS = 0.17, (0.52, 0.66)
TURNED = 0.56  # how tall the name of a channel is, read from below
LETTERS, NOTE_LETTERS = 20, 84


def pixel(
    scope: "Microscope", layer: str | None = None, unit: Sequence[int] | None = None
) -> Sheet:
    """Where a value of a layer comes from, number by number, and the pixels that can reach it.

    layer: the selected one. unit: (channel, row, column), or (unit,) of a vector; the selected
        channel and pixel.
    The three input channels whose products sum to most are drawn, three more are told, the others
    added up. A layer that adds nothing up shows what it does instead: which number won, say.

    Raises ValueError if there is no such layer, or no pixel is chosen; else as Microscope.explain.
    """
    layer = known_layer(scope, layer)
    found = scope.explain(layer, unit)
    told = arranged(found)
    field, seen = _field(scope, found)
    notes = [line for text in (*told.notes, seen) for line in wrap(text, NOTE_LETTERS)]
    tall = max(_size(grid)[1] for grid in told.grids)
    pitch = GAP + (tall if told.lone else max(tall, TURNED))
    below = TOP + told.shown * pitch
    height = max(_left(scope, found)[-1], below + LINE * (len(told.lines) + len(notes)) + 0.05)
    line = "; ".join(part for part in (found.rule, picture_of(scope), moment_of(scope)) if part)
    title = f"{layer}, {place_words(found.unit)}: {number(found.stored)}"
    with style.settings():
        sheet = Sheet(height, title, line, _alt(scope, found, told, seen))
        _pictures(sheet, scope, found, field)
        edge = _contributors(sheet, found, told, pitch)
        _ledger(sheet, below, edge, told, notes)
    return sheet


def _field(scope: "Microscope", found: "Explanation") -> "tuple[Box | None, str]":
    """The box of the image that can reach the value, and in words, or why it is not known."""
    try:
        box = scope.receptive_field(found.layer, found.unit).box
    except Exception as problem:  # the arithmetic is drawn even where no way leads back
        return None, f"which pixels can reach it is not known: {problem}"
    if box is None or box.row == box.row_stop:
        return None, "no pixel of the input can reach it"
    rows, columns = (box.row, box.row_stop - 1), (box.column, box.column_stop - 1)
    places = f"rows {rows[0]} to {rows[1]}, columns {columns[0]} to {columns[1]}"
    return box, f"framed in the input: the pixels that can reach it, {places}"


def _left(scope: "Microscope", found: "Explanation") -> tuple[float, float, float]:
    """How tall the image and the map below it are, and both with what is written."""
    tall = [min(SIDE * scope.image.shape[1] / scope.image.shape[2], TALLEST), 0.0]
    if len(found.unit) == 3:
        rows, columns = scope.maps(found.layer).shape[1:]
        tall[1] = min(SIDE * rows / columns, TALLEST)
    return tall[0], tall[1], 2 * CAPTION + sum(tall) + BAR + TICKS + 0.1


def _pictures(sheet: Sheet, scope: "Microscope", found: "Explanation", field: "Box | None") -> None:
    """The image with the box that the value can see, and the map with the value marked."""
    tall, below, _ = _left(scope, found)
    wide = tall * scope.image.shape[2] / scope.image.shape[1]
    axes = sheet.place(MARGIN, CAPTION, wide, tall)
    sheet.photograph(axes, scope.image)
    axes.set_title("input", loc="left", pad=3)
    if field is not None:
        rows, columns = field.row_stop - field.row, field.column_stop - field.column
        _frame(axes, field.row, field.column, rows, columns)
    if below:
        channel, row, column = found.unit
        values = scope.maps(found.layer)[channel]
        wide = below * values.shape[1] / values.shape[0]
        top = 2 * CAPTION + tall + 0.1
        axes = sheet.place(MARGIN, top, wide, below)
        scale = style.Scale(values)
        sheet.picture(axes, values, scale)
        name = f"{clipped(found.layer, LETTERS)}, channel {channel}"
        axes.set_title(name, loc="left", pad=3, parse_math=False)
        _frame(axes, row, column, 1, 1)
        bar = sheet.place(MARGIN, top + below + 0.05, max(wide, 0.6), BAR)
        sheet.scale_bar(bar, scale, "activation (no unit)", lying=True)


def _frame(axes: Axes, row: int, column: int, rows: int, columns: int) -> None:
    """A frame around cells, to be seen on light and on dark."""
    for colour, wide in (("white", 2.6), (style.INK, 1.1)):
        box = Rectangle((column - 0.5, row - 0.5), columns, rows, fill=False, clip_on=False)
        box.set(edgecolor=colour, linewidth=wide, zorder=3)
        axes.add_patch(box)


def _size(grid: Grid) -> tuple[float, float]:
    """The width and height of a grid, in inches."""
    rows, columns = grid.values.shape[1:]
    if rows * columns == 1:
        return LONE
    cell = min(CELL, LARGEST / max(rows, columns))
    return max(cell * columns, 0.1), max(cell * rows, 0.1)


def _contributors(sheet: Sheet, found: "Explanation", told: Arranged, pitch: float) -> float:
    """Draws the contributors, a row each; returns where the columns of sums begin, in inches."""
    x = LEFT + (0.75 if told.lone else 0.16)
    for grid in told.grids:
        wide, high = _size(grid)
        scale = style.Scale(grid.values[: told.shown])
        x += SIGN if grid.sign else 0
        sheet.say(x, 0.02, clipped(grid.heading, LETTERS), va="top")
        sheet.say(x, 0.14, grid.unit, va="top", color=style.QUIET, fontsize=6)
        sheet.scale_bar(
            sheet.place(x, 0.28, max(wide, NARROWEST - 0.1), BAR), scale, "", lying=True
        )
        for rank, values in enumerate(grid.values[: told.shown]):
            y = TOP + rank * pitch + (pitch - GAP) / 2
            sheet.say(x - SIGN / 2, y, grid.sign, ha="center", va="center", fontsize=9)
            axes = sheet.place(x, y - high / 2, wide, high)
            sheet.picture(axes, values, scale, grid.values[: told.shown])
            if grid.given:
                _cross(axes, told.padding[rank] & np.isfinite(values))
            if grid is told.grids[0]:
                lying: dict[str, Any] = {"rotation": 0, "ha": "right", "va": "center"}
                turn = lying if told.lone else {}
                axes.set_ylabel(told.names[rank], labelpad=3, fontsize=6.5, **turn)
                if found.terms.winner is not None:
                    _frame(axes, *found.terms.winner[1:], 1, 1)
        x += max(wide, NARROWEST)
    return x


def _cross(axes: Axes, padding: np.ndarray) -> None:
    """Lines from the corners of each cell of padding, as far as its number."""
    rows, columns = np.nonzero(padding)
    ends = np.array([-0.5, -0.25, np.nan, 0.25, 0.5, np.nan])
    for way in (1, -1):
        x, y = columns[:, None] + ends, rows[:, None] + way * ends
        axes.plot(x.ravel(), y.ravel(), color=style.QUIET, linewidth=0.4)


def _ledger(sheet: Sheet, below: float, edge: float, told: Arranged, notes: list[str]) -> None:
    """Writes the sums: beside the contributors that are drawn, then line by line, then notes."""
    pitch = (below - TOP) / told.shown
    widths = SUMS[-max(1, len(told.sums)) :]
    ends = edge + np.cumsum(widths)
    for end, (heading, values) in zip(ends, told.sums, strict=False):
        sheet.say(end, TOP - 0.06, heading, ha="right", va="bottom", color=style.QUIET)
        for rank, value in enumerate(values[: told.shown]):
            y = TOP + rank * pitch + (pitch - GAP) / 2
            sheet.say(end, y, number(float(value)), ha="right", va="center")
    for at, (name, texts) in enumerate(told.lines):
        y = below + (at + 0.5) * LINE
        bold: dict[str, Any] = {"va": "center", "ha": "right"}
        bold["fontweight"] = "bold" if at == len(told.lines) - 1 else "normal"
        sheet.say(edge - 0.05, y, name, **bold)
        for end, text in zip(ends, texts, strict=True):
            sheet.say(end, y, text, **bold)
    for at, note in enumerate(notes):
        y = below + (len(told.lines) + at + 0.6) * LINE
        sheet.say(LEFT, y, note, va="center", color=style.QUIET)


def _alt(scope: "Microscope", found: "Explanation", told: Arranged, field: str) -> str:
    """The arithmetic in words."""
    what = f"{found.layer}, {place_words(found.unit)}, for {picture_of(scope)}"
    size = "one number" if told.lone else f"{by(found.terms.patch.shape[1:])} numbers"
    parts = [f"How the value of {what} came about: {size} of {source_of(found)}"]
    if len(told.names) > 1:
        many = words(len(told.names), told.names[0].partition(" ")[0])
        drawn = zip(told.names[: told.shown], told.each, strict=False)
        each = ", ".join(f"{name} {number(float(value))}" for name, value in drawn)
        parts.append(f"in each of {many}, whose products add up to: {each}")
    lines = [f"{name} {', in all '.join(filter(None, texts))}" for name, texts in told.lines]
    return "; ".join([" ".join(parts), *lines, *told.notes, field]) + "."
