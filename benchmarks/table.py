"""Rows of measurements: their medians and spread, what they are compared with, and the targets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

Samples = Sequence[float]


@dataclass(frozen=True, slots=True)
class Target:
    """What a row has to reach; `value` is in the row's unit for "most", "least" and "beyond".

    most, least: the median itself. beyond: the median less the other's. faster: how often ours
    goes into the other's, at least. share: ours over the other's, at most.
    """

    kind: Literal["most", "least", "beyond", "faster", "share"]
    value: float

    def met(self, ours: float, other: float | None, ratio: float | None) -> bool:
        """Whether two medians and their ratio reach it. Raises ValueError if one is needed."""
        if self.kind == "most":
            return ours <= self.value
        if self.kind == "least":
            return ours >= self.value
        if other is None or ratio is None:
            raise ValueError(f"target {self.kind!r} compares, and the row has nothing to compare")
        if self.kind == "beyond":
            return ours - other <= self.value
        return ratio <= (1 / self.value if self.kind == "faster" else self.value)

    def words(self, unit: str) -> str:
        """The target as the table shows it."""
        return {
            "most": f"≤ {self.value:g} {unit}",
            "least": f"≥ {self.value:g} {unit}",
            "beyond": f"≤ + {self.value:g} {unit}",
            "faster": f"≥ {self.value:g}× less",
            "share": f"≤ {self.value:g}×",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing, with every sample of it and of what it is compared with."""

    what: str
    unit: str
    ours: Samples
    against: str = ""
    other: Samples = ()
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the other's, or None where nothing is compared.

        The median of the rounds' ratios where both were measured in each, else of the medians:
        a machine that is shared is now fast and now slow, for both.
        """
        if not self.other or not median(self.other):
            return None
        if len(self.ours) == len(self.other):
            return median([a / b for a, b in zip(self.ours, self.other, strict=True) if b])
        return median(self.ours) / median(self.other)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, or None where there is none."""
        if self.target is None:
            return None
        other = median(self.other) if self.other else None
        return self.target.met(median(self.ours), other, self.ratio)

    def record(self) -> dict[str, Any]:
        """The row as JSON has it, every sample included."""
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": summary(self.ours),
            "against": self.against or None,
            "other": summary(self.other) if self.other else None,
            "ratio": self.ratio,
            "target": self.target.words(self.unit) if self.target else None,
            "met": self.met,
        }


def quantile(values: Samples, share: float) -> float:
    """The smallest value that at least this share of the values does not exceed.

    Raises ValueError if there are no values.
    """
    if not values:
        raise ValueError("values is empty: nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def median(values: Samples) -> float:
    """The middle value, or the mean of the two middle ones."""
    quantile(values, 0.5)  # refuses none
    ordered, middle = sorted(values), len(values) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def summary(values: Samples) -> dict[str, Any]:
    """Median, 10th and 90th percentile, and the values themselves."""
    p10, p90 = quantile(values, 0.1), quantile(values, 0.9)
    return {"median": median(values), "p10": p10, "p90": p90, "samples": list(values)}


def table(rows: Sequence[Row]) -> str:
    """All rows as one Markdown table, its columns aligned."""
    lines = [("what", "ours", "p10–p90", "against", "ratio", "target", "met")]
    lines += [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def as_json(rows: Sequence[Row], **about: object) -> str:
    """All rows and what was measured on, for a machine."""
    return json.dumps({**about, "rows": [row.record() for row in rows]}, indent=1)


def _cells(row: Row) -> tuple[str, ...]:
    against = row.against and f"{row.against} {number(median(row.other))}"
    return (
        row.what,
        f"{number(median(row.ours))} {row.unit}",
        f"{number(quantile(row.ours, 0.1))}–{number(quantile(row.ours, 0.9))}",
        against or "",
        "" if row.ratio is None else f"{number(row.ratio)}×",
        row.target.words(row.unit) if row.target else "",
        {True: "yes", False: "NO", None: ""}[row.met],
    )


def number(value: float) -> str:
    """Three digits or all those before the point, with a comma at each thousand."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
