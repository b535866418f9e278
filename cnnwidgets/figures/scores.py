"""What the network says of an image: the probability of each class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np

from cnnwidgets.figures.grids import moment_of, picture_of
from cnnwidgets.figures.rows import NAME_LETTERS, PALE, Column, bar_rows, rows_height
from cnnwidgets.figures.sheet import MARGIN, WIDTH, Sheet, clipped, number

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

ALL, LIKELIEST = 12, 10  # up to so many classes are all shown, of more only the likeliest
SIDE, GAP = 1.55, 0.25  # inches: of the image, and beside it


def prediction(scope: "Microscope") -> Sheet:
    """The microscope's image, and how probable each class is: right or wrong, with the logits.

    Of more than 12 classes the ten likeliest are shown, and the one that the image is labelled.
    Raises ValueError if the network does not score classes.
    """
    read = scope.prediction
    if read is None:
        raise ValueError(f"{scope.name} does not score classes; there is no prediction to draw")
    names = named(scope.images.classes, len(read.probabilities))
    label = scope.label if len(names) == len(scope.images.classes) else None
    shown = likeliest(read.probabilities, label)
    parts = [_verdict(read.best, label), picture_of(scope), moment_of(scope)]
    unit = "probability"
    if len(shown) < len(names):
        unit += f" ({len(shown)} of {len(names):,} classes)"
    tall = min(SIDE * scope.image.shape[1] / scope.image.shape[2], 2 * SIDE)
    height = max(tall, rows_height(len(shown)))
    with style.settings():
        title = f"Prediction: {reads(read.probabilities, names)}"
        line = "; ".join(part for part in parts if part)
        sheet = Sheet(height, title, line, _alt(scope, names, label))
        wide = tall * scope.image.shape[2] / scope.image.shape[1]
        sheet.photograph(sheet.place(MARGIN + SIDE - wide, 0, wide, tall), scope.image)
    marks = ["" if at not in (read.best, label) else _mark(at, read.best, label) for at in shown]
    columns: list[Column] = [
        ("probability", 0.75, [percent(value) for value in read.probabilities[shown]]),
        ("logit", 0.5, [number(value) for value in read.logits[shown]]),
        ("", 0.65, marks),
    ]
    place = MARGIN + SIDE + GAP, 0.0, WIDTH - 2 * MARGIN - SIDE - GAP
    colours = [style.TRAIN_COLOUR if at == read.best else PALE for at in shown]
    bars = [(read.probabilities[shown], colours)]
    bold = None if read.best is None else shown.index(read.best)
    texts = [names[at] for at in shown]
    axes = bar_rows(sheet, place, texts, bars, columns, (0, 1), unit, bold)
    axes.set_xticks([0, 0.5, 1])
    return sheet


def named(classes: Sequence[str] | None, count: int) -> Sequence[str]:
    """The names of so many classes: their numbers, where there are other names or none."""
    if classes is None or len(classes) != count:
        return [str(at) for at in range(count)]
    return classes


def likeliest(probabilities: np.ndarray, label: int | None = None) -> list[int]:
    """The classes to show: all of a few; of many the likeliest first, the labelled among them."""
    if len(probabilities) <= ALL:
        return list(range(len(probabilities)))
    order = np.argsort(-np.nan_to_num(probabilities), kind="stable")[:LIKELIEST].tolist()
    return order if label is None or label in order else [*order, label]


def percent(share: float) -> str:
    """A share in per cent with one decimal; never 100.0 of what is not certain."""
    if not np.isfinite(share):
        return "NaN"
    text = f"{100 * share:.1f}"
    return "> 99.9 %" if text == "100.0" and share < 1 else f"{text} %"


def points(change: float) -> str:
    """A change of a share, in per cent of the whole, with its sign: "−1.2"."""
    if not np.isfinite(change):
        return "NaN"
    text = f"{abs(100 * change):.1f}"
    sign = "−" if change < 0 else "+" if change > 0 else ""
    return f"{'> −' if change < 0 else '< +'}0.1" if text == "0.0" and change else f"{sign}{text}"


def reads(probabilities: np.ndarray, names: Sequence[str]) -> str:
    """What is read, and how surely: "7, with > 99.9 %"."""
    if not np.isfinite(probabilities).all():
        return "undefined, the scores are not finite"
    best = int(np.argmax(probabilities))
    return f"{clipped(names[best], NAME_LETTERS)}, with {percent(float(probabilities[best]))}"


def _verdict(best: int | None, label: int | None) -> str:
    if best is None or label is None:
        return ""
    return "right" if best == label else "wrong"


def _mark(at: int, best: int | None, label: int | None) -> str:
    """What is written behind the class that is read, and the one that the image is labelled."""
    if at != best:
        return "← the label"
    return "✓ right" if at == label else "✗ wrong" if label is not None else ""


def _alt(scope: "Microscope", names: Sequence[str], label: int | None) -> str:
    read = scope.prediction
    said = f"What {scope.name} says of {picture_of(scope)}"
    if read.best is None:
        return f"{said} is undefined: its scores are not finite."
    order = np.argsort(-read.probabilities, kind="stable")[:3]
    first = ", ".join(f"{names[at]} {percent(float(read.probabilities[at]))}" for at in order)
    verdict = _verdict(read.best, label)
    return f"{said}, as bars: {first}{f'; this is {verdict}' if verdict else ''}."
