"""The microscope: the one state that all views of a network share."""

import copy
import difflib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from traitlets import Any as AnyTrait
from traitlets import TraitError, Unicode, validate

from cnnwidgets.arrays import Pixels
from cnnwidgets.data import ImageSet
from cnnwidgets.network.kernels import Kernels, kernels_of
from cnnwidgets.network.probe import Layer, Probe, Run
from cnnwidgets.network.reading import Reading, maps_of, reading_of, scores_in
from cnnwidgets.network.threads import threads_for
from cnnwidgets.training.history import History
from cnnwidgets.traits import LOCK, Locked, Place, Whole, commit, in_words, same

__all__ = ["Microscope", "Reading"]

SELECTIONS = ("index", "image", "label", "layer", "channel", "pixel", "step")
BATCH_IMAGES = 500
BATCH_VALUES = 4_000_000


class Microscope(Locked):
    """Looks at one network and one image: what was selected, and what was measured there.

    model: any nn.Module that takes (batch, channel, row, column); it is copied, never touched.
    images: the ImageSet that `index` counts in, and whose mean and std normalise every image.
    history: a recorded training run of the model, through which `step` travels.
    budget_bytes: the most that one run may record; None takes Probe's.

    Setting a selection measures at once, in the calling thread. A value that cannot be shown
    raises TraitError and leaves everything as it was. Several are set as one within
    `hold_trait_notifications()`. Observers are told when every trait has its new value.

    Raises TypeError or ValueError for a model, images or a history that do not fit together.
    """

    index = Whole(None, allow_none=True)
    """Which image of the set, from 0; None while `image` is not one of them."""
    image = Pixels()
    """The picture looked at: uint8 (channel, row, column), before normalisation. It may be set to
    anything `as_pixels` takes, (row, column) too."""
    label = Whole(None, allow_none=True)
    """The class that the image is said to have, or None."""
    layer = Unicode()
    """The layer looked at, by its name in `layers`."""
    channel = Whole(0)
    """The channel looked at, from 0; the unit, where the layer gives a vector."""
    pixel = Place()
    """The pixel looked at in the feature map: (row, column), or None."""
    step = Whole(None, allow_none=True)
    """The recorded training step whose weights are looked at; None without a history. Set to
    another number, it becomes the nearest recorded step."""
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
        _check_images(images)
        self.images = images
        self.history = history
        self.name = type(model).__name__
        self._stage: Any = None  # the widgets' own: what carries this to a page
        self._slide = _copy_of(model)
        budget = {} if budget_bytes is None else {"budget_bytes": budget_bytes}
        self._probe = Probe(self._slide, **budget)
        self._loaded: int | None = None
        self._scores: dict[int | None, np.ndarray] = {}
        # What the traits were when all of them fitted together.
        self._settled: dict[str, Any] = dict.fromkeys(self.trait_names())
        self._settle({"index": 0, "step": _last_step(history)})

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that gave numbers for the image, in the order they ran."""
        return _shown(self.run)

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return sum(parameter.numel() for parameter in self._slide.parameters())

    def maps(self, layer: str | None = None) -> np.ndarray:
        """The feature maps of a layer (the selected one) for the image: what the hook stored.

        Returns read-only float32 (channel, row, column), or (unit,) for a vector. Maps without a
        channel axis count as one channel; axes before the last three count as channels.
        """
        return maps_of(self.run, layer or self.layer)

    def kernels(self, layer: str | None = None) -> Kernels | None:
        """The kernels that make a layer's (the selected one's) maps, or None if there are none."""
        with LOCK:
            self._load(self._settled["step"])
            return kernels_of(self._probe, self.run, layer or self.layer)

    def predicted(self, progress: Callable[[int], None] | None = None) -> np.ndarray:
        """The class that the network of the selected step reads in each image of the set.

        Takes a second or so for 10,000 digits, and is remembered for each step; safe in a thread.
        A step selected meanwhile is the one answered for.
        progress: called with the number of images done so far; what it raises ends the reading.
        Returns int64 (image,). Raises ValueError for a model that does not score classes.
        """
        while True:
            with LOCK:
                step = self._settled["step"]
                if step in self._scores:
                    return self._scores[step]
                if self.prediction is None:
                    raise ValueError(f"{self.name} does not score classes; its output is no vector")
                self._load(step)
                probe = Probe(copy.deepcopy(self._slide), self._probe.budget_bytes)
            done: list[np.ndarray] = []
            at, size = 0, max(1, BATCH_VALUES // self.images.images[0].size)
            while at < len(self.images) and self._settled["step"] == step:
                batch = self._batch(self.images.images[at : at + min(size, BATCH_IMAGES)])
                scores = scores_in(probe.run(batch, layers=[]).output)
                if scores is None or len(scores) != len(batch):
                    raise ValueError(f"{self.name} does not score {len(batch)} images at once")
                done.append(scores.argmax(1).cpu().numpy())
                at += len(batch)
                if progress is not None:
                    progress(at)
            if at == len(self.images):
                self._scores[step] = np.concatenate(done)
                self._scores[step].setflags(write=False)

    @validate(*SELECTIONS)
    def _check(self, proposal: Any) -> Any:
        """Settles what is set; within hold_trait_notifications, everything set there at once."""
        name = proposal.trait.name
        wanted = {
            other: getattr(self, other)
            for other in SELECTIONS
            if other != name and not same(self._settled[other], getattr(self, other))
        }
        if not same(self._settled[name], proposal.value):
            wanted[name] = proposal.value
        if wanted:
            try:
                self._settle(wanted)
            except TraitError:
                raise
            except Exception as problem:
                raise TraitError(in_words(problem)) from problem
        return getattr(self, name)

    def _settle(self, wanted: dict[str, Any]) -> None:
        """Measures what is wanted, and only when all of it can be shown makes it the state."""
        now = {**self._settled, **self._picture(wanted)}
        now["step"] = self._recorded(wanted.get("step", now["step"]))
        if now["image"] is not self._settled["image"] or now["step"] != self._settled["step"]:
            self._load(now["step"])
            with threads_for(self._settled["run"]):
                now["run"] = self._probe.run(self._batch(now["image"][None]))
            now["prediction"] = reading_of(now["run"])
        now |= self._place(now["run"], wanted)
        self._settled = now
        commit(self, now)

    def _picture(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The image that is wanted, with its index and label."""
        index, label = wanted.get("index"), wanted.get("label")
        if label is not None:
            _within("label", label, len(self.images.classes), f"classes of {self.images.name!r}")
        if index is not None:
            _within("index", index, len(self.images), f"images of {self.images.name!r}")
            known = int(self.images.labels[index]) if label is None else label
            return {"index": index, "image": self.images.images[index], "label": known}
        if "image" in wanted:
            if wanted["image"] is None:
                raise TraitError("image must be a picture (channel, row, column), and is None")
            return {"index": None, "image": wanted["image"], "label": label}
        return {name: wanted[name] for name in ("index", "label") if name in wanted}

    def _recorded(self, step: int | None) -> int | None:
        if self.history is None:
            if step is not None:
                raise TraitError(
                    f"step (={step}) needs a recorded history; "
                    "give one with Microscope(model, images, history=...)"
                )
            return None
        if step is None:
            raise TraitError(f"step must be a recorded step, such as {self.history.steps[-1]}")
        return min(self.history.steps, key=lambda recorded: abs(recorded - step))

    def _place(self, run: Run, wanted: dict[str, Any]) -> dict[str, Any]:
        """Layer, channel and pixel as wanted; those before where they still fit."""
        shown = {layer.name: layer for layer in _shown(run)}
        if not shown:
            raise ValueError(f"no layer of {self.name} gives numbers for an image: nothing to show")
        layer = wanted.get("layer", self._settled["layer"])
        if layer not in shown and "layer" in wanted:
            near = difflib.get_close_matches(layer, shown, n=2) or list(shown)[:3]
            raise TraitError(f"no layer {layer!r}; did you mean {' or '.join(map(repr, near))}?")
        if layer not in shown:
            first = next((name for name, each in shown.items() if each.kind == "Conv2d"), None)
            layer = first or next(iter(shown))
        count, *sides = maps_of(run, layer).shape
        channel = wanted.get("channel", self._settled["channel"] or 0)
        if "channel" in wanted:
            _within("channel", channel, count, f"channels of {layer!r}")
        pixel = wanted.get("pixel", self._settled["pixel"])
        inside = pixel is not None and len(sides) == 2 and _inside(pixel, sides)
        if pixel is not None and "pixel" in wanted and not inside:
            size = f"{sides[0]} rows and {sides[1]} columns" if sides else "single values"
            raise TraitError(f"pixel (={pixel}) is outside {layer!r}, which has {size}")
        return {
            "layer": layer,
            "channel": channel if channel < count else 0,
            "pixel": pixel if inside else None,
        }

    def _load(self, step: int | None) -> None:
        """Puts the weights of a recorded step into the slide, if they are not there.

        Whoever runs the slide calls this first, so a refused step need not be taken back.
        """
        if step is None or step == self._loaded or self.history is None:
            return
        self._loaded = None
        try:
            self._slide.load_state_dict(self.history.at(step).weights)
        except RuntimeError as problem:
            words = " ".join(str(problem).split())
            raise ValueError(f"history does not fit {self.name}: {words}") from problem
        self._loaded = step

    def _batch(self, images: np.ndarray) -> Tensor:
        channels = len(self.images.mean)
        if images.shape[1] != channels:
            raise TraitError(
                f"image has {images.shape[1]} channels, and the images of "
                f"{self.images.name!r} have {channels}"
            )
        return torch.from_numpy(self.images.normalize(images))


def _check_images(images: object) -> None:
    if not isinstance(images, ImageSet):
        raise TypeError(
            f"images must be an ImageSet, and is a {type(images).__name__}; "
            "make one with cnnwidgets.load or ImageSet.from_arrays"
        )
    if not len(images):
        raise ValueError(f"images ({images.name!r}) is an empty set; give at least one image")


def _last_step(history: object) -> int | None:
    if history is None:
        return None
    if not isinstance(history, History):
        raise TypeError(f"history must be a History or None, and is a {type(history).__name__}")
    if not history.steps:
        raise ValueError("history has no snapshots yet; take one with add_snapshot")
    return history.steps[-1]


def _copy_of(model: nn.Module) -> nn.Module:
    """A copy of the model that evaluates, and learns nothing."""
    model = Probe(model).model
    try:
        slide = copy.deepcopy(model)
    except Exception as problem:
        name = type(model).__name__
        raise TypeError(f"model (a {name}) cannot be copied: {in_words(problem)}") from problem
    for module in slide.modules():  # not slide.eval(), which a model may override
        module.training = False
    return slide.requires_grad_(False)


def _shown(run: Run) -> tuple[Layer, ...]:
    return tuple(layer for layer in run.layers if layer.name in run and run[layer.name].numel())


def _inside(pixel: tuple[int, int], sides: list[int]) -> bool:
    return all(0 <= at < side for at, side in zip(pixel, sides, strict=True))


def _within(name: str, value: int, count: int, of: str) -> None:
    if not 0 <= value < count:
        raise TraitError(f"{name} (={value}) must be from 0 to {count - 1}, the {of}")
