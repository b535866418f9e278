"""Settings: how a network is trained."""

import math
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

import torch
from torch import nn

from cnnwidgets.network.whole import whole

_WARM_UP = 0.3  # share of the steps in which the learning rate rises
_START = 1 / 25  # first learning rate, as a share of the peak
_END = 1e-4  # last learning rate, as a share of the peak

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
SCHEDULES = ("one_cycle", "constant")
MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained; what cannot work is refused when it is made.

    epochs: passes over the images, each in a new random order; a last, smaller batch counts, but a
        single image joins the batch before it: from one, a batch norm cannot learn.
    batch_size: images a step.
    learning_rate: the peak of a one-cycle schedule (see `one_cycle`), or the rate itself.
    optimizer: "sgd", "momentum" (SGD with 0.9), "adam" or "adamw" (weight decay 0.01).
    schedule: "one_cycle" or "constant".
    seed: fixes the order of the images, and what a model draws itself, as dropout does.

    Raises TypeError or ValueError with the name, the value and what would do.
    """

    epochs: int = 4
    batch_size: int = 128
    learning_rate: float = 6e-3
    optimizer: str = "adamw"
    schedule: str = "one_cycle"
    seed: int = 0

    def __post_init__(self) -> None:
        keep = partial(object.__setattr__, self)
        keep("epochs", whole("epochs", self.epochs, least=1))
        keep("batch_size", whole("batch_size", self.batch_size, least=1))
        keep("seed", whole("seed", self.seed, least=0, below=2**63))
        keep("learning_rate", _rate(self.learning_rate))
        _check_one_of("optimizer", self.optimizer, OPTIMIZERS)
        _check_one_of("schedule", self.schedule, SCHEDULES)

    def batches(self, images: int) -> int:
        """How many batches so many images make."""
        whole, left = divmod(images, self.batch_size)
        return whole + (left > (1 if whole else 0))

    def rate(self, step: int, total: int) -> float:
        """The learning rate of a step, the first being 0, of a run of `total` steps."""
        if self.schedule == "constant":
            return self.learning_rate
        return one_cycle(step, total, self.learning_rate)

    def make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimizer for parameters; fused, all of them in one call, where PyTorch can."""
        fused = all(
            each.is_floating_point() and each.device.type in ("cpu", "cuda") for each in parameters
        )
        common: dict[str, Any] = {"lr": self.learning_rate, "fused": fused or None}
        if self.optimizer == "adamw":
            return torch.optim.AdamW(parameters, **common)
        if self.optimizer == "adam":
            return torch.optim.Adam(parameters, **common)
        momentum = MOMENTUM if self.optimizer == "momentum" else 0
        return torch.optim.SGD(parameters, momentum=momentum, **common)


def one_cycle(step: int, total: int, peak: float) -> float:
    """Learning rate of a step: a cosine rise from peak/25 to peak, then a cosine fall to about 0.

    step: from 0 to total - 1. The rise takes the first 30 % of the steps.
    Source: L. N. Smith, N. Topin, "Super-convergence", 2018.
    """
    top = _WARM_UP * (total - 1)
    if step < top:
        low, way = _START, step / top
    else:
        low, way = _END, 1 - (step - top) / max(total - 1 - top, 1)
    return peak * (low + (1 - low) * (1 - math.cos(math.pi * way)) / 2)


def _rate(value: Any) -> float:
    """A learning rate, of numpy's numbers too, as Python's own."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"learning_rate (={value!r}) must be a number above 0, such as 0.006")
    rate = float(value)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"learning_rate (={value}) must be a number above 0, such as 0.006")
    return rate


def _check_one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        choices = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
        raise ValueError(f"{name} (={value!r}) must be {choices}")
