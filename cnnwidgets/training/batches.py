"""Batches: a set of images in memory, and the measuring of a model on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.network.threads import steady_threads
from cnnwidgets.network.whole import whole


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model does on a whole set: accuracy in 0..1, mean cross-entropy in nats."""

    accuracy: float
    loss_nats: float


class Batches:
    """An ImageSet on the model's device: the pixels stay uint8, a batch is normalised when taken.

    The values are bit-identical to ImageSet.normalize in float32, in a quarter of the memory. A
    batch has its channels last in memory, where a processor convolves one and a half to two times
    as fast.
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
        pixels = self._pixels.index_select(0, chosen)
        values = pixels.to(torch.float32, memory_format=torch.channels_last)
        values = values.div_(255).sub_(self._mean).div_(self._std)
        return values.to(self._dtype), self._labels[chosen]


def evaluate(model: nn.Module, images: ImageSet, batch_size: int = 1000) -> Evaluation:
    """Accuracy and loss of model on all images, in eval mode, without gradients.

    Weights, buffers, random state and training flags are left as they were.
    Raises TypeError or ValueError if batch_size or the images do not fit.
    """
    found = evaluate_while(lambda: True, model, images, batch_size)
    assert found is not None
    return found


def evaluate_while(
    wanted: Callable[[], bool], model: nn.Module, images: ImageSet, batch_size: int = 1000
) -> Evaluation | None:
    """As `evaluate`, but given up, with None, when `wanted` is no longer true before a batch."""
    batch_size = whole("batch_size", batch_size, least=1)
    check_fits(model, images)
    batches = Batches(model, images)
    hits, loss_nats = 0, 0.0
    with mode(model, training=False), torch.no_grad():
        for chosen in torch.arange(len(images)).split(batch_size):
            if not wanted():
                return None
            with steady_threads():
                inputs, labels = batches.take(chosen)
                logits = model(inputs)
                hits += int((logits.argmax(1) == labels).sum())
                loss_nats += cross_entropy(logits, labels, reduction="sum").item()
    return Evaluation(accuracy=hits / len(images), loss_nats=loss_nats / len(images))


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put model in train or eval mode, and every module back to its own flag afterwards."""
    flags = [(module, module.training) for module in model.modules()]
    if any(flag is not training for _, flag in flags):
        model.train(training)
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag


def check_fits(model: nn.Module, images: ImageSet) -> None:
    """Try model on one image, in eval mode.

    Raises TypeError for what is no model, or no set; ValueError if the set is empty, if the model
    fails, or if what comes out is no logit for each class.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, and is a {type(model).__name__}")
    if not isinstance(images, ImageSet):
        raise TypeError(
            f"a {type(images).__name__} is no ImageSet, to train or to test with; make one with"
            " cnnwidgets.load or ImageSet.from_arrays"
        )
    if not len(images):
        raise ValueError(f"images ({images.name!r}) is an empty set; give at least one image")
    size = "×".join(map(str, images.images.shape[1:]))
    inputs, _ = Batches(model, images, only_first=True).take(torch.zeros(1, dtype=torch.int64))
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


def logits_in(output: object) -> Tensor:
    """What a model gave while it trains, if that is a tensor: torch's loss takes nothing else.

    Raises ValueError otherwise, as for a model that then gives auxiliary outputs too.
    """
    if isinstance(output, Tensor):
        return output
    raise ValueError(
        f"model gives a {type(output).__name__} while it trains, and must give logits,"
        " (batch, class); turn its auxiliary outputs off, such as with aux_logits=False"
    )
