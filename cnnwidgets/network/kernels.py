"""Which weights make a feature map."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.probe import Probe, Run

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

    A ReLU, a pooling or a normalisation shows the filters of the layer it works on. That one
    layer feeds the next is not guessed from their order: the module is applied to the recorded
    maps of its predecessor and must give the recorded result.

    probe: the one that made `run`, over a model whose modules are in eval mode.
    """
    order = [entry for entry in run.layers if entry.name in run]
    position = next(i for i, entry in enumerate(order) if entry.name == layer)
    for at in range(position, -1, -1):
        name, kind = order[at].name, order[at].kind
        before = order[at - 1].name if at else "input"
        module = probe.module(name)
        if isinstance(module, nn.Conv2d):
            inputs = before if _feeds(run, before, module, name) else None
            return Kernels(_numbers(module.weight), name, inputs, module.groups)
        if isinstance(module, nn.Linear):
            return _templates(run, [entry.name for entry in order[:at]], module, name)
        if kind not in CHANNELWISE or not _feeds(run, before, module, name):
            return None
    return None


def _templates(run: Run, earlier: list[str], module: nn.Linear, name: str) -> Kernels | None:
    """A linear layer's weights laid out as the maps that it reads, one set for each output.

    earlier: the layers that ran before; vectors among the last of them (Flatten, Dropout) pass
    the maps on, if the linear layer makes its result of the maps.
    """
    for before in ["input", *earlier][::-1]:
        shape = _tensor(run, before).shape[1:]
        if len(shape) == 3:
            if not _feeds(run, before, module, name):
                return None
            return Kernels(_numbers(module.weight.reshape(-1, *shape)), name, before)
        if shape.numel() != module.in_features:
            return None
    return None


def _feeds(run: Run, before: str, module: nn.Module, name: str) -> bool:
    """Whether a layer's recorded result is what its module makes of `before`'s."""
    given, made = _tensor(run, before), run[name]
    if isinstance(module, nn.Linear):
        given = given.flatten(1)
    try:
        with torch.no_grad():
            again = module(given.clone())
        same_shape = isinstance(again, Tensor) and again.shape == made.shape
        return same_shape and torch.allclose(again, made, equal_nan=True)
    except Exception:  # whatever a module raises for other inputs than its own: it is not fed so
        return False


def _tensor(run: Run, name: str) -> Tensor:
    return run.input if name == "input" else run[name]


def _numbers(weight: Tensor) -> np.ndarray:
    numbers = weight.detach().float().cpu().numpy().copy()
    numbers.setflags(write=False)
    return numbers
