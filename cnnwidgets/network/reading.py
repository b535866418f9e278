"""What a run says of its one image: the maps of a layer, and the scores of the classes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import Run, tensors_in


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the network says of one image.

    logits: (class,) float32, the model's output as it is.
    probabilities: (class,) float32, its softmax (or the output itself, if that already sums to 1).
    """

    logits: np.ndarray
    probabilities: np.ndarray

    @property
    def best(self) -> int | None:
        """The class with the highest probability, or None if one is not a number."""
        return None if np.isnan(self.probabilities).any() else int(np.argmax(self.probabilities))


def scores_in(output: object) -> Tensor | None:
    """The first tensor of an output, if it is one score per class: (batch, class), two or more.

    A list with a record for each image, as detectors give it, has boxes and no such scores.
    """
    if isinstance(output, list) and any(isinstance(each, Mapping) for each in output):
        return None
    scores = next(tensors_in(output), None)
    return scores if scores is not None and scores.ndim == 2 and scores.shape[1] > 1 else None


def scores_of(output: object, count: int, name: str) -> Tensor:
    """The scores of so many images: (batch, class). name: of the model.

    Raises ValueError if the output holds none.
    """
    scores = scores_in(output)
    if scores is not None and len(scores) == count:
        return scores
    given = next((tuple(tensor.shape) for tensor in tensors_in(output)), None)
    images = "1 image" if count == 1 else f"{count} images"
    gives = "no tensor" if given is None else given
    words = f"{name} does not score classes: it gives {gives} for {images}"
    if given == (count, 1):
        remedy = "; of a single logit x, give torch.cat([torch.zeros_like(x), x], 1)"
    else:
        remedy = ""
    raise ValueError(f"{words}, and scores are ({count}, class), of two classes or more{remedy}")


def reading_of(run: Run) -> Reading | None:
    """What a run of one image says of it, or None if the model does not score classes."""
    scores = scores_in(run.output)
    if scores is None or len(scores) != 1:
        return None
    logits = _real(scores[0])
    sums_to_one = bool((logits >= 0).all()) and abs(float(logits.sum()) - 1) < 1e-3
    probabilities = logits if sums_to_one else logits.softmax(0)
    return Reading(_frozen(logits), _frozen(probabilities))


def classes_in(probe: Probe, images: Tensor) -> np.ndarray:
    """The class that a model reads in each of images (batch, channel, row, column), normalised.

    Returns int64 (batch,). Raises ValueError if it does not score each of them.
    """
    output = probe.run(images, layers=[]).output
    return scores_of(output, len(images), type(probe.model).__name__).argmax(1).cpu().numpy()


def maps_of(run: Run, layer: str) -> np.ndarray:
    """What a layer gave for the one image of a run, read-only and not copied where it can be.

    Returns float32 (channel, row, column), or (unit,) for a vector. Maps without a channel axis
    count as one channel; axes before the last three count as channels. Where the first axis is
    not the batch of one, as in sequence-first layers, nothing is dropped.
    """
    values = run[layer]
    values = values[0] if values.ndim and len(values) == 1 else values
    if values.ndim == 0:
        values = values.reshape(1)
    elif values.ndim not in (1, 3):
        values = values.reshape(math.prod(values.shape[:-2]), *values.shape[-2:])
    return _frozen(_real(values))


def unit_of(channel: int, pixel: tuple[int, int] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The unit of a layer's result at a place of its maps.

    shape: of the result for one image; the maps of one with other than one or three axes have the
    first axes counted through as channels. Raises ValueError for maps, if there is no pixel.
    """
    if len(shape) < 2:
        return (channel,)
    if pixel is None:
        raise ValueError("no pixel is chosen; set scope.pixel, or give a unit, as explain takes it")
    row, column = pixel
    if len(shape) == 3:
        return (channel, row, column)
    flat = (channel * shape[-2] + row) * shape[-1] + column
    return tuple(map(int, np.unravel_index(flat, shape)))


def _real(values: Tensor) -> Tensor:
    """Values as float32 on the CPU; of complex ones their size."""
    return (values.abs() if values.is_complex() else values).float().cpu()


def _frozen(values: Tensor) -> np.ndarray:
    array = np.ascontiguousarray(values.numpy())
    array.setflags(write=False)
    return array
