"""Snapshot: a network at one moment of its training."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The network at one moment.

    step: optimizer steps done; 0 is before the first.
    weights: a state dict of CPU tensors, a copy that is yours to keep.
    accuracy, loss_nats: in 0..1 and in nats; NaN where nothing is known.
    tested: whether they were measured on test images, and not on the latest training batches.
    """

    step: int
    weights: Mapping[str, Tensor]
    accuracy: float
    loss_nats: float
    tested: bool = True


def copies_of(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of weights, a state dict, on the CPU and without gradients."""
    return {name: weight.detach().to("cpu", copy=True) for name, weight in weights.items()}


def check_same(weights: Mapping[str, Tensor], known: Mapping[str, Tensor]) -> None:
    """Raises ValueError unless weights are of the same network as those of a history."""
    new, old = (
        {(name, tuple(weight.shape), weight.dtype) for name, weight in of.items()}
        for of in (weights, known)
    )
    if odd := sorted(new ^ old, key=str):
        name, shape, _ = odd[0]
        raise ValueError(
            f"weights differ from the snapshots before at {name!r} {shape}; "
            "a history holds one network: start a new History"
        )
