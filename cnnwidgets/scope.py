"""The microscope: the one state that all views of a network share."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from traitlets import Any as AnyTrait
from traitlets import TraitError, Unicode, validate

from cnnwidgets.arrays import Pixels
from cnnwidgets.data import ImageSet
from cnnwidgets.network.arithmetic import Explanation, Unit, explained
from cnnwidgets.network.kernels import Kernels, kernels_of
from cnnwidgets.network.probe import Layer
from cnnwidgets.network.reading import Reading, classes_in, maps_of, reading_of, scores_of, unit_of
from cnnwidgets.network.receptive import ReceptiveField, receptive_field_in
from cnnwidgets.network.threads import threads_for
from cnnwidgets.place import check_images, layers_in, place_in
from cnnwidgets.pulse import Pulse
from cnnwidgets.slide import Edits, Slide, same_weights
from cnnwidgets.training.history import History, Snapshot
from cnnwidgets.traits import LOCK, Changes, Locked, Place, Whole, commit, in_words, same, within

__all__ = ["Microscope", "Reading"]

SELECTIONS = ("index", "image", "label", "layer", "channel", "pixel", "step", "edits")
BATCH_IMAGES = 500
BATCH_VALUES = 4_000_000


class Microscope(Locked):
    """Looks at one network and one image: what was selected, and what was measured there.

    model: any nn.Module that takes (batch, channel, row, column); it is copied, never touched.
    images: the ImageSet that `index` counts in, and whose mean and std normalise every image.
    history: a recorded training run of the model, through which `step` travels. While it grows,
        `step` stays at the newest moment if it was there, and where it is otherwise.
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
    edits = Changes()
    """What is changed in the network that is looked at: a tuple of Ablate, Scale, SetKernel,
    SetBias and AddNoise. Weights are changed first, then results; each in the order given."""
    run = AnyTrait(None, allow_none=True, read_only=True)
    """Everything the network computed for `image`: a Run."""
    steps = AnyTrait((), read_only=True)
    """The recorded steps that `step` can be, ascending; empty without a history."""
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
        check_images(images)
        self.images = images
        self.history = history
        self._stage: Any = None  # the widgets' own: what carries this to a page
        # What is looked at, and when: for those who hold LOCK, or take a copy `apart`.
        self.slide = Slide(model, budget_bytes)
        self.moment: Snapshot | None = None
        self.name = self.slide.name
        self._scores: dict[int | None, tuple[Snapshot | None, Edits, np.ndarray]] = {}
        # What the traits were when all of them fitted together.
        self._settled: dict[str, Any] = dict.fromkeys(self.trait_names())
        steps = _steps_of(history)
        self._settled |= {"steps": (), "edits": ()}
        self._settle({"index": 0, "step": steps[-1] if steps else None}, steps)
        if history is not None:
            self._follow(history)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that gave numbers for the image, in the order they ran."""
        return layers_in(self.run)

    @property
    def weights_id(self) -> int | None:
        """Tells the weights that are looked at from others, before the edits; None without a
        history. A step that was done again has other weights."""
        return None if self.moment is None else id(self.moment.weights)

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return self.slide.parameters

    def maps(self, layer: str | None = None) -> np.ndarray:
        """The feature maps of a layer (the selected one) for the image: what the hook stored.

        Returns read-only float32 (channel, row, column), or (unit,) for a vector. Maps without a
        channel axis count as one channel; axes before the last three count as channels.
        """
        return maps_of(self.run, layer or self.layer)

    def kernels(self, layer: str | None = None) -> Kernels | None:
        """The kernels that make a layer's (the selected one's) maps, or None if there are none."""
        edits = self._settled["edits"]
        with LOCK, self.slide.under(self.moment, edits) as probe, threads_for(self.run):
            return kernels_of(probe, self.run, layer or self.layer)

    def explain(self, layer: str | None = None, unit: Unit | None = None) -> Explanation:
        """How one value of the present run came about: see `cnnwidgets.explain`.

        layer: the selected one. unit: (channel, row, column), or (unit,) of a vector; the selected
        channel and pixel.
        """
        with LOCK:
            run, edits, at = self.run, self._settled["edits"], self._at(layer, unit)
            with self.slide.under(self.moment, edits) as probe, threads_for(run):
                return explained(probe, run, *at, edits)

    def receptive_field(self, layer: str | None = None, unit: Unit | None = None) -> ReceptiveField:
        """Which pixels of the image can reach a unit: see `cnnwidgets.receptive_field`.

        layer, unit: as in `explain`.
        """
        with LOCK, self.slide.under(self.moment, ()) as probe, threads_for(self.run):
            return receptive_field_in(probe, self.run, *self._at(layer, unit))

    def _at(self, layer: str | None, unit: Unit | None) -> tuple[str, Unit]:
        """A layer, or the selected one; and a unit of it, or that at the selected place."""
        name = layer or self.layer
        shape = self.run.layer(name).shape or ()
        return name, unit_of(self.channel, self.pixel, shape) if unit is None else unit

    def predicted(self, progress: Callable[[int], None] | None = None) -> np.ndarray:
        """The class that the network of the selected step reads in each image of the set.

        Takes a second or so for 10,000 digits, and is remembered for each step; safe in a thread.
        A step selected meanwhile is the one answered for.
        progress: called with the number of images done so far; what it raises ends the reading.
        Returns int64 (image,). Raises ValueError for a model that does not score classes.
        """
        while True:
            with LOCK:
                moment, edits = self.moment, self._settled["edits"]
                known = self._scores.get(self.step)
                if known is not None and same_weights(known[0], moment) and known[1] == edits:
                    return known[2]
                scores_of(self.run.output, 1, self.name)  # or says why there are none
                slide = self.slide.apart(moment)
            size = max(1, min(BATCH_IMAGES, BATCH_VALUES // self.images.images[0].size))
            done: list[np.ndarray] = []
            for at in range(0, len(self.images), size):
                if self.moment is not moment or self._settled["edits"] != edits:
                    break
                with slide.under(moment, edits) as probe:
                    done.append(classes_in(probe, self._batch(self.images.images[at : at + size])))
                if progress is not None:
                    progress(min(at + size, len(self.images)))
            else:
                found = np.concatenate(done)
                found.setflags(write=False)
                self._scores[None if moment is None else moment.step] = (moment, edits, found)

    def _follow(self, history: History) -> None:
        """Catches up with a history that grows, for as long as somebody has this microscope."""
        mine = weakref.ref(self)

        def catch_up() -> None:
            scope = mine()
            if scope is not None:
                scope.catch_up()

        weakref.finalize(self, history.watch(Pulse(catch_up).poke))

    def catch_up(self) -> None:
        """Takes over the recorded steps, and the newest moment if the newest one was looked at."""
        with LOCK:
            steps, moment = self.history.steps if self.history else (), self.moment
            if not steps or moment is None:
                return
            step = min(moment.step, steps[-1]) if moment.step < self.steps[-1] else steps[-1]
            try:  # a step that was done again has other weights; one may be kept no longer
                self._settle({"step": step} if step in steps else {}, steps)
            except Exception as problem:  # no caller hears of it, and a page shows it
                if self._stage is not None:
                    self._stage.error = f"the newest weights cannot be shown: {in_words(problem)}"

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

    def _settle(self, wanted: dict[str, Any], steps: tuple[int, ...] | None = None) -> None:
        """Measures what is wanted, and only when all of it can be shown makes it the state.

        steps: the recorded ones, where they have changed.
        """
        now = {**self._settled, **self._picture(wanted)}
        moment = self._moment_at(wanted["step"]) if "step" in wanted else self.moment
        now["step"] = None if moment is None else moment.step
        now["steps"] = now["steps"] if steps is None else steps
        edits = now["edits"] = tuple(wanted.get("edits", now["edits"]))
        if "edits" in wanted:
            self.slide.check(edits, layers_in(now["run"]) if now["run"] else ())
        same_slide = same_weights(moment, self.moment) and edits == self._settled["edits"]
        if now["image"] is not self._settled["image"] or not same_slide:
            batch = self._batch(now["image"][None])
            now["run"] = self.slide.run(batch, moment, edits, self._settled["run"])
            now["prediction"] = reading_of(now["run"])
        now |= place_in(now["run"], wanted, self._settled, self.name)
        self._settled, self.moment = now, moment
        commit(self, now)

    def _picture(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The image that is wanted, with its index and label."""
        index, label = wanted.get("index"), wanted.get("label")
        if label is not None:
            within("label", label, len(self.images.classes), f"classes of {self.images.name!r}")
        if index is not None:
            within("index", index, len(self.images), f"images of {self.images.name!r}")
            known = int(self.images.labels[index]) if label is None else label
            return {"index": index, "image": self.images.images[index], "label": known}
        if "image" in wanted:
            if wanted["image"] is None:
                raise TraitError("image must be a picture (channel, row, column), and is None")
            return {"index": None, "image": wanted["image"], "label": label}
        if "index" in wanted:
            last = len(self.images) - 1
            raise TraitError(f"index must be from 0 to {last}; set image for another picture")
        return {"label": label} if "label" in wanted else {}

    def _moment_at(self, step: int | None) -> Snapshot | None:
        if self.history is None:
            if step is not None:
                raise TraitError(
                    f"step (={step}) needs a recorded history; "
                    "give one with Microscope(model, images, history=...)"
                )
            return None
        if step is None:
            raise TraitError(f"step must be a recorded step, such as {self.history.steps[-1]}")
        return self.history.nearest(step)

    def _batch(self, images: np.ndarray) -> Tensor:
        channels = len(self.images.mean)
        if images.shape[1] != channels:
            shape, last = images.shape[1:], images.shape[3] == channels
            raise TraitError(
                f"image has shape {shape}; give ({channels}, row, column), as the images of"
                f" {self.images.name!r} are" + (": image.transpose(2, 0, 1)" if last else "")
            )
        return torch.from_numpy(self.images.normalize(images))


def _steps_of(history: object) -> tuple[int, ...]:
    if history is None:
        return ()
    if not isinstance(history, History):
        raise TypeError(f"history must be a History or None, and is a {type(history).__name__}")
    if not history.steps:
        raise ValueError("history has no snapshots yet; take one with add_snapshot")
    return history.steps
