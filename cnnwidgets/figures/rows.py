"""Bars in rows, each with a name before it and numbers after it."""

from collections.abc import Sequence
from typing import Any

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cnnwidgets.figures.sheet import Sheet, clipped

ROW, HEADING, AXIS = 0.155, 0.17, 0.36  # inches: a row, the line above all, what is below
THICK = 0.76  # of a row
NAME_LETTERS, LETTER = 24, 0.062  # the longest name, and inches for each letter
PALE = "#9db4c6"

Column = tuple[str, float, Sequence[str]]
"""A heading, a width in inches, and a text for each row."""
Bars = tuple[Sequence[float] | np.ndarray, str | list[str]]
"""A number for each row, and a colour: one for all or one each."""


def rows_height(count: int) -> float:
    """How tall so many rows are, in inches, with what stands above and below them."""
    return HEADING + count * ROW + AXIS


def bar_rows(
    sheet: Sheet,
    place: tuple[float, float, float],
    names: Sequence[str],
    bars: Sequence[Bars],
    columns: Sequence[Column],
    limits: tuple[float, float],
    unit: str,
    bold: int | None = None,
) -> Axes:
    """Draws a row for each name: its bars, and a text of each column; returns the bars' axes.

    place: from the left, from the title downwards, and how wide all of it is, in inches.
    bars: the first bar of each row, the second below it, and so on.
    limits, unit: of the numbers. bold: the row that stands out.
    """
    left, top, width = place
    texts = [clipped(name, NAME_LETTERS) for name in names]
    before = 0.08 + LETTER * max(map(len, texts))
    room = width - before - sum(wide for _, wide, _ in columns)
    with style.settings():
        axes = sheet.place(left + before, top + HEADING, room, len(texts) * ROW)
        for at, (values, colour) in enumerate(bars):
            places = np.arange(len(texts)) + (at - (len(bars) - 1) / 2) * THICK / len(bars)
            thick = THICK / len(bars)
            axes.barh(places, np.nan_to_num(values), height=thick, color=colour)
        axes.set(ylim=(len(texts) - 0.5, -0.5), xlim=limits)
        axes.set_xlabel(unit, parse_math=False)
        axes.set_yticks(range(len(texts)), labels=texts, parse_math=False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.spines[["top", "right"]].set_visible(False)
        if limits[0] < 0:
            axes.axvline(0, color=style.INK, linewidth=0.6)
        edge = 1.0  # of the axes, where the next column begins
        for heading, wide, column in columns:
            edge += wide / room
            _column(axes, edge, heading, column, bold)
        if bold is not None:
            axes.get_yticklabels()[bold].set_fontweight("bold")
    return axes


def _column(axes: Axes, edge: float, heading: str, texts: Sequence[str], bold: int | None) -> None:
    """Texts that end at `edge`, one beside each row."""
    words: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "fontsize": style.SMALL_POINTS,
        "ha": "right",
        "parse_math": False,
    }
    axes.text(edge, -0.62, heading, color=style.QUIET, va="bottom", **words)
    for row, text in enumerate(texts):
        weight = "bold" if row == bold else "normal"
        axes.text(edge, row, text, va="center", fontweight=weight, **words)
