"""What one run of a model showed, layer by layer."""

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from cnnwidgets.network.feeds import Feed
from cnnwidgets.network.layers import Layer


class LayerError(KeyError):
    """A layer that cannot be given; its text is the plain reason."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run:
    """What every layer of a model gave for one batch; made by `Probe.run`.

    layers: in the order in which they finished, one entry a call ("relu", "relu:2"), each with its
        shape; layers that were never reached stand last, with `called` 0.
    input: the batch as given to the model, on its device and in its dtype.
    output: what the model returned, in its own structure.

    Every tensor is a detached copy that nothing else shares. `run[name]` is the first tensor in
    what that call of the layer returned; `name in run` says whether there is one.
    """

    layers: tuple[Layer, ...]
    input: Tensor
    output: object
    _returned: Mapping[object, object]
    _feeds: Mapping[str, Feed] = dataclasses.field(default_factory=dict)
    _given: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)

    @property
    def image(self) -> Tensor:
        """The batch as given to the model: `input` under the microscope's name for it."""
        return self.input

    def __getitem__(self, name: str) -> Tensor:
        """The first tensor that a layer returned, as (batch, channel, row, column) in a CNN.

        Of a tuple (LSTM) or a dict that is the first tensor in its order.
        Raises LayerError, a KeyError, if the layer is unknown, was not reached, was not asked for
        or returned no tensor.
        """
        returned = self._recorded(self.layer(name))
        for tensor in tensors_in(returned):
            return tensor
        raise LayerError(
            f"layer '{name}' returned no tensor but {_a(returned)}; run.calls({name!r}) has it"
        )

    def calls(self, name: str) -> tuple[object, ...]:
        """What every call of a layer returned, first to last, in the structure it was returned in.

        Raises LayerError if the layer is unknown, was not reached or was not asked for.
        """
        base = self.layer(name).base
        return tuple(self._recorded(layer) for layer in self.layers if layer.base == base)

    def feed(self, name: str) -> Feed | None:
        """Which call's result a call of a layer was given, as one tensor; None if no layer's.

        None where the model worked on its input outside any layer (a sum of two branches, a
        functional ReLU), or gave several tensors.
        Raises LayerError if the layer is unknown.
        """
        return self._feeds.get(self.layer(name).name)

    def given(self, name: str) -> Tensor:
        """The one tensor that a call of a layer was given, as its hook saw it.

        Raises LayerError if the layer is unknown, or was given something that was not recorded.
        """
        call = self.layer(name).name
        if call in self._given:
            return self._given[call]
        feed = self._feeds.get(call)
        if feed is not None and not feed.source:
            return self.input.reshape(feed.shape)
        if feed is not None and feed.source in self:
            return self[feed.source].reshape(feed.shape)
        raise LayerError(
            f"what '{call}' was given is not in this run;"
            f" record it with run(batch, inputs=[{self.layer(name).base!r}])"
        )

    def __contains__(self, name: object) -> bool:
        return next(tensors_in(self._returned.get(name)), None) is not None

    def __iter__(self) -> Iterator[str]:
        """The names that can be looked up, in execution order."""
        return (layer.name for layer in self.layers if layer.name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.input.shape))
        return f"Run({len(self)} of {len(self.layers)} layers recorded, for a batch of {size})"

    def _recorded(self, layer: Layer) -> object:
        if not layer.reached:
            raise LayerError(
                f"layer '{layer.name}' was never reached: the model did not call it for this batch"
            )
        if layer.name not in self._returned:
            raise LayerError(
                f"layer '{layer.name}' was not asked for in this run;"
                f" record it with run(batch, layers=['{layer.base}'])"
            )
        return self._returned[layer.name]

    def layer(self, name: str) -> Layer:
        """What a call of a layer is, and the shape it gave.

        Raises LayerError, with suggestions, if there is none of that name.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        base = base_name(name, [layer.name for layer in self.layers])
        called = next(layer.called for layer in self.layers if layer.name == base)
        times = "once" if called == 1 else f"{called} times"
        raise LayerError(f"layer '{base}' was called {times} in this run: there is no '{name}'")


def base_name(name: str, names: Iterable[str]) -> str:
    """The layer that a name speaks of: "relu:2" is a call of "relu".

    Raises LayerError with suggestions if there is no such layer, TypeError if it is no string.
    """
    names = tuple(names)
    if not isinstance(name, str):
        raise TypeError(f"a layer is named by a string, not by {name!r}, {_a(name)}")
    if name in names:
        return name
    base, _, number = name.rpartition(":")
    base = base if base in names else base.rstrip(":")  # "a::2", where there is a layer "a:2"
    if base in names and number.isdecimal() and int(number) > 1:
        return base
    near = get_close_matches(name, names)
    if near:
        raise LayerError(f"no layer '{name}'; did you mean {_listed(near, 'or')}?")
    if not names:
        raise LayerError(f"no layer '{name}': the model has no layers")
    shown, more = names[:5], len(names) - 5
    rest = [f"{more} more"] if more > 0 else []
    raise LayerError(f"no layer '{name}'; the layers are {_listed(shown, 'and', rest)}")


def tensors_in(value: object) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists, mappings and dataclasses, in their order."""
    if isinstance(value, Tensor):
        yield value
    else:
        for part in _parts(value):
            yield from tensors_in(part)


def copied(value: Any, copy_tensor: Callable[[Tensor], Tensor]) -> Any:
    """The same structure, with `copy_tensor` of every tensor; anything else in it is shared."""
    if isinstance(value, Tensor):
        return copy_tensor(value)
    if isinstance(value, list | tuple):
        items = [copied(item, copy_tensor) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, Mapping):
        other = copy.copy(value) if isinstance(value, MutableMapping) else dict(value)
        for key in value:
            other[key] = copied(value[key], copy_tensor)
        return other
    if _is_record(value):
        other = copy.copy(value)
        for field in dataclasses.fields(value):
            # A frozen record refuses plain assignment, even to its own copy.
            part = copied(getattr(value, field.name), copy_tensor)
            object.__setattr__(other, field.name, part)
        return other
    return value


def _parts(value: Any) -> Iterable[object]:
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Mapping):
        return value.values()
    if _is_record(value):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return ()


def _is_record(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _a(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _listed(names: Iterable[str], word: str, rest: Iterable[str] = ()) -> str:
    parts = [*(f"'{name}'" for name in names), *rest]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
