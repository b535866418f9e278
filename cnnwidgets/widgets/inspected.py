"""How one value came about, as it travels to a page: the numbers of an Explanation, arranged."""

from collections.abc import Container
from typing import TYPE_CHECKING, Any

import numpy as np
from traitlets import Bool, HasTraits, List, Unicode

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.traits import Whole

if TYPE_CHECKING:
    from cnnwidgets.network.arithmetic import Explanation
    from cnnwidgets.network.receptive import ReceptiveField

MOST_CELLS = 60_000


def _array(dtype: str, axes: int) -> Any:
    return Array(dtype, axes=(axes,)).tag(sync=True, to_json=to_wire)


class Inspected(HasTraits):
    """One value of a layer, and what it was made of."""

    of = Unicode().tag(sync=True)
    """The layer whose value is explained; empty where nothing is."""
    kind = Unicode().tag(sync=True)
    """The kind of that layer, such as "Conv2d"."""
    unit = List(Whole()).tag(sync=True)
    """Which value: (channel, row, column) of its maps, (unit,) of a vector."""
    rule = Unicode().tag(sync=True)
    """The layer in a few words, such as "5×5, padding 2" or "max(0, x)"."""
    note = Unicode().tag(sync=True)
    """What is to be known of the explanation, in a sentence; empty where there is nothing."""
    problem = Unicode().tag(sync=True)
    """Why the value cannot be explained, in a sentence; empty where it can."""
    operation = Unicode().tag(sync=True)
    """What was done to the numbers: "sum", "maximum", "function", "copy", "share" or "gradient"."""
    source_layer = Unicode().tag(sync=True)
    """The layer that the numbers come from, "input" for the image, or empty if not known."""
    source_shape = List(Whole()).tag(sync=True)
    """The shape of that layer's maps: (channel, row, column), or (unit,)."""
    leads = Bool(False).tag(sync=True)
    """Whether `source_layer` can be looked at: the image, or a layer that gave numbers."""
    contributors = _array("uint32", 1)
    """The channels of `source_layer` that the numbers lie in: the largest sum of products first."""
    sums = _array("float32", 1)
    """The sum of the products of each of `contributors`; None where nothing is weighted."""
    running = _array("float32", 1)
    """The sums added up, one contributor after the other, without the bias."""
    patch = _array("float32", 3)
    """The numbers the value is made of: (contributor, row, column). A large layer's last
    contributors are left out."""
    weights = _array("float32", 3)
    """What each number is multiplied with, as `patch`; the gradient where the layer is not taken
    apart; None where nothing is weighted."""
    products = _array("float32", 3)
    """Number × weight, as `patch`; of a softmax, e to the power of each number less the largest."""
    cells = _array("uint32", 3)
    """For each number of `patch`, 1 + its place in `source_layer`, counted through; 0: padding."""
    padding = _array("uint8", 2)
    """1 where a cell of the patch lies outside the input: (row, column)."""
    chosen = List(Whole(), allow_none=True, default_value=None).tag(sync=True)
    """(contributor, row, column) of the number that a maximum took, or of a softmax's own unit."""
    values = _array("float32", 1)
    """Bias, result before any edit of the output, stored value, and what the explanation differs
    from it."""
    matches = Bool(False).tag(sync=True)
    """Whether the arithmetic gives the stored value."""
    facts = List(Unicode()).tag(sync=True)
    """Names of further numbers of the layer that the arithmetic used."""
    fact_values = _array("float32", 1)
    """The numbers of `facts`."""
    changes = List(Unicode()).tag(sync=True)
    """The edits of the layer's output that changed the value, in order."""
    change_values = _array("float32", 1)
    """The value after each of `changes`."""
    field = List(Whole()).tag(sync=True)
    """The box of the image that can reach the value: first row, row past the last, first column,
    column past the last; empty where it is not known."""
    field_mask = _array("uint8", 2)
    """1 for each pixel of the image that can reach the value; None where these fill `field`."""
    field_method = Unicode().tag(sync=True)
    """How the box was found: "walked" from layer to layer, or by "gradient"; "sought" before."""
    field_note = Unicode().tag(sync=True)
    """Why it was not walked, or why there is none; empty otherwise."""


NOTHING: dict[str, Any] = {
    **{
        name: trait.default_value
        for name, trait in Inspected.class_traits(sync=True).items()
        if not isinstance(trait, List)
    },
    **{name: [] for name in ("unit", "source_shape", "facts", "changes", "field")},
    "chosen": None,
}


def maps_shape(shape: tuple[int, ...]) -> list[int]:
    """The shape of a layer's maps, for the shape of its result for one image."""
    if len(shape) in (1, 3):
        return list(shape)
    if not shape:
        return [1]
    return [int(np.prod(shape[:-2])), *shape[-2:]]


def inspected(found: "Explanation", layers: Container[str]) -> dict[str, Any]:
    """The traits of `Inspected` for an explanation; the receptive field is not among them.

    layers: the names of those that can be looked at.
    """
    terms = found.terms
    channels, *sides = terms.patch.shape
    order, sums = np.arange(channels), None
    if terms.products is not None:
        sums = found.sums
        # What is no number comes first: it decides the result.
        order = np.argsort(-np.nan_to_num(np.abs(sums), nan=np.inf), kind="stable")
        sums = sums[order]
    sent = order[: max(1, MOST_CELLS // max(1, sides[0] * sides[1]))]
    source = found.source or ""
    return {
        "of": found.layer,
        "kind": found.kind,
        "unit": list(found.unit),
        "rule": found.rule,
        "note": found.note,
        "problem": "",
        "operation": terms.operation,
        "source_layer": source,
        "source_shape": maps_shape(found.source_shape),
        "leads": source == "input" or source in layers,
        "contributors": _sent(terms.channels[order], "uint32"),
        "sums": _sent(sums),
        "running": _sent(None if sums is None else np.cumsum(sums)),
        "patch": _sent(terms.patch[sent]),
        "weights": _sent(None if terms.weights is None else terms.weights[sent]),
        "products": _sent(None if terms.products is None else terms.products[sent]),
        "cells": _sent(terms.cells[sent] + 1, "uint32"),
        "padding": _sent(found.padding, "uint8"),
        "chosen": _chosen(found, order),
        "values": _sent([terms.bias, terms.result, found.stored, found.difference]),
        "matches": found.matches,
        "facts": [name for name, _ in terms.facts],
        "fact_values": _sent([value for _, value in terms.facts]),
        "changes": [repr(change.edit) for change in found.changes],
        "change_values": _sent([change.value for change in found.changes]),
    }


def reached(found: "ReceptiveField") -> dict[str, Any]:
    """The traits of `Inspected` that tell a receptive field."""
    box, mask = found.box, found.mask
    place = None if box is None else (box.row, box.row_stop, box.column, box.column_stop)
    filled = box is not None and bool(mask[box.slices].all())
    return {
        "field": [] if place is None else list(place),
        "field_mask": None if filled or mask.ndim != 2 else _sent(mask, "uint8"),
        "field_method": found.method,
        "field_note": found.note,
    }


def _chosen(found: "Explanation", order: np.ndarray) -> list[int] | None:
    """Where the number that decides stands: (contributor, row, column)."""
    terms = found.terms
    place: tuple[int, ...] | None = terms.winner
    if terms.operation == "share":
        own = np.ravel_multi_index(found.unit, terms.shape)
        places = np.argwhere(terms.cells == own)
        place = tuple(map(int, places[0])) if len(places) else None
    if place is None:
        return None
    return [int(np.flatnonzero(order == place[0])[0]), place[1], place[2]]


def _sent(values: Any, dtype: str = "float32") -> np.ndarray | None:
    if values is None:
        return None
    with np.errstate(over="ignore"):  # what is too large becomes inf, and is shown as such
        array = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array
