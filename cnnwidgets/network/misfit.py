"""Why a forward pass failed, in words."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules import batchnorm, conv


@dataclass(frozen=True, slots=True)
class Step:
    """A layer at work, and the first tensor it was given; `shape` is None if there was none."""

    name: str
    module: nn.Module
    shape: tuple[int, ...] | None
    dtype: torch.dtype

    @classmethod
    def of(cls, name: str, module: nn.Module, given: Tensor | None) -> "Step":
        """The step at which `module` was given a tensor, or none."""
        if given is None:
            return cls(name, module, None, torch.get_default_dtype())
        return cls(name, module, tuple(given.shape), given.dtype)


def note(step: Step | None, last: str | None, batch: Tensor) -> str:
    """Where an error was raised: in which layer, or after which.

    step: the layer that was running, if one was.
    last: the call that finished last, if any did.
    """
    if step is not None:
        kind = type(step.module).__name__
        taken = "no tensor" if step.shape is None else f"an input of shape {step.shape}"
        return f"while running layer '{step.name}' ({kind}) on {taken}"
    where = "before any layer ran" if last is None else f"after layer '{last}', outside any layer"
    return f"{where}, for a batch of shape {tuple(batch.shape)}"


def misfit(step: Step, batch: Tensor, first: bool) -> str | None:
    """Why a layer cannot take what it was given, or None where the reason is not a known one.

    first: whether no layer had finished yet, so that what it was given is the batch itself.
    """
    if step.shape is None:
        return None
    weight = getattr(step.module, "weight", None)
    whole = not step.dtype.is_floating_point and not step.dtype.is_complex
    if isinstance(weight, Tensor) and whole and not isinstance(step.module, _TAKES_INDICES):
        return (
            f"{_who(first)} holds {_plain(step.dtype)} values; '{step.name}' computes in"
            f" {_plain(weight.dtype)}: scale them as in training, to floating-point values"
        )
    if isinstance(step.module, _TAKES_INDICES) and not whole:
        return (
            f"{_who(first)} holds {_plain(step.dtype)} values; '{step.name}' looks up whole"
            " numbers: this model reads words or codes, not pictures"
        )
    wrong = _wrong_size(step, step.shape, first)
    if wrong and batch.ndim == 3:
        wrong += "; is the batch axis missing? add it with batch[None]"
    return wrong


_TAKES_INDICES = (nn.Embedding, nn.EmbeddingBag)


def _wrong_size(step: Step, shape: tuple[int, ...], first: bool) -> str | None:
    module = step.module
    if isinstance(module, conv._ConvNd):
        axes = len(module.kernel_size)
        # torch takes one image without a batch axis too; its channels tell whether it is one.
        if len(shape) == axes + 1 and shape[0] == module.in_channels:
            return None
        if len(shape) != axes + 2:
            return f"{_who(first)} has {len(shape)} axes, {shape}; '{step.name}' takes {axes + 2}"
        return _counts(step, first, shape[1], module.in_channels, "channel")
    if isinstance(module, batchnorm._BatchNorm) and len(shape) > 1:
        return _counts(step, first, shape[1], module.num_features, "channel")
    if isinstance(module, nn.Linear) and shape:
        wrong = _counts(step, first, shape[-1], module.in_features, "feature")
        if wrong and not first:
            wrong += "; the images may not have the size that the model was made for"
        return wrong
    return None


def _counts(step: Step, first: bool, given: int, taken: int, unit: str) -> str | None:
    if given == taken:
        return None
    units = unit if given == 1 else f"{unit}s"
    return f"{_who(first)} has {given} {units}, {step.shape}; '{step.name}' takes {taken}"


def _who(first: bool) -> str:
    return "batch" if first else "its input"


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
