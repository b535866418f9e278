"""What each channel of a layer is worth to the network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np

from cnnwidgets.figures.grids import words
from cnnwidgets.figures.rows import Column, bar_rows, rows_height
from cnnwidgets.figures.scores import named, percent, points
from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, clipped

if TYPE_CHECKING:
    from cnnwidgets.network.ablation import Ablations

MOST = 32  # channels in rows
CLASS_LETTERS = 20


def ablation(found: "Ablations", classes: Sequence[str] | None = None) -> Sheet:
    """How the accuracy changes while one channel is silent: a bar each, the most needed first.

    Behind each bar stands the class that loses most, and how much of it. Of a layer with many
    channels the 32 most needed are shown.
    found: of `cnnwidgets.network.ablation.ablations`. classes: their names.
    """
    changes, by_class = found.changes, found.by_class
    order = np.argsort(changes, kind="stable")
    shown = order[:MOST]
    every = named(classes, found.classes)
    worst = found.worst[shown]
    hardest = [clipped(every[at], CLASS_LETTERS) if at >= 0 else "none" for at in worst]
    losses = [
        points(by_class[at, bad]) if bad >= 0 else "" for at, bad in zip(shown, worst, strict=True)
    ]
    columns: list[Column] = [
        ("accuracy (points)", 1.0, [points(changes[at]) for at in shown]),
        ("hardest hit", 0.25 + 0.062 * max(8, *map(len, hardest)), hardest),
        ("of its images (points)", 1.25, losses),
    ]
    sample = words(len(found.labels), "image")
    line = f"{percent(found.accuracy)} of {sample} are read rightly with all channels"
    if len(shown) < len(changes):
        line += f"; the {len(shown)} most needed of {len(changes):,}"
    size = 1.05 * float(np.abs(100 * changes).max(initial=0.0)) or 1.0
    limits = (0.0 if changes.min() >= 0 < changes.max() else -size, size * (changes.max() > 0))
    colours = [style.TEST_COLOUR if changes[at] < 0 else style.TRAIN_COLOUR for at in shown]
    with style.settings():
        title = f"{found.layer}: what each of {words(len(changes), 'channel')} is worth"
        sheet = Sheet(rows_height(len(shown)), title, line, _alt(found, order, every))
    names = [f"channel {at}" for at in shown]
    place = MARGIN, 0.0, WIDTH - 2 * MARGIN
    unit = "change of accuracy without it (percentage points)"
    bar_rows(sheet, place, names, [(100 * changes[shown], colours)], columns, limits, unit)
    return sheet


def _alt(found: "Ablations", order: np.ndarray, names: Sequence[str]) -> str:
    said = (
        f"How the accuracy of {percent(found.accuracy)} changes while one channel of layer "
        f"{found.layer} is silent"
    )
    first = []
    for at in order[:3]:
        bad = found.worst[at]
        hit = f", most of all class {names[bad]}" if bad >= 0 else ""
        first.append(f"channel {at} {points(found.changes[at])} points{hit}")
    return f"{said}, as bars; the most needed are {'; '.join(first)}."
