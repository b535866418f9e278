"""train(): a generator that does one optimizer step per next(), and nothing else."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnwidgets.data.imageset import ImageSet

_WARM_UP = 0.3  # share of the steps in which the learning rate rises
_START = 1 / 25  # first learning rate, as a share of the peak
_END = 1e-4  # last learning rate, as a share of the peak


@dataclass(frozen=True, slots=True)
class Step:
    """What one optimizer step did.

    step: steps done so far; the first is 1.
    epoch: the pass over the images that it belongs to; the first is 1.
    loss_nats: mean cross-entropy of its batch, before the update.
    accuracy: share of its batch classified correctly, before the update, in 0..1.
    learning_rate: the one it used.
    """

    step: int
    epoch: int
    loss_nats: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model does on a whole set: accuracy in 0..1, mean cross-entropy in nats."""

    accuracy: float
    loss_nats: float


def train(
    model: nn.Module,
    images: ImageSet,
    *,
    epochs: int = 4,
    batch_size: int = 128,
    learning_rate: float = 6e-3,
    seed: int = 0,
) -> Iterator[Step]:
    """Train model in place with AdamW: each next() does one step and yields its Step.

    model: takes (batch, channel, row, column) normalised images, returns (batch, class) logits.
    epochs: passes over the images, each in a new random order; a last, smaller batch counts.
    batch_size: images a step.
    learning_rate: the peak of a one-cycle schedule (see one_cycle).
    seed: fixes the order of the images, by a generator of its own: the global one is neither
        read nor moved (unless the model itself does, as with dropout).
    Between steps every module's training flag is as the caller left it. On a CPU, the same torch
    version, processor type and number of threads give bit-identical weights.
    Raises TypeError or ValueError at once, before the first step, for a setting that cannot work.
    """
    _check_whole("epochs", epochs, least=1)
    _check_whole("batch_size", batch_size, least=1)
    _check_whole("seed", seed, least=0, below=2**63)
    _check_rate(learning_rate)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError("model has no parameter to train; set requires_grad on some")
    check_fits(model, images)
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate)
    return _steps(model, images, optimizer, epochs, batch_size, seed)


def _steps(
    model: nn.Module,
    images: ImageSet,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    batch_size: int,
    seed: int,
) -> Iterator[Step]:
    batches = _Batches(model, images)
    order = torch.Generator().manual_seed(seed)
    peak = optimizer.param_groups[0]["lr"]
    total = epochs * math.ceil(len(images) / batch_size)
    step = 0
    for epoch in range(1, epochs + 1):
        for chosen in torch.randperm(len(images), generator=order).split(batch_size):
            rate = one_cycle(step, total, peak)
            for group in optimizer.param_groups:
                group["lr"] = rate
            inputs, labels = batches.take(chosen)
            with mode(model, training=True), torch.enable_grad():
                logits = model(inputs)
                loss = cross_entropy(logits, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            step += 1
            hits = (logits.argmax(1) == labels).sum()
            yield Step(step, epoch, loss.item(), hits.item() / len(labels), rate)


def evaluate(model: nn.Module, images: ImageSet, batch_size: int = 1000) -> Evaluation:
    """Accuracy and loss of model on all images, in eval mode, without gradients.

    Weights, buffers, random state and training flags are left as they were.
    Raises TypeError or ValueError if batch_size or the images do not fit.
    """
    _check_whole("batch_size", batch_size, least=1)
    check_fits(model, images)
    batches = _Batches(model, images)
    hits, loss_nats = 0, 0.0
    with mode(model, training=False), torch.no_grad():
        for chosen in torch.arange(len(images)).split(batch_size):
            inputs, labels = batches.take(chosen)
            logits = model(inputs)
            hits += int((logits.argmax(1) == labels).sum())
            loss_nats += cross_entropy(logits, labels, reduction="sum").item()
    return Evaluation(accuracy=hits / len(images), loss_nats=loss_nats / len(images))


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


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put model in train or eval mode, and every module back to its own flag afterwards."""
    flags = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag


def check_fits(model: nn.Module, images: ImageSet) -> None:
    """Try model on one image, in eval mode.

    Raises ValueError if it fails, or if what comes out is no logit for each class.
    """
    size = "×".join(map(str, images.images.shape[1:]))
    inputs, _ = _Batches(model, images, only_first=True).take(torch.zeros(1, dtype=torch.int64))
    try:
        with mode(model, training=False), torch.no_grad():
            logits = model(inputs)
    except (RuntimeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"model cannot take {images.name!r}, images of {size} ({reason}); "
            "build it for this number of channels and this size"
        ) from error
    shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if not isinstance(logits, Tensor) or logits.ndim != 2 or logits.shape[1] < len(images.classes):
        raise ValueError(
            f"model gives {shape} for one image of {images.name!r}; it must give "
            f"(1, {len(images.classes)}), a logit for each class"
        )


class _Batches:
    """An ImageSet on the model's device: the pixels stay uint8, a batch is normalised when taken.

    Bit-identical to ImageSet.normalize in float32, in a quarter of the memory.
    """

    def __init__(self, model: nn.Module, images: ImageSet, *, only_first: bool = False) -> None:
        weight = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
        self._device, self._dtype = weight.device, weight.dtype
        end = 1 if only_first else len(images)
        self._pixels = torch.tensor(images.images[:end], device=self._device)
        self._labels = torch.tensor(images.labels[:end], device=self._device)
        constants = torch.tensor([images.mean, images.std], dtype=torch.float32)
        self._mean, self._std = constants.to(self._device)[:, :, None, None]

    def take(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images (batch, channel, row, column), labels (batch,), of indices (batch,)."""
        chosen = chosen.to(self._device)
        values = self._pixels[chosen].to(torch.float32)
        values = values.div_(255).sub_(self._mean).div_(self._std)
        return values.to(self._dtype), self._labels[chosen]


def _check_whole(name: str, value: object, *, least: int, below: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} (={value!r}) must be a whole number, at least {least}")
    if value < least:
        raise ValueError(f"{name} (={value}) must be at least {least}")
    if below is not None and value >= below:
        raise ValueError(f"{name} (={value}) must be below {below}")


def _check_rate(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"learning_rate (={value!r}) must be a number above 0, such as 0.006")
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"learning_rate (={value}) must be a number above 0, such as 0.006")
