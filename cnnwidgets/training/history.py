"""History: what happened at every step of a training run, and the weights at some."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cnnwidgets.data.files import write_atomically
from cnnwidgets.training.loop import Step

_FORMAT = "cnnwidgets.history"
_VERSION = 1
# safetensors writes several metadata entries in random order; one keeps files reproducible.
_METADATA = "cnnwidgets"


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The run's steps as read-only arrays (step,): see Step for their meaning."""

    step: np.ndarray
    epoch: np.ndarray
    loss_nats: np.ndarray
    accuracy: np.ndarray
    learning_rate: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The network at one moment.

    step: optimizer steps done; 0 is before the first.
    weights: a state dict of CPU tensors, a copy that is yours to keep.
    accuracy, loss_nats: on the test images, in 0..1 and in nats.
    """

    step: int
    weights: Mapping[str, Tensor]
    accuracy: float
    loss_nats: float


class History:
    """Metrics of every step, weight snapshots at some; added in the order of the steps.

    notes: how the run was made, as text; saved with it.
    """

    def __init__(self, notes: Mapping[str, str] | None = None) -> None:
        self.notes = dict(notes or {})
        self._metrics: list[Step] = []
        self._snapshots: list[Snapshot] = []

    def __repr__(self) -> str:
        return f"<History: {len(self._metrics):,} steps, {len(self._snapshots)} snapshots>"

    @property
    def metrics(self) -> Metrics:
        """Metrics of all steps so far, copied."""
        records = tuple(self._metrics)
        columns = {}
        for field in fields(Metrics):
            dtype = np.int64 if field.name in ("step", "epoch") else np.float64
            column = np.array([getattr(record, field.name) for record in records], dtype=dtype)
            column.flags.writeable = False
            columns[field.name] = column
        return Metrics(**columns)

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which a snapshot was taken, ascending."""
        return tuple(snapshot.step for snapshot in tuple(self._snapshots))

    def add_step(self, step: Step) -> None:
        """Add one step's metrics. Raises ValueError if it does not come after the last."""
        _check_after(step.step, self._metrics)
        self._metrics.append(step)

    def add_snapshot(
        self, step: int, weights: Mapping[str, Tensor], *, accuracy: float, loss_nats: float
    ) -> None:
        """Add a copy of weights, a state dict, as they are after step.

        Raises ValueError if step does not come after the last snapshot, or if the parameters
        are not those of the snapshots before.
        """
        _check_after(step, self._snapshots)
        if self._snapshots:
            _check_same(weights, self._snapshots[0].weights)
        copy = MappingProxyType(_copies(weights))
        self._snapshots.append(Snapshot(int(step), copy, float(accuracy), float(loss_nats)))

    def at(self, step: int) -> Snapshot:
        """The snapshot nearest to step, the earlier of two as near.

        Raises LookupError if there is none yet.
        """
        snapshots = tuple(self._snapshots)
        if not snapshots:
            raise LookupError("history has no snapshots yet; take one with add_snapshot")
        nearest = min(snapshots, key=lambda snapshot: abs(snapshot.step - step))
        copy = MappingProxyType(_copies(nearest.weights))
        return Snapshot(nearest.step, copy, nearest.accuracy, nearest.loss_nats)

    def save(self, path: str | PathLike[str]) -> None:
        """Write one safetensors file: the old file stays until the new one is complete.

        The same history gives the same bytes. Raises ValueError if there is no snapshot.
        """
        if not self._snapshots:
            raise ValueError("history has no snapshots to save; take one with add_snapshot")
        tensors = self._tensors()
        header = {"format": _FORMAT, "version": _VERSION, "notes": self.notes}
        header["sha256"] = _digest(tensors, self.notes)
        metadata = {_METADATA: json.dumps(header, sort_keys=True)}
        write_atomically(Path(path), save(tensors, metadata))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "History":
        """The history that save wrote to path.

        Raises FileNotFoundError, or ValueError if the file is damaged, newer or of another kind.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no history at {str(path)!r}; give a file that save wrote")
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {}).get(_METADATA, "{}"))
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError) as error:
            raise ValueError(_damaged(path, str(error).splitlines()[0].rstrip("."))) from error
        _check_header(header, path)
        if header.get("sha256") != _digest(tensors, header.get("notes")):
            raise ValueError(_damaged(path, "its SHA-256 differs from the one it was saved with"))
        return cls._from_tensors(tensors, header["notes"])

    def _tensors(self) -> dict[str, Tensor]:
        """Everything but the notes, by its name in the file."""
        metrics, snapshots = self.metrics, tuple(self._snapshots)
        tensors = {
            f"metrics/{field.name}": torch.tensor(getattr(metrics, field.name))
            for field in fields(Metrics)
        }
        tensors["snapshots/step"] = torch.tensor([s.step for s in snapshots])
        for name in ("accuracy", "loss_nats"):
            values = [getattr(snapshot, name) for snapshot in snapshots]
            tensors[f"snapshots/{name}"] = torch.tensor(values, dtype=torch.float64)
        for name in snapshots[0].weights:
            tensors[f"weights/{name}"] = torch.stack([s.weights[name] for s in snapshots])
        return tensors

    @classmethod
    def _from_tensors(cls, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> "History":
        history = cls(notes)
        columns = [tensors[f"metrics/{field.name}"].tolist() for field in fields(Metrics)]
        names = [field.name for field in fields(Metrics)]
        for row in zip(*columns, strict=True):
            history.add_step(Step(**dict(zip(names, row, strict=True))))
        stacks = {
            name.removeprefix("weights/"): stack
            for name, stack in tensors.items()
            if name.startswith("weights/")
        }
        for place, step in enumerate(tensors["snapshots/step"].tolist()):
            history.add_snapshot(
                step,
                {name: stack[place] for name, stack in stacks.items()},
                accuracy=tensors["snapshots/accuracy"][place].item(),
                loss_nats=tensors["snapshots/loss_nats"][place].item(),
            )
        return history


def _copies(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.detach().to("cpu", copy=True) for name, weight in weights.items()}


def _check_after(step: int, records: list[Step] | list[Snapshot]) -> None:
    last = records[-1].step if records else -1
    if step <= last:
        raise ValueError(f"step (={step}) must come after {last}, the last one recorded")


def _check_same(weights: Mapping[str, Tensor], known: Mapping[str, Tensor]) -> None:
    def kinds(of: Mapping[str, Tensor]) -> set[tuple]:
        return {(name, tuple(weight.shape), weight.dtype) for name, weight in of.items()}

    if odd := sorted(kinds(weights) ^ kinds(known), key=str):
        name, shape, _ = odd[0]
        raise ValueError(
            f"weights differ from the snapshots before at {name!r} {shape}; "
            "a history holds one network: start a new History"
        )


def _digest(tensors: Mapping[str, Tensor], notes: object) -> str:
    """SHA-256 of every tensor's name, kind and bytes, and of the notes."""
    digest = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():  # an empty tensor cannot be viewed as bytes
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _check_header(header: Mapping[str, object], path: Path) -> None:
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError(f"{str(path)!r} is not a training history; give a file that save wrote")
    if header.get("version") != _VERSION:
        raise ValueError(
            f"{str(path)!r} has version {header.get('version')} of the format, this cnnwidgets "
            f"reads {_VERSION}; update cnnwidgets"
        )


def _damaged(path: Path, reason: str) -> str:
    return f"{str(path)!r} is damaged ({reason}); save it again, or reinstall if it was shipped"


def snapshot_steps(total: int, count: int = 40) -> tuple[int, ...]:
    """At most count steps from 0 to total, both included, dense at the start.

    The gaps grow by a constant factor, once they are longer than one step.
    """
    if total < 1 or count < 2:
        raise ValueError(f"total (={total}) must be at least 1, count (={count}) at least 2")
    if count > total:
        return tuple(range(total + 1))
    points = count
    while True:
        steps: set[int] = {0, *np.geomspace(1, total, points).round().astype(int).tolist()}
        if len(steps) >= count:
            return tuple(sorted(steps))
        points += 1
