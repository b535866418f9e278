"""History: what happened at every step of a training run, and the weights at some."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnwidgets.training.columns import Columns, columns_of
from cnnwidgets.training.loop import Step
from cnnwidgets.training.sealed import part_of, read_sealed_tensors, write_sealed_tensors
from cnnwidgets.training.snapshot import Snapshot, check_same, copies_of
from cnnwidgets.training.thinning import least_missed
from cnnwidgets.training.watchers import Watchers

FORMAT = "cnnwidgets.history"


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The run's steps as read-only arrays (step,): see Step for their meaning."""

    step: np.ndarray
    epoch: np.ndarray
    loss_nats: np.ndarray
    accuracy: np.ndarray
    learning_rate: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """What was measured on test images, as read-only arrays (evaluation,).

    step: steps done; 0 is before the first. accuracy in 0..1, mean cross-entropy in nats.
    """

    step: np.ndarray
    accuracy: np.ndarray
    loss_nats: np.ndarray


class History:
    """Metrics of every step, weight snapshots at some; added in the order of the steps.

    notes: how the run was made, as text; saved with it.
    budget_bytes: the most that snapshots may hold; beyond it the least missed one goes (see
    `least_missed`). None keeps all.

    One thread may add while others read.
    """

    def __init__(
        self, notes: Mapping[str, str] | None = None, *, budget_bytes: int | None = None
    ) -> None:
        self.notes = dict(notes or {})
        self.budget_bytes = budget_bytes
        self._metrics = Columns(Metrics)
        self._evaluations = Columns(Evaluations)
        self._snapshots: tuple[Snapshot, ...] = ()
        self._watchers = Watchers()

    def __repr__(self) -> str:
        return f"<History: {len(self._metrics):,} steps, {len(self._snapshots)} snapshots>"

    @property
    def metrics(self) -> Metrics:
        """Metrics of all steps so far, copied."""
        return self._metrics.copy()

    def latest(self, count: int) -> Metrics:
        """Metrics of the last `count` steps, copied."""
        return self._metrics.copy(count)

    @property
    def evaluations(self) -> Evaluations:
        """All evaluations so far, copied."""
        return self._evaluations.copy()

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which a snapshot was taken, ascending."""
        return tuple(snapshot.step for snapshot in self._snapshots)

    @property
    def last_step(self) -> int:
        """The step of the newest snapshot; -1 if there is none."""
        return self._snapshots[-1].step if self._snapshots else -1

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """All snapshots, ascending; their weights are the history's own: read them only."""
        return self._snapshots

    def add_step(self, step: Step) -> None:
        """Add one step's metrics. Raises ValueError if it does not come after the last."""
        _check_after(step.step, self._metrics.last_step)
        self._metrics.add(step)

    @property
    def last_evaluated(self) -> int:
        """The step of the last evaluation; -1 if there is none."""
        return self._evaluations.last_step

    def add_evaluation(self, step: int, *, accuracy: float, loss_nats: float) -> None:
        """Add what was measured on test images after step; a snapshot of that step gets it too.

        Raises ValueError if step does not come after the last evaluation.
        """
        _check_after(step, self.last_evaluated)
        self._evaluations.add(_Evaluated(step, accuracy, loss_nats))
        found: dict[str, Any] = {
            "accuracy": float(accuracy),
            "loss_nats": float(loss_nats),
            "tested": True,
        }
        self._snapshots = tuple(
            replace(each, **found) if each.step == step else each for each in self._snapshots
        )
        self._tell()

    def add_snapshot(
        self,
        step: int,
        weights: Mapping[str, Tensor],
        *,
        accuracy: float = math.nan,
        loss_nats: float = math.nan,
        tested: bool = True,
    ) -> None:
        """Add a copy of weights, a state dict, as they are after step.

        Raises ValueError if step does not come after the last snapshot, or if the parameters
        are not those of the snapshots before.
        """
        known = self._snapshots
        _check_after(step, known[-1].step if known else -1)
        if known:
            check_same(weights, known[0].weights)
        copy = MappingProxyType(copies_of(weights))
        new = Snapshot(int(step), copy, float(accuracy), float(loss_nats), tested)
        self._snapshots = self._within_budget((*known, new))
        self._tell()

    def forget_after(self, step: int) -> None:
        """Drops all that came after step, so that another course can be taken from there."""
        self._metrics.keep_until(step)
        self._evaluations.keep_until(step)
        self._snapshots = tuple(each for each in self._snapshots if each.step <= step)
        self._tell()

    def begin_again(self, weights: Mapping[str, Tensor]) -> None:
        """Drops all; a copy of weights is what the next run begins with, at step 0."""
        self._metrics.keep_until(-1)
        self._evaluations.keep_until(-1)
        self._snapshots = (_unread(0, weights),)  # never without one
        self._tell()

    def renew_last(self, weights: Mapping[str, Tensor]) -> None:
        """Puts a copy of other weights in place of the newest snapshot's, and the metrics stay.

        What was measured on test images at that step is dropped: it was not of these weights.
        """
        *known, last = self._snapshots
        self._evaluations.keep_until(last.step - 1)
        self._snapshots = (*known, _unread(last.step, weights))
        self._tell()

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Calls `told` after every change of the snapshots, in the thread that made it.

        Returns what ends it. One that raises is warned of, and not called again.
        """
        return self._watchers.add(told)

    def nearest(self, step: int) -> Snapshot:
        """The snapshot nearest to step, the earlier of two as near; read its weights only.

        Raises LookupError if there is none yet.
        """
        snapshots = self._snapshots
        if not snapshots:
            raise LookupError("history has no snapshots yet; take one with add_snapshot")
        return min(snapshots, key=lambda snapshot: abs(snapshot.step - step))

    def at(self, step: int) -> Snapshot:
        """As `nearest`, with weights that are yours to keep."""
        found = self.nearest(step)
        return replace(found, weights=MappingProxyType(copies_of(found.weights)))

    def _within_budget(self, snapshots: tuple[Snapshot, ...]) -> tuple[Snapshot, ...]:
        each_bytes = sum(value.nbytes for value in snapshots[0].weights.values())
        budget_bytes = math.inf if self.budget_bytes is None else self.budget_bytes
        while len(snapshots) > 2 and len(snapshots) * each_bytes > budget_bytes:
            out = least_missed([snapshot.step for snapshot in snapshots])
            snapshots = snapshots[:out] + snapshots[out + 1 :]
        return snapshots

    def _tell(self) -> None:
        for problem in self._watchers.tell():
            warnings.warn(f"who watched a history failed: {problem!r}", RuntimeWarning, 3)

    def save(self, path: str | PathLike[str]) -> None:
        """Write one safetensors file: the old file stays until the new one is complete.

        The same history gives the same bytes. Raises ValueError if there is no snapshot.
        """
        if not self._snapshots:
            raise ValueError("history has no snapshots to save; take one with add_snapshot")
        write_sealed_tensors(Path(path), FORMAT, self.tensors(), self.notes)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "History":
        """The history that save wrote to path.

        Raises FileNotFoundError, or ValueError if the file is damaged, newer or of another kind.
        """
        tensors, notes = read_sealed_tensors(Path(path), FORMAT)
        return cls.from_tensors(tensors, notes)

    def tensors(self) -> dict[str, Tensor]:
        """Everything but the notes, by its name in a file."""
        snapshots = self._snapshots
        tensors = {
            f"{kind}/{name}": torch.tensor(column)
            for kind, columns in (("metrics", self.metrics), ("evaluations", self.evaluations))
            for name, column in columns_of(columns).items()
        }
        tensors["snapshots/step"] = torch.tensor([each.step for each in snapshots])
        tensors["snapshots/tested"] = torch.tensor(
            [each.tested for each in snapshots], dtype=torch.uint8
        )
        for name in ("accuracy", "loss_nats"):
            values = [getattr(snapshot, name) for snapshot in snapshots]
            tensors[f"snapshots/{name}"] = torch.tensor(values, dtype=torch.float64)
        for name in snapshots[0].weights if snapshots else ():
            tensors[f"weights/{name}"] = torch.stack([each.weights[name] for each in snapshots])
        return tensors

    @classmethod
    def from_tensors(
        cls,
        tensors: Mapping[str, Tensor],
        notes: Mapping[str, str],
        budget_bytes: int | None = None,
    ) -> "History":
        """The history that gave these `tensors` and notes."""
        history = cls(notes, budget_bytes=budget_bytes)
        history._metrics.fill(part_of(tensors, "metrics"))
        history._evaluations.fill(part_of(tensors, "evaluations"))
        stacks = part_of(tensors, "weights")
        history._snapshots = tuple(
            Snapshot(
                step,
                MappingProxyType({name: stack[place].clone() for name, stack in stacks.items()}),
                tensors["snapshots/accuracy"][place].item(),
                tensors["snapshots/loss_nats"][place].item(),
                bool(tensors["snapshots/tested"][place]),
            )
            for place, step in enumerate(tensors["snapshots/step"].tolist())
        )
        return history


@dataclass(frozen=True, slots=True)
class _Evaluated:
    step: int
    accuracy: float
    loss_nats: float


def _unread(step: int, weights: Mapping[str, Tensor]) -> Snapshot:
    """A snapshot of weights of which it is not known how well they read."""
    return Snapshot(step, MappingProxyType(copies_of(weights)), math.nan, math.nan, False)


def _check_after(step: int, last: int) -> None:
    if step <= last:
        raise ValueError(f"step (={step}) must come after {last}, the last one recorded")
