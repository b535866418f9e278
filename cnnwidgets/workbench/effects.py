"""What silencing each channel does, worked out beside the microscope and remembered."""

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch

from cnnwidgets.network.ablation import Ablations, ablations
from cnnwidgets.network.edits import Ablate
from cnnwidgets.slide import same_weights
from cnnwidgets.training.history import Snapshot
from cnnwidgets.traits import LOCK
from cnnwidgets.workbench.changes import Edits

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

MOST_KEPT = 64

Key = tuple[Snapshot | None, str, Edits, int]


class Stale(Exception):
    """Something else is wanted by now."""


def channels_of(scope: "Microscope") -> tuple[str, int]:
    """The layer an edit of the selected one acts on, and its channels; "" and 0 for none."""
    layer = next((layer for layer in scope.layers if layer.name == scope.layer), None)
    if layer is None or not layer.shape or scope.prediction is None:
        return "", 0
    return layer.base, layer.shape[0]


def ablated(edits: Edits, layer: str) -> list[int]:
    """The channels of a layer that edits silence, ascending."""
    return sorted({e.channel for e in edits if isinstance(e, Ablate) and e.layer == layer})


def with_ablated(edits: Edits, layer: str, channels: Iterable[int]) -> Edits:
    """Edits that silence these channels of a layer and no others of it, and leave all else."""
    wanted = set(channels)
    kept = tuple(e for e in edits if not _is_of(e, layer) or e.channel in wanted)  # type: ignore[union-attr]
    return (*kept, *(Ablate(layer, each) for each in sorted(wanted - set(ablated(kept, layer)))))


def known(scope: "Microscope", sample: int) -> Ablations | None:
    """The effects at the microscope's step and layer, under its other edits, if worked out."""
    with LOCK:
        key = _key(scope, sample)
        for other, found in _KEPT.get(scope, ()):
            if same_weights(key[0], other[0]) and key[1:] == other[1:]:
                return found
        return None


def measured(
    scope: "Microscope",
    sample: int,
    progress: Callable[[float], None],
    is_over: Callable[[], bool],
) -> Ablations | None:
    """The effects, worked out where they are not known; None where others are wanted by now.

    progress: called with the share done. is_over: whether nobody waits any more.
    """
    found = known(scope, sample)
    with LOCK:
        key = _key(scope, sample)
        moment, layer, edits, _ = key
        if found is not None or not layer:
            return found
        slide = scope.slide.apart(moment)
    images = scope.images
    batch = torch.from_numpy(images.normalize(images.images[:sample]))

    def told(done: int, total: int) -> None:
        now = _key(scope, sample)
        if is_over() or not same_weights(now[0], moment) or now[1:] != key[1:]:
            raise Stale
        progress(done / total)

    try:
        with slide.under(moment, edits) as probe:
            labels = images.labels[:sample]
            classes = len(images.classes)
            found = ablations(probe.model, layer, batch, labels, classes=classes, progress=told)
    except Stale:
        return None
    with LOCK:
        kept = _KEPT.setdefault(scope, [])
        kept[:] = [*kept[1 - MOST_KEPT :], (key, found)]
    return found


def _key(scope: "Microscope", sample: int) -> Key:
    """What effects depend on; an Ablate of the layer itself is left out: each is told alone."""
    layer, _channels = channels_of(scope)
    others = tuple(edit for edit in scope.edits if not _is_of(edit, layer))
    return scope.moment, layer, others, sample


def _is_of(edit: object, layer: str) -> bool:
    return isinstance(edit, Ablate) and edit.layer == layer


_KEPT: "weakref.WeakKeyDictionary[Microscope, list[tuple[Key, Ablations]]]" = (
    weakref.WeakKeyDictionary()
)
