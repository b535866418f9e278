"""The loop: one optimizer step at a time, and nothing else."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.network.memory import keep_freed_memory
from cnnwidgets.network.threads import steady_threads
from cnnwidgets.network.untouched import uncompiled
from cnnwidgets.training.batches import Batches, check_fits, logits_in, mode
from cnnwidgets.training.randomness import randomness
from cnnwidgets.training.settings import Settings
from cnnwidgets.training.snapshot import copies_of
from cnnwidgets.training.words import no_number

__all__ = ["Loop", "Phase", "State", "Step", "train"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one optimizer step did.

    step: steps done so far; the first is 1.
    epoch: the pass over the images that it belongs to; the first is 1.
    loss_nats: mean cross-entropy of its batch, before the update.
    accuracy: share of its batch classified correctly, before the update, in 0..1.
    learning_rate: the one it used.
    images_per_second: of the loop alone: its batch over the time of its four phases.
    """

    step: int
    epoch: int
    loss_nats: float
    accuracy: float
    learning_rate: float
    images_per_second: float = field(default=math.nan, compare=False)


class Phase(Enum):
    """The four parts of an optimizer step, in their order."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that the next step depends on, between two steps: copies on the CPU.

    step: steps done. epoch: the pass that the next step belongs to, the first is 1; seen: images
    of it that are done. weights: the model's state dict. optimizer: its tensors by
    "parameter.name", such as "0.exp_avg".
    """

    step: int
    epoch: int
    seen: int
    settings: Settings
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]


class Loop:
    """A training run that is advanced by hand: by steps, or by the four phases of a step.

    model is trained in place; it takes (batch, channel, row, column) normalised images and
    returns (batch, class) logits. Between steps every module's training flag is as the caller
    left it. The global random state stays: what a model draws in a step, as dropout does, depends
    on the seed and the step alone. On a CPU, the same torch version, processor type and number of
    threads give bit-identical weights.

    Raises TypeError or ValueError, before the first step, for what cannot work.
    """

    def __init__(self, model: nn.Module, images: ImageSet, settings: Settings) -> None:
        check_fits(model, images)
        self.model = model
        self._named = uncompiled(model)  # by whose names the weights are kept
        self._parameters = [each for each in model.parameters() if each.requires_grad]
        if not self._parameters:
            raise ValueError("model has no parameter to train; set requires_grad on some")
        keep_freed_memory()
        self._images = len(images)
        self._batches = Batches(model, images)
        self.settings = settings
        self._optimizer = settings.make_optimizer(self._parameters)
        self.step = 0
        """Steps done."""
        self.epoch = 1
        """The pass over the images that the next step belongs to."""
        self.seen = 0
        """Images of this pass that are done."""
        self.phase = Phase.FORWARD
        """What `advance` does next."""
        self._drawn = 0
        self._rate = math.nan
        self._spent_s = 0.0
        self._inputs = self._labels = self._logits = self._loss = torch.empty(0)
        self._buffers: list[tuple[dict[str, Tensor | None], str, Tensor, Tensor]] = []

    @property
    def total(self) -> int:
        """Steps of the whole run, under the present settings."""
        left = self.settings.batches(self._images - self.seen)
        later = max(0, self.settings.epochs - self.epoch) * self.settings.batches(self._images)
        return self.step + later + (left if self.epoch <= self.settings.epochs else 0)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch > self.settings.epochs

    def change(self, settings: Settings) -> None:
        """Goes on with other settings; another optimizer starts without memory.

        Raises ValueError for another seed, or amid a step.
        """
        self._check_between_steps()
        if settings.seed != self.settings.seed:
            raise ValueError(f"seed (={settings.seed}) belongs to the run; start a new one")
        if settings.optimizer != self.settings.optimizer:
            self._optimizer = settings.make_optimizer(self._parameters)
        self.settings = settings

    def __next__(self) -> Step:
        """Does one step, or what is left of one. Raises StopIteration when all are done."""
        if self.finished:
            raise StopIteration
        done = None
        while done is None:
            done = self.advance()
        return done

    def __iter__(self) -> Iterator[Step]:
        return self

    def advance(self) -> Step | None:
        """Does the next phase; returns the Step when it was the update.

        After BACKWARD the parameters' .grad are those of this step. Raises FloatingPointError if
        the loss is no finite number; the step is then given up, with the weights as before it.
        """
        began_s = time.perf_counter()
        try:
            with steady_threads():
                self._do(self.phase)
        except BaseException:
            self.give_up()
            raise
        self._spent_s += time.perf_counter() - began_s
        if self.phase is Phase.UPDATE:
            done = self._count()
            self._begin()
            return done
        self.phase = list(Phase)[list(Phase).index(self.phase) + 1]
        return None

    def give_up(self) -> None:
        """Forgets a step that was begun: the next phase is the forward pass of the same batch.

        What the forward pass did to the model's buffers, as batch normalisation does, is undone.
        """
        for owner, name, buffer, before in self._buffers:
            owner[name] = buffer.copy_(before)  # a model may put another tensor there
        self._begin()

    def _begin(self) -> None:
        self.phase = Phase.FORWARD
        self._buffers = []
        self._spent_s = 0.0
        self._inputs = self._labels = self._logits = self._loss = torch.empty(0)

    def _do(self, phase: Phase) -> None:
        if phase is Phase.FORWARD:
            self._rate = self.settings.rate(self.step, self.total)
            self._buffers = [
                (module._buffers, name, each, each.clone())
                for module in self.model.modules()
                for name, each in module.named_buffers(recurse=False)
            ]
            self._inputs, self._labels = self._batches.take(self._batch())
            with (
                mode(self.model, training=True),
                randomness(self.settings.seed, self.step, self._inputs.device),
                torch.enable_grad(),
            ):
                self._logits = logits_in(self.model(self._inputs))
        elif phase is Phase.LOSS:
            with torch.enable_grad():
                self._loss = cross_entropy(self._logits, self._labels)
            if not math.isfinite(self.loss_nats):
                # What is set, and not this step's, which a schedule may have made a part of it.
                smaller = min(self.settings.learning_rate / 10, Settings().learning_rate)
                raise FloatingPointError(no_number(self.loss_nats, self.step + 1, smaller))
        elif phase is Phase.BACKWARD:
            self._optimizer.zero_grad()
            self._loss.backward()
        else:
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate
            self._optimizer.step()

    @property
    def loss_nats(self) -> float:
        """The loss of the step that is under way, after its LOSS."""
        return float(self._loss.detach())

    @property
    def learning_rate(self) -> float:
        """The rate of the step that is under way."""
        return self._rate

    def _batch(self) -> Tensor:
        """The images of the next step, by index: (batch,)."""
        if self._drawn > self.epoch or not self._drawn:
            self._order = torch.Generator().manual_seed(self.settings.seed)
            self._drawn = 0
        while self._drawn < self.epoch:  # each epoch's order is the next that its seed gives
            self._permutation = torch.randperm(self._images, generator=self._order)
            self._drawn += 1
        last = self.settings.batches(self._images - self.seen) == 1
        return self._permutation[self.seen : None if last else self.seen + self.settings.batch_size]

    def _count(self) -> Step:
        """Records the step that was done, and goes on to the next batch."""
        count = len(self._labels)
        hits = (self._logits.argmax(1) == self._labels).sum().item()
        self.step += 1
        speed = count / self._spent_s
        done = Step(self.step, self.epoch, self.loss_nats, hits / count, self._rate, speed)
        self.seen += count
        if self.seen >= self._images:
            self.epoch, self.seen = self.epoch + 1, 0
        return done

    def state(self) -> State:
        """All that the next step depends on, copied. Raises ValueError amid a step."""
        self._check_between_steps()
        optimizer = {
            f"{place}.{name}": value.detach().to("cpu", copy=True)
            for place, values in self._optimizer.state_dict()["state"].items()
            for name, value in values.items()
            if isinstance(value, Tensor)
        }
        kept = (MappingProxyType(each) for each in (copies_of(self._named.state_dict()), optimizer))
        return State(self.step, self.epoch, self.seen, self.settings, *kept)

    def restore(self, state: State) -> None:
        """Goes to a state: what follows is bit-identical to what followed it the first time."""
        self.give_up()
        if state.settings.seed != self.settings.seed:
            self._drawn = 0
        self._named.load_state_dict(state.weights)
        self.settings = state.settings
        self._optimizer = state.settings.make_optimizer(self._parameters)
        memory: dict[int, dict[str, Any]] = {}
        for name, value in state.optimizer.items():
            place, _, key = name.partition(".")
            weight = self._parameters[int(place)]
            if value.shape == weight.shape:  # a fused optimizer reads both in the order of memory
                value = torch.empty_like(weight, dtype=value.dtype).copy_(value)
            memory.setdefault(int(place), {})[key] = value.clone()
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": memory, "param_groups": groups})
        self.step, self.epoch, self.seen = state.step, state.epoch, state.seen

    def _check_between_steps(self) -> None:
        if self.phase is not Phase.FORWARD:
            raise ValueError(f"a step is under way, its {self.phase.value} comes next; finish it")


def train(
    model: nn.Module,
    images: ImageSet,
    *,
    epochs: int = 4,
    batch_size: int = 128,
    learning_rate: float = 6e-3,
    optimizer: str = "adamw",
    schedule: str = "one_cycle",
    seed: int = 0,
) -> Iterator[Step]:
    """Train model in place: each next() does one step and yields its Step.

    model and what holds between steps: see Loop. The others: see Settings.
    Raises TypeError or ValueError at once, before the first step, for a setting that cannot work.
    """
    settings = Settings(epochs, batch_size, learning_rate, optimizer, schedule, seed)
    return Loop(model, images, settings)
