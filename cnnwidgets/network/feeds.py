"""What feeds what in a forward pass: which recorded result a layer was given."""

import weakref
from dataclasses import dataclass

from torch import Tensor, strided


@dataclass(frozen=True, slots=True)
class Feed:
    """What a call of a layer was given.

    source: the call whose first tensor it is, unchanged but for its shape; "" for the batch.
    shape: the shape it was given in, the batch axis first.
    """

    source: str
    shape: tuple[int, ...]


class Feeds:
    """Recognises tensors in a forward pass, at the cost of one look-up each.

    A tensor is a known one if it is the same object, or all of it in another shape in the same
    memory (`maps.flatten(1)`), and nothing wrote into it since. Nothing is kept alive: memory that
    was given back and used again does not count.
    """

    def __init__(self) -> None:
        # By the identity of whose memory it is; the reference tells whether that is still alive.
        self._known: dict[int, tuple[weakref.ref[Tensor], int, str]] = {}

    def add(self, tensor: Tensor, source: str) -> None:
        """Remember that a tensor is what `source` returned."""
        if not tensor.is_inference():
            self._known[id(_owner(tensor))] = (weakref.ref(tensor), tensor._version, source)

    def feed(self, tensor: Tensor) -> Feed | None:
        """Where a tensor comes from, or None if it is no known one."""
        entry = self._known.get(id(_owner(tensor)))
        if entry is None or tensor.is_inference():
            return None
        reference, version, source = entry
        known = reference()
        if known is None or tensor._version != version:
            return None
        if known is tensor or _is_reshaped(known, tensor):
            return Feed(source, tuple(tensor.shape))
        return None


def _owner(tensor: Tensor) -> Tensor:
    base = tensor._base
    return tensor if base is None else base


def _is_reshaped(known: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors hold the same numbers in one order, in the same memory."""
    return bool(
        _owner(known) is _owner(tensor)
        and known.dtype == tensor.dtype
        and known.numel() == tensor.numel()
        and known.layout == tensor.layout == strided
        and known.is_contiguous()
        and tensor.is_contiguous()
        and known.storage_offset() == tensor.storage_offset()
    )
