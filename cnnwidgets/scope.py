"""The microscope: the one state that all views of a network share."""

import copy
import difflib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from traitlets import Any as AnyTrait
from traitlets import HasTraits, Int, TraitError, Tuple, Unicode, observe, validate

from cnnwidgets.arrays import Array
from cnnwidgets.data import ImageSet, as_pixels
from cnnwidgets.network.kernels import Kernels, kernels_of
from cnnwidgets.network.probe import Layer, Probe, Run
from cnnwidgets.network.run import tensors_in
from cnnwidgets.training.history import History


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the network says of one image.

    logits: (class,) float32, the model's output as it is.
    probabilities: (class,) float32, its softmax (or the output itself, if that already sums to 1).
    """

    logits: np.ndarray
    probabilities: np.ndarray

    @property
    def best(self) -> int:
        """The class with the highest probability."""
        return int(np.argmax(self.probabilities))


class Microscope(HasTraits):
    """Looks at one network and one image: what was selected, and what was measured there.

    model: any nn.Module that takes (batch, channel, row, column); it is copied, never touched.
    images: the ImageSet that `index` counts in, and whose mean and std normalise every image.
    history: a recorded training run of the model, through which `step` travels.
    budget_bytes: the most that one run may record; None takes Probe's.

    Setting a selection measures at once, in the calling thread. A value that cannot be shown
    raises TraitError (or the model's own error) and leaves everything as it was.
    """

    index = Int(None, allow_none=True)
    """Which image of the set, from 0; None while `image` is not one of them."""
    image = Array("uint8", axes=(3,))
    """The picture looked at: uint8 (channel, row, column), before normalisation."""
    label = Int(None, allow_none=True)
    """The class that the image is said to have, or None."""
    layer = Unicode()
    """The layer looked at, by its name in `layers`."""
    channel = Int(0)
    """The channel looked at, from 0; the unit, where the layer gives a vector."""
    pixel = Tuple(Int(), Int(), default_value=None, allow_none=True)
    """The pixel looked at in the feature map: (row, column), or None."""
    step = Int(None, allow_none=True)
    """The recorded training step whose weights are looked at; None without a history."""
    run = AnyTrait(None, allow_none=True, read_only=True)
    """Everything the network computed for `image`: a Run."""
    prediction = AnyTrait(None, allow_none=True, read_only=True)
    """What the network says of `image`: a Reading, or None if it does not score classes."""

    def __init__(
        self,
        model: nn.Module,
        images: ImageSet,
        *,
        history: History | None = None,
        budget_bytes: int | None = None,
    ):
        super().__init__()
        if not isinstance(images, ImageSet):
            raise TypeError(
                f"images must be an ImageSet, and is a {type(images).__name__}; "
                "make one with cnnwidgets.load or ImageSet.from_arrays"
            )
        self.images = images
        self.history = history
        self.name = type(model).__name__
        self._slide = copy.deepcopy(model).eval().requires_grad_(False)
        self._probe = Probe(
            self._slide, **({} if budget_bytes is None else {"budget_bytes": budget_bytes})
        )
        self._lock = threading.RLock()
        self._committing = False
        self._scores: dict[int | None, np.ndarray] = {}
        if history is not None:
            self._load(history.steps[-1])
        self._show(images.images[0], index=0, step=history.steps[-1] if history else None)
        self.layer = self._first_layer()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that the image went through, in the order they ran."""
        return tuple(layer for layer in self.run.layers if layer.name in self.run)

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return sum(parameter.numel() for parameter in self._slide.parameters())

    def maps(self, layer: str | None = None) -> np.ndarray:
        """The feature maps of a layer (the selected one) for the image: what the hook stored.

        Returns float32 (channel, row, column), or (unit,) for a vector. Maps without a channel
        axis count as one channel; axes before the last three count as channels.
        """
        values = self.run[layer or self.layer][0].float().cpu().numpy()
        if values.ndim == 0:
            values = values.reshape(1)
        elif values.ndim not in (1, 3):
            values = values.reshape(-1, *values.shape[-2:])
        values.setflags(write=False)
        return values

    def kernels(self, layer: str | None = None) -> Kernels | None:
        """The kernels that make a layer's (the selected one's) maps, or None if there are none."""
        with self._lock:
            return kernels_of(self._probe, self.run, layer or self.layer)

    def predicted(self, progress: Callable[[int], None] | None = None) -> np.ndarray:
        """The class that the network reads in each image of the set.

        Takes a second or so for 10,000 digits, and is remembered for each step; safe in a thread.
        progress: called with the number of images done so far.
        Returns int64 (image,). Raises ValueError for a model that does not score classes.
        """
        with self._lock:
            step, slide = self.step, self._slide
            if step in self._scores:
                return self._scores[step]
            if self.prediction is None:
                raise ValueError(f"{self.name} does not score classes; its output is no vector")
            slide = copy.deepcopy(slide)
        done: list[np.ndarray] = []
        for start in range(0, len(self.images), 500):
            batch = self._batch(self.images.images[start : start + 500])
            with torch.no_grad():
                done.append(next(tensors_in(slide(batch))).argmax(1).cpu().numpy())
            if progress is not None:
                progress(min(start + 500, len(self.images)))
        self._scores[step] = np.concatenate(done)
        return self._scores[step]

    @validate("index")
    def _check_index(self, proposal: Any) -> int | None:
        index = proposal.value
        if index is None or self._committing:
            return index
        if not 0 <= index < len(self.images):
            raise TraitError(
                f"index (={index}) must be from 0 to {len(self.images) - 1}, "
                f"the images of {self.images.name!r}"
            )
        self._show(self.images.images[index], index=index, step=self.step)
        return index

    @validate("image")
    def _check_image(self, proposal: Any) -> np.ndarray:
        if self._committing:
            return proposal.value
        self._show(proposal.value, index=None, step=self.step)
        return self.image

    @validate("step")
    def _check_step(self, proposal: Any) -> int | None:
        if self._committing or proposal.value == self.step:
            return proposal.value
        if self.history is None or proposal.value is None:
            raise TraitError(
                f"step (={proposal.value}) needs a recorded history; "
                "give one with Microscope(model, images, history=...)"
                if self.history is None
                else "step must be a recorded step of the history, and is None"
            )
        step, before = self.history.at(proposal.value).step, self.step
        self._load(step)
        try:
            self._show(self.image, index=self.index, step=step, label=self.label)
        except Exception:
            self._load(before)
            raise
        return step

    @validate("layer")
    def _check_layer(self, proposal: Any) -> str:
        names = [layer.name for layer in self.layers]
        if proposal.value not in names:
            near = difflib.get_close_matches(proposal.value, names, n=2) or names[:3]
            hint = " or ".join(map(repr, near))
            raise TraitError(f"no layer {proposal.value!r}; did you mean {hint}?")
        return proposal.value

    @observe("layer")
    def _keep_selections_inside(self, _change: Any) -> None:
        maps = self.maps()
        if self.channel >= len(maps):
            self.channel = 0
        if self.pixel is not None and not _inside(self.pixel, maps.shape[1:]):
            self.pixel = None

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        count = len(self.maps())
        if not 0 <= proposal.value < count:
            raise TraitError(
                f"channel (={proposal.value}) must be from 0 to {count - 1}, "
                f"the channels of {self.layer!r}"
            )
        return proposal.value

    @validate("pixel")
    def _check_pixel(self, proposal: Any) -> tuple[int, int] | None:
        shape = self.maps().shape[1:]
        if proposal.value is not None and not _inside(proposal.value, shape):
            size = f"{shape[0]} rows and {shape[1]} columns" if shape else "single values"
            raise TraitError(
                f"pixel (={proposal.value}) is outside {self.layer!r}, which has {size}"
            )
        return proposal.value

    def _load(self, step: int) -> None:
        assert self.history is not None
        with self._lock:
            self._slide.load_state_dict(self.history.at(step).weights)

    def _show(
        self, image: Any, *, index: int | None, step: int | None, label: int | None = None
    ) -> None:
        """Measures an image, and only when that went well makes it the selected one."""
        with self._lock:
            pixels = as_pixels(image)
            pixels = pixels[None] if pixels.ndim == 2 else pixels
            run = self._probe.run(self._batch(pixels[None]))
            self._committing = True
            try:
                self.image = pixels
                self.index = index
                self.label = label if index is None else int(self.images.labels[index])
                self.step = step
                self.set_trait("prediction", _reading(run.output))
                self.set_trait("run", run)
            finally:
                self._committing = False

    def _batch(self, images: np.ndarray) -> Tensor:
        channels = len(self.images.mean)
        if images.shape[1] != channels:
            raise TraitError(
                f"image has {images.shape[1]} channels, and the images of "
                f"{self.images.name!r} have {channels}"
            )
        first = next((p for p in self._slide.parameters() if p.is_floating_point()), None)
        batch = torch.from_numpy(self.images.normalize(images))
        return batch if first is None else batch.to(first.device, first.dtype)

    def _first_layer(self) -> str:
        return next(
            (layer.name for layer in self.layers if layer.kind == "Conv2d"), self.layers[0].name
        )


def _inside(pixel: tuple[int, int], shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and all(0 <= at < size for at, size in zip(pixel, shape, strict=True))


def _reading(output: Any) -> Reading | None:
    scores = next(tensors_in(output), None)
    if scores is None or scores.ndim != 2:
        return None
    logits = scores[0].float().cpu()
    sums_to_one = bool((logits >= 0).all()) and abs(float(logits.sum()) - 1) < 1e-3
    probabilities = logits if sums_to_one else logits.softmax(0)
    return Reading(logits.numpy(), probabilities.numpy())
