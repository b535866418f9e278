"""What feeds what in a forward pass: which recorded result a layer was given."""

import weakref
from dataclasses import dataclass

from torch import Tensor, strided
from torch.nn.parameter import Parameter


@dataclass(frozen=True, slots=True)
class Feed:
    """What a call of a layer was given.

    source: the call whose first tensor it is, unchanged but for its shape; "" for the batch.
    shape: the shape it was given in, the batch axis first.
    """

    source: str
    shape: tuple[int, ...]


class Feeds:
    """Recognises tensors in a forward pass, by where they lie in memory, at no cost worth naming.

    A tensor is a known one if it is the same object, or all of it in another shape in the same
    memory (`maps.flatten(1)`), and nothing wrote into it since. Nothing is kept alive: memory that
    was given back and used again does not count.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tensor], int, str]] = {}

    def add(self, tensor: Tensor, source: str) -> None:
        """Remember that a tensor is what `source` returned."""
        if _is_plain(tensor):
            self._known[tensor.data_ptr()] = (weakref.ref(tensor), tensor._version, source)

    def feed(self, tensor: Tensor) -> Feed | None:
        """Where a tensor comes from, or None if it is no known one."""
        if not _is_plain(tensor):
            return None
        reference, version, source = self._known.get(tensor.data_ptr(), _NOBODY)
        known = reference()
        if known is None or tensor._version != version:
            return None
        if known is tensor or _is_reshaped(known, tensor):
            return Feed(source, tuple(tensor.shape))
        return None


_NOBODY: tuple = (lambda: None, 0, "")


def _is_reshaped(known: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors that begin at one address are views of each other, in one order."""
    owners = [each if each._base is None else each._base for each in (known, tensor)]
    return (
        owners[0] is owners[1]
        and known.numel() == tensor.numel()
        and known.dtype == tensor.dtype
        and known.is_contiguous()
        and tensor.is_contiguous()
    )


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor has memory of its own kind: no subclass, not sparse, not meta."""
    return (
        type(tensor) in (Tensor, Parameter)
        and tensor.layout == strided
        and tensor.device.type != "meta"
        and not tensor.is_inference()
        and tensor.numel() > 0
    )
