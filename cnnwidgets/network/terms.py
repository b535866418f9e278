"""The arithmetic of one value, for every kind of layer that is taken apart."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnwidgets.network.explanation import Terms
from cnnwidgets.network.windows import axes_of, spread_onto

Unit = tuple[int, ...]
Shape = tuple[int, ...]


def terms_of(
    module: nn.Module, given: Tensor, unit: Unit, made: Shape, laid_out: Shape
) -> Terms | None:
    """The arithmetic of one value that a layer made of its input, or None for other layers.

    given: the layer's input for one image, without the batch axis.
    unit: which value, in `made`, the shape of the layer's result for one image.
    laid_out: the shape that the numbers of `given` had in the layer before.
    """
    kind = kind_of(module)
    if kind is None or given.is_complex():
        return None
    if (kind in _ON_MAPS and given.ndim != 3) or (kind in SHARES and given.ndim > 3):
        return None
    return _EXPLAINED[kind](module, given, unit, made, laid_out)


def kind_of(module: nn.Module) -> type[nn.Module] | None:
    """The class whose arithmetic a module follows; None if no such class is known.

    A subclass counts where it leaves `forward` alone; one that pads by itself does not. A batch
    norm that keeps no statistics has another formula.
    """
    if isinstance(module, _BATCH_NORMS) and module.running_mean is None:
        return None
    for kind in _EXPLAINED:
        if isinstance(module, kind) and type(module).forward is kind.forward:
            own = "forward" in vars(module)
            convolves = getattr(type(module), "_conv_forward", None)
            same = convolves is getattr(kind, "_conv_forward", None)
            return kind if same and not own else None
    return None


def _convolution(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    filter_, row, column = unit
    each = module.in_channels // module.groups
    first = filter_ // (module.out_channels // module.groups) * each
    place = _window(module, given, np.arange(first, first + each), (row, column), made)
    weights = _numbers(module.weight[filter_])
    return _weighted(place, weights, _at(module.bias, filter_, 0.0))


def _transposed(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    filter_, *at = unit
    each, outs = module.in_channels // module.groups, module.out_channels // module.groups
    channels = filter_ // outs * each + np.arange(each)
    sizes = given.shape[1:]
    steps = (module.kernel_size, module.stride, module.dilation, module.padding)
    (rows, tops), (columns, lefts) = map(spread_onto, at, sizes, *steps)
    cells = (channels[:, None, None] * sizes[0] + rows[:, None]) * sizes[1] + columns
    place = _place(given, cells, tuple(given.shape), channels, rows, columns)
    weights = _numbers(module.weight[channels, filter_ % outs])[:, tops][:, :, lefts]
    weights[:, (tops < 0)[:, None] | (lefts < 0)] = 0.0
    return _weighted(place, weights, _at(module.bias, filter_, 0.0))


def _linear(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    features = module.in_features
    leading = int(np.ravel_multi_index(unit[:-1], made[:-1])) if len(unit) > 1 else 0
    alone = len(unit) == 1 and len(laid_out) == 3
    grid = laid_out if alone else (features, 1, 1)
    cells = (leading * features + np.arange(features)).reshape(grid)
    shape = grid if alone else tuple(given.shape)
    place = _place(given, cells, shape, *(np.arange(size) for size in grid))
    weights = _numbers(module.weight[unit[-1]]).reshape(grid)
    return _weighted(place, weights, _at(module.bias, unit[-1], 0.0))


def _mean(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    place = _window(module, given, np.array(unit[:1]), unit[1:], made)
    with_padding = isinstance(module, nn.AvgPool2d) and module.count_include_pad
    counted = (place["cells"] >= 0) | with_padding
    divisor = getattr(module, "divisor_override", None) or max(int(counted.sum()), 1)
    terms = _weighted(place, counted / divisor, 0.0)
    return replace(terms, facts=(("divisor", float(divisor)),))


def _maximum(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    place = _window(module, given, np.array(unit[:1]), unit[1:], made)
    place["patch"] = np.where(place["cells"] >= 0, place["patch"], -np.inf)
    patch = place["patch"]
    if not (place["cells"] >= 0).any():
        return Terms("maximum", **place, result=-math.inf)
    best = np.unravel_index(int(np.argmax(patch)), patch.shape)
    winner = (int(best[0]), int(best[1]), int(best[2]))
    return Terms("maximum", **place, result=float(patch[winner]), winner=winner)


def _batch_norm(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    channel = unit[0]
    mean, variance = _at(module.running_mean, channel, 0.0), _at(module.running_var, channel, 1.0)
    scale, shift = _at(module.weight, channel, 1.0), _at(module.bias, channel, 0.0)
    place = _cell(given, unit, laid_out)
    weight = scale / math.sqrt(variance + module.eps)
    terms = _weighted(place, np.full((1, 1, 1), weight), shift - mean * weight)
    facts = (("mean", mean), ("variance", variance), ("eps", module.eps))
    return replace(terms, facts=(*facts, ("weight", scale), ("bias", shift)))


def _function(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    place = _cell(given, unit, laid_out)
    value = torch.tensor(float(place["patch"][0, 0, 0]), dtype=torch.float64)
    facts: tuple[tuple[str, float], ...] = ()
    if isinstance(module, nn.PReLU):
        slope = _at(module.weight, unit[0] if module.num_parameters > 1 else 0, 0.0)
        facts = (("slope", slope),)
        result = torch.where(value > 0, value, slope * value)
    elif isinstance(module, nn.RReLU):
        slope = (module.lower + module.upper) / 2
        facts = (("slope", slope),)
        result = F.leaky_relu(value, slope)
    else:
        # forward, not the call: hooks belong to the model's own runs.
        result = module.forward(value)
    return Terms("function", **place, result=float(result), facts=facts)


def _copy(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    at = np.unravel_index(int(np.ravel_multi_index(unit, made)), tuple(given.shape))
    place = _cell(given, tuple(map(int, at)), laid_out)
    return Terms("copy", **place, result=float(place["patch"][0, 0, 0]))


def _share(module: Any, given: Tensor, unit: Unit, made: Shape, laid_out: Shape) -> Terms:
    axis = softmax_axis(module, given.ndim + 1)
    index = np.arange(math.prod(made)).reshape(made)
    along = tuple(slice(None) if at == axis else place for at, place in enumerate(unit))
    count = made[axis]
    spread = [np.array([place]) for place in (*unit, 0, 0)[:3]]
    if axis < 3:
        spread[axis] = np.arange(count)
    cells = index[along].reshape([len(each) for each in spread])
    place = _place(given, cells, made, *spread)
    shifted = place["patch"] - place["patch"].max()
    powers = np.exp(shifted)
    own = int(np.flatnonzero(cells.ravel() == index[unit])[0])
    total = float(powers.sum())
    result = float(powers.ravel()[own]) / total
    if isinstance(module, nn.LogSoftmax):
        result = float(shifted.ravel()[own]) - math.log(total)
    facts = (("largest", float(place["patch"].max())), ("total", total))
    return Terms("share", **place, products=powers, result=result, facts=facts)


def softmax_axis(module: Any, axes: int) -> int:
    """The axis along which a softmax sums, the batch axis not counted.

    axes: how many the tensor has, with the batch.
    """
    dim = -3 if isinstance(module, nn.Softmax2d) else module.dim
    if dim is None:  # torch's old default
        dim = 0 if axes in (0, 1, 3) else 1
    axis = dim % axes - 1
    if axis < 0:
        raise ValueError("this softmax sums over the images of a batch; give it dim=1")
    return axis


def _window(
    module: nn.Module, given: Tensor, channels: np.ndarray, at: Unit, made: Shape
) -> dict[str, Any]:
    """The cells of the input under the window of one output."""
    rows, columns = given.shape[1], given.shape[2]
    axes = axes_of(module, (rows, columns), (made[1], made[2]))
    windows = [axis.window(each) for axis, each in zip(axes, at, strict=True)]
    read = [axis.read(window) for axis, window in zip(axes, windows, strict=True)]
    inside = (read[0] >= 0)[:, None] & (read[1] >= 0)[None, :]
    flat = read[0][:, None] * columns + read[1][None, :]
    cells = np.where(inside, channels[:, None, None] * (rows * columns) + flat, -1)
    return _place(given, cells, tuple(given.shape), channels, *windows)


def _cell(given: Tensor, unit: Unit, laid_out: Shape) -> dict[str, Any]:
    """One cell of the input, `unit`, where it lies in the shape `laid_out`."""
    cell = int(np.ravel_multi_index(unit, tuple(given.shape)))
    where = [int(place) for place in np.unravel_index(cell, laid_out)]
    spread = (np.array([place]) for place in (*where, 0, 0)[:3])
    return _place(given, np.full((1, 1, 1), cell), laid_out, *spread)


def _place(given: Tensor, cells: np.ndarray, shape: Shape, *spread: np.ndarray) -> dict[str, Any]:
    """What Terms says of the input: `spread` has the channels, rows and columns of the cells."""
    where = torch.from_numpy(cells.clip(0)).to(given.device)
    patch = np.where(cells >= 0, _numbers(given.reshape(-1)[where]), 0.0)
    channels, rows, columns = spread
    return {
        "patch": patch,
        "cells": cells,
        "shape": shape,
        "channels": channels,
        "rows": rows,
        "columns": columns,
    }


def _weighted(place: dict[str, Any], weights: np.ndarray, bias: float) -> Terms:
    with np.errstate(invalid="ignore"):  # 0 × infinity is no number, and is shown as such
        products = weights * place["patch"]
    result = float(products.sum()) + bias
    return Terms("sum", **place, weights=weights, products=products, bias=bias, result=result)


def _numbers(values: Tensor) -> np.ndarray:
    return values.detach().to("cpu", torch.float64).numpy().copy()


def _at(values: Tensor | None, index: int, default: float) -> float:
    return default if values is None else float(values.detach()[index])


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_ON_MAPS: tuple[type[nn.Module], ...] = (
    nn.Conv2d,
    nn.ConvTranspose2d,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)
# fmt: off
FUNCTIONS: tuple[type[nn.Module], ...] = (
    nn.ReLU6, nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU,
    nn.Mish, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.Hardtanh,
    nn.Hardswish, nn.Hardsigmoid, nn.Hardshrink, nn.Softshrink, nn.Tanhshrink, nn.Threshold,
)
# fmt: on
COPIES: tuple[type[nn.Module], ...] = (
    nn.Flatten,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
SHARES: tuple[type[nn.Module], ...] = (nn.Softmax, nn.LogSoftmax, nn.Softmax2d)
_EXPLAINED: dict[type[nn.Module], Callable[[Any, Tensor, Unit, Shape, Shape], Terms]] = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _transposed,
    nn.Linear: _linear,
    nn.MaxPool2d: _maximum,
    nn.AdaptiveMaxPool2d: _maximum,
    nn.AvgPool2d: _mean,
    nn.AdaptiveAvgPool2d: _mean,
    **dict.fromkeys(_BATCH_NORMS, _batch_norm),
    **dict.fromkeys(FUNCTIONS, _function),
    **dict.fromkeys(COPIES, _copy),
    **dict.fromkeys(SHARES, _share),
}
