"""Which weights make a feature map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.probe import Probe, Run
from cnnwidgets.network.terms import COPIES, kind_of

# Layers whose channel k comes from channel k of their input alone, by kind.
# fmt: off
CHANNELWISE = frozenset({
    "ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish",
    "Sigmoid", "LogSigmoid", "Tanh", "Softplus", "Softsign", "Hardtanh", "Hardswish", "Hardsigmoid",
    "MaxPool2d", "AvgPool2d", "LPPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Upsample",
    "ZeroPad2d", "ReflectionPad2d", "ReplicationPad2d", "BatchNorm2d", "InstanceNorm2d",
    "Dropout", "Dropout2d", "AlphaDropout", "Identity",
})
# fmt: on


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """The weights that make the feature maps of one layer.

    weights: (filter, input channel, row, column), float32. In a convolution with groups, the
        input channels are those of the filter's group; filters of one group stand together.
    layer: the layer that holds them.
    inputs: the layer they are applied to ("input" for the image), or None if that is not known.
    """

    weights: np.ndarray
    layer: str
    inputs: str | None
    groups: int = 1


def kernels_of(probe: Probe, run: Run, layer: str) -> Kernels | None:
    """The kernels that make `layer`'s maps, or None if no convolution or linear layer does.

    A subclass that computes otherwise than torch's class, maybe with other weights, has none.

    A ReLU, a pooling or a normalisation shows the filters of the layer it works on. That one
    layer feeds the next is not guessed from their order: see `_source`.

    probe: the one that made `run`, over a model whose modules are in eval mode.
    """
    at: str | None = run.layer(layer).name
    while at:
        module: Any = probe.module(at)
        kind = kind_of(module)
        if kind is nn.Conv2d:
            source = _source(probe, run, at)
            inputs = "input" if source == "" else source
            return Kernels(_numbers(module.weight), at, inputs, module.groups)
        if kind is nn.Linear:
            return _templates(probe, run, at, module)
        at = _source(probe, run, at) if run.layer(at).kind in CHANNELWISE else None
    return None


def _templates(probe: Probe, run: Run, layer: str, module: nn.Linear) -> Kernels | None:
    """A linear layer's weights laid out as the maps that it reads, one set for each output.

    Layers that only pass numbers on, as Flatten and Dropout do, may stand between.
    """
    source = _source(probe, run, layer)
    while source is not None:
        shape = _result(run, source).shape[1:]
        if len(shape) == 3:
            weights = module.weight.reshape(-1, *shape)
            return Kernels(_numbers(weights), layer, source or "input")
        passes = source and kind_of(probe.module(source)) in COPIES
        source = _source(probe, run, source) if passes else None
    return None


def _source(probe: Probe, run: Run, layer: str) -> str | None:
    """What a call of a layer was given: the call whose result, "" for the image, None if unknown.

    Where the run did not recognise it, it may yet be the result before, copied (`.contiguous()`;
    `.flatten(1)` in channels-last memory): then the module must make of it what is recorded.
    """
    module = probe.module(layer)
    feed = run.feed(layer)
    if feed is not None:
        fits = feed.shape == _taken(module, _result(run, feed.source)).shape
        return feed.source if fits else None
    calls = ["", *run]
    before = calls[calls.index(layer) - 1]
    return before if _makes(module, _result(run, before), run[layer]) else None


def _makes(module: nn.Module, given: Tensor, made: Tensor) -> bool:
    """Whether a recorded result is what a module makes of another one."""
    try:
        with torch.no_grad():
            again = module(_taken(module, given).clone())
        same_shape = isinstance(again, Tensor) and again.shape == made.shape
        return same_shape and torch.allclose(again, made, equal_nan=True)
    except Exception:  # whatever a module raises for other inputs than its own: it is not fed so
        return False


def _taken(module: nn.Module, given: Tensor) -> Tensor:
    """A result in the shape in which a module would be given it."""
    return given.flatten(1) if isinstance(module, nn.Linear) else given


def _result(run: Run, call: str) -> Tensor:
    return run[call] if call else run.input


def _numbers(weight: Tensor) -> np.ndarray:
    numbers = weight.detach().float().cpu().numpy().copy()
    numbers.setflags(write=False)
    return numbers
