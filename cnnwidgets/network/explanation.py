"""The record of how one value of a layer came about."""

import math
from dataclasses import dataclass

import numpy as np

from cnnwidgets.network.edits import Edit, Scale

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The arithmetic of one value, in float64 on the numbers that the hooks stored.

    operation: "sum" of weighted terms (convolution, linear, batch norm, mean pooling), "maximum",
        "function" of one number (an activation), "copy" of one number, "share" (softmax),
        "gradient" where the layer is not taken apart.
    patch: (channel, row, column), the numbers of the layer's input that the value is made of; of a
        vector (unit, 1, 1). A cell of padding is what the padding holds: 0, or −inf for a maximum.
    cells: (channel, row, column) int64, which number of the input each one is, counted through in
        the input's order; −1 where it is none. `Explanation.unit_at` says it in axes.
    shape: of the layer's input for one image; of a linear layer's flattened maps, the maps'.
    channels, rows, columns: int64, where the patch lies on that shape; rows and columns below 0 or
        past its end are padding.
    weights: as patch, or None where nothing is weighted; of a "gradient", the gradient.
    products: weights × patch; of a "share", e to the power of each number less the largest; else
        None.
    bias: what is added to the products' sum.
    result: the value, from all of these.
    winner: where in `patch` the largest number stands, if that is the operation. Of equal ones it
        is the first.
    facts: further numbers of the layer that the arithmetic used, by name.
    """

    operation: str
    patch: np.ndarray
    cells: np.ndarray
    shape: tuple[int, ...]
    channels: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    result: float
    weights: np.ndarray | None = None
    products: np.ndarray | None = None
    bias: float = 0.0
    winner: tuple[int, int, int] | None = None
    facts: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for array in (self.patch, self.cells, self.channels, self.rows, self.columns):
            array.setflags(write=False)
        for values in (self.weights, self.products):
            if values is not None:
                values.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit of the layer's output made of the value."""

    edit: Edit
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How one value of a layer came about; made by `explain`.

    layer, kind, unit: which value: (channel, row, column) of maps, (unit,) of a vector.
    terms: the numbers it is made of.
    source: the layer whose result the input is, "input" for the image, or None where the model
        made it outside its layers; of a linear layer the one before any Flatten and Dropout.
    source_shape: of `source`'s result for one image; of the layer's input, where there is none.
    stored: the value that the hook stored.
    changes: the edits of the layer's output and what each made of the value, in order.
    rule: the layer in a few words, such as "5×5, padding 2" or "max(0, x)".
    method: "terms", or "gradient" where the layer is not taken apart: then `terms.weights` are
        the value's gradient, and the products need not sum to it.
    note: one sentence where something is to be known, or "".
    tolerance: how far `relative` may be from 0.
    """

    layer: str
    kind: str
    unit: tuple[int, ...]
    terms: Terms
    source: str | None
    source_shape: tuple[int, ...]
    stored: float
    changes: tuple[Change, ...] = ()
    rule: str = ""
    method: str = "terms"
    note: str = ""
    tolerance: float = TOLERANCE

    @property
    def sums(self) -> np.ndarray:
        """The sum of the products of each input channel: (channel,); none without weights."""
        if self.terms.products is None:
            return np.zeros(0)
        return self.terms.products.sum((1, 2))

    @property
    def padding(self) -> np.ndarray:
        """Which cells of the patch lie outside the input: (row, column) bool."""
        if len(self.terms.shape) != 3:
            return np.zeros((len(self.terms.rows), len(self.terms.columns)), bool)
        places = (self.terms.rows, self.terms.columns)
        outside = [
            (at < 0) | (at >= size) for at, size in zip(places, self.terms.shape[1:], strict=True)
        ]
        return outside[0][:, None] | outside[1][None, :]

    @property
    def result(self) -> float:
        """The value explained, with the edits of the layer's output applied."""
        return self.changes[-1].value if self.changes else self.terms.result

    @property
    def difference(self) -> float:
        """`result` less what the hook stored; 0.0 where both are the same infinity or no number."""
        if self.result == self.stored or (math.isnan(self.result) and math.isnan(self.stored)):
            return 0.0
        return self.result - self.stored

    @property
    def relative(self) -> float:
        """The size of `difference`, as a share of the numbers that were added.

        Those, and not their sum, decide how far float32 rounds: two large terms that cancel leave
        a small value with the error of large ones.
        """
        terms = self.terms
        added = np.abs(terms.patch if terms.products is None else terms.products)
        size = float(added[np.isfinite(added)].sum()) + abs(terms.bias) + abs(self.stored)
        for change in self.changes:
            size *= max(1.0, abs(change.edit.factor)) if isinstance(change.edit, Scale) else 1.0
        floor = float(np.finfo(np.float32).tiny)
        return abs(self.difference) / max(size, floor) if self.difference else 0.0

    @property
    def matches(self) -> bool:
        """Whether the arithmetic gives what the hook stored."""
        return self.relative <= self.tolerance

    def unit_at(self, channel: int, row: int = 0, column: int = 0) -> tuple[int, ...] | None:
        """The unit of `source` that stands at a place of the patch, None for padding of zeros.

        channel, row, column: counted in the patch, from 0.
        Raises IndexError if the patch has no such place.
        """
        cell = int(self.terms.cells[channel, row, column])
        return None if cell < 0 else tuple(map(int, np.unravel_index(cell, self.source_shape)))

    def __repr__(self) -> str:
        size = "×".join(map(str, self.terms.patch.shape))
        verdict = "matches" if self.matches else f"off by {self.difference:.2g}"
        return (
            f"Explanation({self.layer!r}, unit {self.unit}: {self.terms.operation} of {size} from"
            f" {self.source!r} = {self.result:.6g}; stored {self.stored:.6g}, {verdict})"
        )
