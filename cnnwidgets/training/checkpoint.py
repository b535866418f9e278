"""Checkpoint: a training run in one file, from which it goes on exactly."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnnwidgets.data import ImageSet, load
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.untouched import uncompiled
from cnnwidgets.training.history import History
from cnnwidgets.training.moments import Moments, Rest
from cnnwidgets.training.sealed import part_of, read_sealed_tensors, write_sealed_tensors
from cnnwidgets.training.settings import Settings

FORMAT = "cnnwidgets.checkpoint"


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What a checkpoint says of the recorded moments; copies, for any thread."""

    tensors: dict[str, Tensor]
    notes: dict[str, Any]


class Writer:
    """Writes the recorded moments of a run, with what tells its model and images from others."""

    def __init__(self, model: nn.Module, images: ImageSet, test: ImageSet | None) -> None:
        self._model, self._images, self._test = model, images, test

    @cached_property
    def _about(self) -> dict[str, Any]:
        return {
            "model": type(uncompiled(self._model)).__name__,
            "images": describe(self._images),
            "test": None if self._test is None else describe(self._test),
        }

    def contents(self, moments: Moments) -> Contents:
        """What `write` takes, copied in the thread that adds to the moments."""
        history = moments.history
        tensors = {f"history/{name}": value for name, value in history.tensors().items()}
        remembered: dict[str, list[Tensor]] = {}
        rests = {}
        for step, rest in sorted(moments.rests.items()):
            rests[str(step)] = {
                "epoch": rest.epoch,
                "seen": rest.seen,
                "settings": asdict(rest.settings),
                "optimizer": sorted(rest.optimizer),
            }
            for name, value in rest.optimizer.items():
                remembered.setdefault(name, []).append(value)
        for name, values in remembered.items():  # a tensor each would take long to write and read
            tensors[f"optimizer/{name}"] = torch.stack(values)
        return Contents(tensors, {"history": history.notes, "rests": rests})

    def write(self, path: Path, contents: Contents) -> None:
        """Write one safetensors file: the old one stays until the new one is complete.

        Raises OSError.
        """
        write_sealed_tensors(path, FORMAT, contents.tensors, contents.notes | self._about)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The recorded moments of a run, with what it trains, on what."""

    moments: Moments
    model: nn.Module
    images: ImageSet
    test: ImageSet | None

    @classmethod
    def load(
        cls,
        path: Path,
        model: nn.Module | None = None,
        images: ImageSet | None = None,
        test: ImageSet | None = None,
    ) -> "Checkpoint":
        """What was saved to path. model, images, test: as TrainingSession.resume takes them.

        Raises FileNotFoundError, or ValueError if the file is damaged or does not fit them.
        """
        tensors, notes = read_sealed_tensors(path, FORMAT)
        images = _same_images("images", images, notes["images"])
        if test is not None or notes["test"] is not None:
            test = _same_images("test", test, notes["test"])
        part = part_of(tensors, "history")
        moments = Moments(History.from_tensors(part, notes["history"]))
        moments.rests = _rests(part_of(tensors, "optimizer"), notes["rests"])
        weights = moments.history.snapshots[-1].weights
        if model is None:
            model = _digit_cnn(notes["model"], images, weights)
        _check_weights(model, weights, path)
        return cls(moments, model, images, test)


def _rests(remembered: Mapping[str, Tensor], notes: Mapping[str, Any]) -> dict[int, Rest]:
    """What the snapshots lack, by step, from the optimizer's stacked tensors and the notes."""
    stacks = {name: iter(stack) for name, stack in remembered.items()}
    return {
        int(step): Rest(
            rest["epoch"],
            rest["seen"],
            Settings(**rest["settings"]),
            {name: next(stacks[name]).clone() for name in rest["optimizer"]},
        )
        for step, rest in sorted(notes.items(), key=lambda item: int(item[0]))
    }


def describe(images: ImageSet) -> dict[str, Any]:
    """What tells a set of images from another: name, shape, and the SHA-256 of what is in it."""
    digest = hashlib.sha256(images.images.tobytes())
    digest.update(images.labels.astype("<i8").tobytes())
    return {
        "name": images.name,
        "shape": list(images.images.shape),
        "mean": [float(value) for value in images.mean],
        "std": [float(value) for value in images.std],
        "sha256": digest.hexdigest(),
    }


def _same_images(what: str, given: ImageSet | None, saved: Mapping[str, Any] | None) -> ImageSet:
    if saved is None:
        raise ValueError(f"{what} (={given!r:.60}) was not part of the saved run; leave it out")
    if given is None:
        name, _, split = saved["name"].partition(" ")
        if name != "MNIST":
            raise ValueError(f"the run used {saved['name']!r}; give it as {what}=")
        given = load("mnist", split=split)
    found = describe(given)
    for key in ("shape", "mean", "std", "sha256"):
        if found[key] != saved[key]:
            raise ValueError(
                f"{what} ({given.name!r}) is not what the run used, {saved['name']!r}: its {key} "
                "differs; give the same set, or start a new session"
            )
    return given


def _digit_cnn(kind: str, images: ImageSet, weights: Mapping[str, Tensor]) -> nn.Module:
    if kind != "DigitCNN":
        raise ValueError(f"the run trained a {kind}; give one as model=")
    _, channels, rows, columns = images.images.shape
    with torch.random.fork_rng(devices=[]):
        return DigitCNN(channels, (rows, columns), len(weights["fc.bias"]))


def _check_weights(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Raises ValueError if the saved weights are not those of such a model."""
    own = {
        (name, tuple(value.shape), value.dtype)
        for name, value in uncompiled(model).state_dict().items()
    }
    saved = {(name, tuple(value.shape), value.dtype) for name, value in weights.items()}
    if odd := sorted(own ^ saved, key=str):
        name, shape, _ = odd[0]
        raise ValueError(
            f"model (a {type(model).__name__}) does not fit {str(path)!r}: they differ at "
            f"{name!r} {shape}; give a model like the one that was saved"
        )
