"""The kernel that is edited: as it is, as it was, and the edits that make it another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from cnnwidgets.network.edits import Edit, SetBias, SetKernel, WeightEdit
from cnnwidgets.network.kernels import Kernels
from cnnwidgets.traits import LOCK
from cnnwidgets.workbench.changes import Edits

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One kernel of a filter, edited and not.

    layer, filter, input: where it is; of a linear layer, `input` is a channel of the maps it reads.
    weights, original: all kernels of the filter with and without the edits, float32 (input
        channel, row, column).
    bias, original_bias: of the filter; None where the layer has none.
    limit, spread: the largest size of the unedited layer's weights, and their standard deviation.
    linear: whether the layer is a linear one.
    """

    layer: str
    filter: int
    input: int
    weights: np.ndarray
    original: np.ndarray
    bias: float | None
    original_bias: float | None
    limit: float
    spread: float
    linear: bool


def kernel_at(scope: "Microscope", owner: Kernels, input: int) -> Kernel | None:
    """The kernel of the selected channel's filter for one input channel; None if there is none.

    owner: the kernels of a layer, from `Microscope.kernels` at any step and under any edits.
    """
    filters, inputs = owner.weights.shape[:2]
    if scope.channel >= filters or not 0 <= input < inputs:
        return None
    with LOCK:
        slide, moment, at = scope.slide, scope.moment, scope.channel
        shape = owner.weights.shape[1:]
        with slide.under(moment, ()) as probe:
            module: Any = probe.module(owner.layer)
            original, original_bias = _filter(module, at, shape)
            limit, spread = _extent(module.weight.detach().float())
        weights_edits = tuple(edit for edit in scope.edits if isinstance(edit, WeightEdit))
        with slide.under(moment, weights_edits) as probe:
            weights, bias = _filter(probe.module(owner.layer), at, shape)
    return Kernel(
        layer=owner.layer,
        filter=at,
        input=input,
        weights=weights,
        original=original,
        bias=bias,
        original_bias=original_bias,
        limit=limit,
        spread=spread,
        linear=isinstance(module, nn.Linear),
    )


def with_kernel(edits: Edits, kernel: Kernel, values: np.ndarray) -> Edits:
    """Edits that make a kernel these values, (row, column) float32, and leave all else.

    The edit that this kernel had is replaced; no edit is left where none is needed.
    """
    mine = [edit for edit in edits if isinstance(edit, SetKernel) and _is_of(edit, kernel)]
    if kernel.linear:
        weights = kernel.weights.copy()
        weights[kernel.input] = values
        new = SetKernel(*_place(kernel), None, _nested(weights.reshape(-1)))
        needed = not np.array_equal(weights, kernel.original)
        return _replaced(edits, mine, new if needed else None)
    new = SetKernel(*_place(kernel), kernel.input, _nested(values))
    own = [edit for edit in mine if edit.input == kernel.input]
    whole = [edit for edit in mine if edit.input is None]
    if whole:  # what is set for the filter as a whole comes first
        base = np.asarray(whole[-1].values, np.float32)[kernel.input]
        others = _replaced(edits, own, None)
        return others if np.array_equal(base, values) else (*others, new)
    needed = not np.array_equal(kernel.original[kernel.input], values)
    return _replaced(edits, own, new if needed else None)


def with_bias(edits: Edits, kernel: Kernel, value: float) -> Edits:
    """Edits that make the filter's bias this value, and leave all else."""

    mine = [edit for edit in edits if isinstance(edit, SetBias) and _is_of(edit, kernel)]
    needed = np.float32(value) != np.float32(kernel.original_bias or 0.0)
    return _replaced(edits, mine, SetBias(*_place(kernel), value) if needed else None)


def _replaced(edits: Edits, mine: Sequence[Edit], new: Edit | None) -> Edits:
    """Edits with a new one where the first of those that are mine was; else at the end."""
    found: list[Edit] = []
    for edit in edits:
        if edit not in mine:
            found.append(edit)
        elif new is not None:
            found.append(new)
            new = None
    return tuple(found if new is None else [*found, new])


def _is_of(edit: WeightEdit, kernel: Kernel) -> bool:
    return (edit.layer, edit.filter) == _place(kernel)


def _place(kernel: Kernel) -> tuple[str, int]:
    return kernel.layer, kernel.filter


def _nested(values: np.ndarray) -> Any:
    return values.tolist()


def _filter(module: Any, at: int, shape: tuple[int, ...]) -> tuple[np.ndarray, float | None]:
    bias = None if module.bias is None else float(module.bias[at])
    return _numbers(module.weight[at]).reshape(shape), bias


def _extent(weights: Tensor) -> tuple[float, float]:
    """The largest size of the finite weights and their standard deviation; 0 where none is."""
    low, high = weights.aminmax()
    if not (low.isfinite() and high.isfinite()):
        weights = weights[weights.isfinite()]
        if not weights.numel():
            return 0.0, 0.0
        low, high = weights.aminmax()
    return float(max(abs(low), abs(high))), float(weights.std(correction=0))


def _numbers(weight: Any) -> np.ndarray:
    return weight.detach().float().cpu().numpy().copy()
