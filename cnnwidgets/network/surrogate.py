"""Which units can reach one unit, by the gradient of a copy in which nothing hides a pixel."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.overrides import TorchFunctionMode

from cnnwidgets.network.copying import copy_of
from cnnwidgets.network.layers import named_layers
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import Run, tensors_in
from cnnwidgets.network.untouched import untouched

SEEDS = (0, 1)


def gradient_fields(
    probe: Probe, run: Run, layer: str, unit: tuple[int, ...]
) -> list[tuple[str, np.ndarray]]:
    """Where the gradient of a unit is not zero, in a copy of the model that hides nothing.

    Returns the name of each layer on the way, from `layer` back to "input", with bool in the shape
    of its result for one image. Every weight of the copy is a positive random number, each
    activation passes its input on, each maximum is a mean, and each result of a layer is scaled to
    a mean size of 1; the image is random and positive.
    Raises ValueError if the copy does not run, or no gradient comes through it.
    """
    order = [each.name for each in run.layers if each.reached]
    names = [*order[: order.index(layer) + 1][::-1], "input"]
    found: dict[str, np.ndarray] = {}
    for seed in SEEDS:
        try:
            gradients = _gradients(probe.model, run, layer, unit, seed)
        except Exception as problem:  # whatever the model raises on other numbers than its own
            words = " ".join(str(problem).split())
            raise ValueError(f"no gradient comes from '{layer}' to the image: {words}") from problem
        for name, gradient in gradients.items():
            if not gradient.isfinite().all():
                raise ValueError(
                    f"no gradient comes from '{layer}' to the image: it is not finite in '{name}'"
                )
            reached = (gradient[0] != 0).numpy()
            found[name] = reached | found.get(name, False)
    if "input" not in found:
        raise ValueError(
            f"no gradient comes from '{layer}' to the image: the model cuts it off on the way"
        )
    return [(name, found[name]) for name in names if name in found and found[name].any()]


def _gradients(
    model: nn.Module, run: Run, layer: str, unit: tuple[int, ...], seed: int
) -> dict[str, Tensor]:
    """The gradient of a unit by each layer's result, and by the image as "input"."""
    private = copy_of(model).to("cpu", torch.float64).requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    _make_positive(private, random)
    if not run.input.is_floating_point():
        raise TypeError("the image holds whole numbers, which have none")
    image = torch.rand(run.input.shape, generator=random, dtype=torch.float64) + 0.5
    image.requires_grad_()
    results: dict[str, Tensor] = {}
    calls: Counter[str] = Counter()
    names = {(each.base, each.call): each.name for each in run.layers}

    def keep(base: str, module: nn.Module, args: tuple, returned: Any) -> Any:
        calls[base] += 1
        if isinstance(returned, Tensor) and returned.is_floating_point():
            # Gates multiply maps by maps: unchecked, a row of them grows past every float64.
            returned = returned / (returned.detach().abs().mean() or 1)
        tensor = next(tensors_in(returned), None)
        name = names.get((base, calls[base]))
        if tensor is not None and name is not None and tensor.requires_grad:
            results[name] = tensor
        return returned

    with ExitStack() as stack:
        for base, module in named_layers(private):
            stack.callback(module.register_forward_hook(partial(keep, base)).remove)
        stack.enter_context(untouched(private))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(_Unhiding())
        private(image.clone())
    if layer not in results:
        dtype = run[layer].dtype
        smooth = dtype.is_floating_point or dtype.is_complex
        raise ValueError(
            "the model cuts it off on the way"
            if smooth
            else f"it gives {str(dtype).removeprefix('torch.')} values, which have none"
        )
    value = results[layer][0][unit]
    wanted = {**results, "input": image}
    gradients = torch.autograd.grad(value, list(wanted.values()), allow_unused=True)
    return {
        name: gradient
        for name, gradient in zip(wanted, gradients, strict=True)
        if gradient is not None and gradient.shape[:1] == (1,)
    }


def _make_positive(model: nn.Module, random: torch.Generator) -> None:
    """Random weights from 0.5 to 1.5, over how many are summed, and no statistics."""
    for parameter in model.parameters():
        if parameter.is_floating_point():
            summed = parameter[0].numel() if parameter.ndim > 1 else 1
            values = torch.rand(parameter.shape, generator=random, dtype=torch.float64) + 0.5
            parameter.copy_(values / max(summed, 1))
    for module in model.modules():
        if isinstance(module, _NormBase):
            module.reset_running_stats()


class _Unhiding(TorchFunctionMode):
    """Inside, an activation passes its input on, and a maximum is a mean or a sum."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        instead = _INSTEAD.get(getattr(func, "__name__", ""))
        return func(*args, **kwargs) if instead is None else instead(func, *args, **kwargs)


def _input(func: Callable, input: Any, *args: Any, **kwargs: Any) -> Any:
    return input


def _sum(func: Callable, input: Any, other: Any, **kwargs: Any) -> Any:
    return input + other


def _either(func: Callable, condition: Any, *args: Any, **kwargs: Any) -> Any:
    parts = [*args, *kwargs.values()]
    return parts[0] + parts[1] if len(parts) == 2 else func(condition, *args, **kwargs)


def _mean(func: Callable, input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    return input.mean(dim or None, keepdim) if dim != 0 else input.mean(0, keepdim)


def _largest(func: Callable, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    other = [each for each in (*args, *kwargs.values()) if isinstance(each, Tensor)]
    if other:
        return input + other[0]
    if not args and not kwargs:
        return input.mean()
    chosen = func(input, *args, **kwargs)
    return type(chosen)((_mean(func, input, *args, **kwargs), chosen.indices))


def _pooled(func: Callable, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The mean over the windows of a max pooling, each cell counted once."""
    chosen = F.max_pool2d_with_indices(input, *args, **{**kwargs, "return_indices": True})
    settings = dict(zip(("kernel_size", "stride", "padding", "dilation"), args, strict=False))
    settings |= kwargs
    kernel = _pair(settings["kernel_size"])
    stride = _pair(settings.get("stride") or kernel)
    padding, dilation = _pair(settings.get("padding", 0)), _pair(settings.get("dilation", 1))
    made, rest = chosen[0].shape[-2:], []
    for axis in (1, 0):
        needed = (made[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
        after = max(0, needed - input.shape[2 + axis] - padding[axis])
        rest += [padding[axis], after]
    windows = F.unfold(F.pad(input, rest), kernel, dilation, 0, stride)
    total = kernel[0] * kernel[1]
    mean = windows.reshape(len(input), input.shape[1], total, -1).mean(2)
    # Padding that no window needs may add a window at the end; those are not the layer's.
    rows = (input.shape[2] + rest[2] + rest[3] - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
    mean = mean.reshape(len(input), input.shape[1], rows, -1)[..., : made[0], : made[1]]
    with_indices = func.__name__.endswith("indices") or kwargs.get("return_indices")
    return (mean, chosen[1]) if with_indices else mean


def _adapted(func: Callable, input: Tensor, output_size: Any, *args: Any, **kwargs: Any) -> Any:
    mean = F.adaptive_avg_pool2d(input, output_size)
    with_indices = func.__name__.endswith("indices") or (args and args[0])
    with_indices = with_indices or kwargs.get("return_indices")
    if not with_indices:
        return mean
    return mean, F.adaptive_max_pool2d(input, output_size, return_indices=True)[1]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


# fmt: off
_PASSED_ON = (
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish",
    "sigmoid", "logsigmoid", "log_sigmoid", "tanh", "softplus", "softsign", "hardtanh", "hardswish",
    "hardsigmoid", "hardshrink", "softshrink", "tanhshrink", "threshold", "clamp", "clamp_min",
    "clamp_max", "clip", "abs", "round", "floor", "ceil", "sign",
)
# fmt: on
# By the name of the function, as torch's own functions and a tensor's methods share it.
_INSTEAD: dict[str, Callable] = {
    **dict.fromkeys([*_PASSED_ON, *(f"{name}_" for name in _PASSED_ON)], _input),
    **dict.fromkeys(["maximum", "minimum", "fmax", "fmin"], _sum),
    **dict.fromkeys(["amax", "amin"], _mean),
    **dict.fromkeys(["max", "min"], _largest),
    **dict.fromkeys(["max_pool2d", "max_pool2d_with_indices"], _pooled),
    **dict.fromkeys(["adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"], _adapted),
    "where": _either,
}
