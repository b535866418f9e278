"""How one value came about, arranged for a page: grids of numbers, and the lines of their sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnwidgets.figures.sheet import clipped, number

if TYPE_CHECKING:
    from cnnwidgets.network.arithmetic import Explanation

DRAWN, TOLD = 3, 3  # contributors as pictures, and more of them as lines of the sum
SINGLE = 10  # drawn, where each is one number
EDIT_LETTERS = 48
INPUT, ACTIVATION = "input (normalised)", "activation (no unit)"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What is drawn of each contributor: numbers (contributor, row, column), the largest first.

    heading, unit: of the numbers. sign: between them and what is before them.
    given: whether they stand where the layer's input does, which may be padding.
    """

    heading: str
    unit: str
    values: np.ndarray
    sign: str = ""
    given: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Arranged:
    """An explanation as it is drawn.

    names: of the contributors. grids: from left to right. padding: bool, as a grid's values.
    each: the sum of the products of each contributor. sums: a heading and the numbers
        (contributor,) of each column of sums. Both empty where nothing is added up.
    shown: how many contributors are drawn. lines: what follows below them in the columns of sums,
        each a name and a text a column. notes: sentences.
    """

    names: list[str]
    grids: list[Grid]
    padding: np.ndarray
    each: np.ndarray
    sums: list[tuple[str, np.ndarray]]
    shown: int
    lines: list[tuple[str, list[str]]]
    notes: list[str]

    @property
    def lone(self) -> bool:
        """Whether each contributor is one number."""
        return self.grids[0].values[0].size == 1


def arranged(found: "Explanation") -> Arranged:
    """An explanation, arranged."""
    terms = found.terms
    order, count = _order(found), len(terms.patch)
    grids = _grids(found, order)
    lone = terms.patch[0].size == 1
    most = SINGLE if lone else DRAWN
    shown = count if count <= most + 1 else most
    noun = "channel" if len(terms.shape) == 3 else "unit"
    each, sums = found.sums, []
    if len(each):
        each = each[order]
        sums = [("running sum", np.cumsum(each))]
        sums = sums if lone else [("sum", each), *sums]
    names = [f"{noun} {place}" for place in terms.channels[order]]
    padding = found.padding | (terms.cells[order] < 0)
    told = shown if lone else shown + TOLD
    lines = _lines(found, names, each, told if count > told + 1 else count, shown, len(sums))
    return Arranged(names, grids, padding, each, sums, shown, lines, _notes(found))


def place_words(unit: Sequence[int]) -> str:
    """A unit in words: "channel 5, row 6, column 9"."""
    if len(unit) == 3:
        return f"channel {unit[0]}, row {unit[1]}, column {unit[2]}"
    return f"unit {', '.join(map(str, unit))}"


def source_of(found: "Explanation") -> str:
    """Where the numbers come from, in words."""
    return {"input": "the image", None: "the layer's input"}.get(found.source, found.source or "")


def _order(found: "Explanation") -> np.ndarray:
    """The contributors, those whose products sum to most first; what is no number before all.

    Of a share, the one whose share it is comes first.
    """
    terms = found.terms
    if terms.products is None:
        return np.arange(len(terms.patch))
    size = np.nan_to_num(np.abs(found.sums), nan=np.inf)
    if terms.operation == "share":
        own = terms.cells == np.ravel_multi_index(found.unit, terms.shape)
        size[own.any((1, 2))] = np.inf
    return np.argsort(-size, kind="stable")


def _grids(found: "Explanation", order: np.ndarray) -> list[Grid]:
    terms = found.terms
    lone = terms.patch[0].size == 1
    unit = INPUT if found.source == "input" else ACTIVATION
    grids = [
        Grid(f"{'number' if lone else 'patch'} of {source_of(found)}", unit, terms.patch[order])
    ]
    if terms.weights is not None:
        name, unit = "weight" if lone else "kernel", "weight (no unit)"
        if terms.operation == "gradient":
            name, unit = "gradient", "slope (no unit)"
        grids.append(Grid(name, unit, terms.weights[order], "×", given=False))
    if terms.operation == "share" and terms.products is not None:
        grids.append(Grid("e^(x − largest)", "power (no unit)", terms.products[order], "→"))
    elif terms.products is not None:
        name = "product" if lone else "products"
        grids.append(Grid(name, "product (no unit)", terms.products[order], "="))
    else:
        names = {"maximum": "the largest", "copy": "unchanged"}
        heading = names.get(terms.operation, found.rule or found.kind)
        made = np.full((1, 1, 1), terms.result)
        grids.append(Grid(heading, ACTIVATION, made, "→", given=False))
    return grids


def _lines(
    found: "Explanation", names: list[str], each: np.ndarray, told: int, shown: int, columns: int
) -> list[tuple[str, list[str]]]:
    """What follows below the `shown` contributors, of which `told` have a line, down to the end."""
    terms, facts = found.terms, dict(found.terms.facts)
    running = np.cumsum(each)
    blank = [""] * (columns - 1)

    def line(name: str, part: float, total: float) -> tuple[str, list[str]]:
        if blank:
            return name, [number(part), number(total)]
        return f"{name}: {number(part)}", [number(total)]

    lines = []
    if columns:
        lines = [line(names[at], each[at], running[at]) for at in range(shown, told)]
        if told < len(names):
            rest = float(each[told:].sum())
            lines.append(line(f"the {len(names) - told:,} others", rest, running[-1]))
    if terms.operation == "sum" and "divisor" not in facts:
        lines.append(line("shift" if "variance" in facts else "bias", terms.bias, terms.result))
    if terms.operation == "share":
        share = f"the share of {place_words(found.unit)}"
        share = f"logarithm of {share}" if found.kind == "LogSoftmax" else share
        lines.append((share, [*blank, number(terms.result)]))
    for change in found.changes:
        edit = clipped(repr(change.edit), EDIT_LETTERS)
        lines.append((edit, [*blank, number(change.value)]))
    return [*lines, (f"the stored value: {_verdict(found)}", [*blank, number(found.stored)])]


def _verdict(found: "Explanation") -> str:
    if found.matches:
        return "the same ✓"
    if found.terms.operation == "gradient":
        return "slopes need not add up to it"
    return f"differs by {number(found.difference)}"


def _notes(found: "Explanation") -> list[str]:
    """What else is to be known, in a sentence each."""
    terms = found.terms
    notes = [", ".join(f"{name} {number(value)}" for name, value in terms.facts)]
    value = float(terms.patch.flat[0])
    if terms.winner is not None:
        place = found.unit_at(*terms.winner) or ()
        notes.append(f"{number(terms.result)} wins: {place_words(place)} of {source_of(found)}")
    elif terms.operation == "maximum":
        notes.append("nothing but padding lies here: the largest number is −∞")
    elif terms.operation == "function" and terms.result in (value, 0):
        notes.append("unchanged" if terms.result == value else "cut to zero")
    padding = found.padding | (terms.cells < 0)
    if padding.any():
        mark = "hatched" if terms.operation == "maximum" else "crossed"
        notes.append(f"{mark}: padding, outside of the input")
    drawn = (terms.patch[~padding], terms.weights, terms.products)
    if not all(values is None or np.isfinite(values).all() for values in drawn):
        notes.append("hatched: not finite")
    return [note for note in (*notes, found.note) if note]
