"""Which weights make a feature map."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.probe import Probe, Run

# Layers whose channel k comes from channel k of their input alone.
CHANNELWISE = frozenset(
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU GELU SiLU Mish Sigmoid Tanh Softplus Hardtanh Hardswish "
    "MaxPool2d AvgPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d BatchNorm2d InstanceNorm2d "
    "Dropout Dropout2d Identity".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """The weights that make the feature maps of one layer.

    weights: (filter, input channel, row, column), float32.
    layer: the layer that holds them.
    inputs: the layer they are applied to ("input" for the image), or None if that is not known.
    """

    weights: np.ndarray
    layer: str
    inputs: str | None


def kernels_of(probe: Probe, run: Run, layer: str) -> Kernels | None:
    """The kernels that make `layer`'s maps, or None if no convolution or linear layer does.

    A ReLU, a pooling or a normalisation shows the filters of the layer it works on. That one
    layer feeds the next is not guessed from their order: the module is applied to the recorded
    maps of its predecessor and must give the recorded result.

    probe: the one that made `run`, over a model in eval mode.
    """
    order = [entry for entry in run.layers if entry.name in run]
    position = next(i for i, entry in enumerate(order) if entry.name == layer)
    while True:
        name = order[position].name
        before = order[position - 1].name if position else "input"
        module = probe.module(name)
        inputs = before if _feeds(run, before, module, name) else None
        if isinstance(module, nn.Conv2d):
            return Kernels(_numbers(module.weight), name, inputs)
        if isinstance(module, nn.Linear) and inputs is not None:
            return _templates(module, run, name, inputs)
        if order[position].kind not in CHANNELWISE or inputs is None or position == 0:
            return None
        position -= 1


def _templates(module: nn.Linear, run: Run, name: str, inputs: str) -> Kernels | None:
    """A linear layer's weights laid out as the maps that it reads, one set for each output."""
    shape = _tensor(run, inputs).shape[1:]
    if len(shape) != 3:
        return None
    return Kernels(_numbers(module.weight.reshape(module.out_features, *shape)), name, inputs)


def _feeds(run: Run, before: str, module: nn.Module, name: str) -> bool:
    given, made = _tensor(run, before), run[name]
    if isinstance(module, nn.Linear):
        given = given.flatten(1)
    try:
        with torch.no_grad():
            again = module(given.clone())
    except (RuntimeError, ValueError, TypeError):  # the shapes do not fit: it is not its input
        return False
    same_shape = isinstance(again, Tensor) and again.shape == made.shape
    return same_shape and torch.allclose(again, made, equal_nan=True)


def _tensor(run: Run, name: str) -> Tensor:
    return run.input if name == "input" else run[name]


def _numbers(weight: Tensor) -> np.ndarray:
    return weight.detach().float().cpu().numpy().copy()
