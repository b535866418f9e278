"""Changes to a network, as values: what if this channel were silent, this kernel another?

There is one order. First the weights are changed (SetKernel, SetBias), in the order given; then, in
every forward pass, each layer's result is changed (Ablate, Scale, AddNoise), in the order given.
An edit acts on every call of its layer. Taking an edit out of the tuple undoes it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cnnwidgets.network.layers import MODEL
from cnnwidgets.network.whole import whole

Values = float | tuple["Values", ...]


@dataclass(frozen=True, slots=True)
class SetKernel:
    """Give a filter of a convolution, or a unit of a linear layer, other weights.

    layer: its name.
    filter: which filter (output channel), from 0.
    input: which of the filter's input channels, from 0 within its group; None for all of them.
    values: the weights, as nested sequences or an array: (row, column) of one kernel, (input
        channel, row, column) of a filter; of a linear layer one number, or (input,).

    Raises TypeError or ValueError for what is no finite number, or no index.
    """

    layer: str
    filter: int
    input: int | None
    values: Values

    def __post_init__(self) -> None:
        _check_layer(self.layer)
        object.__setattr__(self, "filter", whole("filter", self.filter, least=0))
        if self.input is not None:
            object.__setattr__(self, "input", whole("input", self.input, least=0))
        object.__setattr__(self, "values", _frozen(self.values))

    @property
    def place(self) -> tuple[int, ...]:
        """Where the values stand in the layer's weight."""
        return (self.filter,) if self.input is None else (self.filter, self.input)

    @property
    def parameter(self) -> str:
        """Which parameter of the layer it changes."""
        return "weight"


@dataclass(frozen=True, slots=True)
class SetBias:
    """Give a filter (or a unit, or a channel of a batch norm) another bias.

    layer: its name. filter: which, from 0. value: any finite number.
    """

    layer: str
    filter: int
    value: float

    def __post_init__(self) -> None:
        _check_layer(self.layer)
        object.__setattr__(self, "filter", whole("filter", self.filter, least=0))
        object.__setattr__(self, "value", _number("value", self.value))

    @property
    def place(self) -> tuple[int, ...]:
        """Where the value stands in the layer's bias."""
        return (self.filter,)

    @property
    def parameter(self) -> str:
        """Which parameter of the layer it changes."""
        return "bias"

    @property
    def values(self) -> float:
        """The bias."""
        return self.value


@dataclass(frozen=True, slots=True)
class Ablate:
    """Silence a channel: its map, or its unit in a vector, becomes 0.

    layer: its name. channel: which, from 0.
    """

    layer: str
    channel: int

    def __post_init__(self) -> None:
        _check_layer(self.layer)
        object.__setattr__(self, "channel", whole("channel", self.channel, least=0))

    def change(self, result: Tensor) -> None:
        """Change a layer's result, (batch, channel, ...), in place."""
        result[:, self.channel] = 0

    def change_value(self, value: float, unit: tuple[int, ...], shape: tuple[int, ...]) -> float:
        """The same for one number of it: `unit` of a result that has `shape` for one image."""
        return 0.0 if unit[0] == self.channel else value


@dataclass(frozen=True, slots=True)
class Scale:
    """Multiply a channel, or a unit in a vector.

    layer: its name. channel: which, from 0. factor: any finite number.
    """

    layer: str
    channel: int
    factor: float

    def __post_init__(self) -> None:
        _check_layer(self.layer)
        object.__setattr__(self, "channel", whole("channel", self.channel, least=0))
        object.__setattr__(self, "factor", _number("factor", self.factor))

    def change(self, result: Tensor) -> None:
        """Change a layer's result, (batch, channel, ...), in place."""
        result[:, self.channel] *= self.factor

    def change_value(self, value: float, unit: tuple[int, ...], shape: tuple[int, ...]) -> float:
        """The same for one number of it: `unit` of a result that has `shape` for one image."""
        return value * self.factor if unit[0] == self.channel else value


@dataclass(frozen=True, slots=True)
class AddNoise:
    """Add normal noise to all of a layer's result: the same to every image, and every time.

    layer: its name. std: its standard deviation, in the layer's own units, 0 or more.
    seed: which noise, 0 to 2**63 - 1.
    """

    layer: str
    std: float
    seed: int = 0

    def __post_init__(self) -> None:
        _check_layer(self.layer)
        object.__setattr__(self, "std", _number("std", self.std))
        if self.std < 0:
            raise ValueError(f"std (={self.std}) must be 0 or more")
        object.__setattr__(self, "seed", whole("seed", self.seed, least=0))
        if self.seed >= 2**63:
            raise ValueError(f"seed (={self.seed}) must be below 2**63")

    def change(self, result: Tensor) -> None:
        """Change a layer's result, (batch, channel, ...), in place."""
        result += (self.std * self._noise(result.shape[1:])).to(result)

    def change_value(self, value: float, unit: tuple[int, ...], shape: tuple[int, ...]) -> float:
        """The same for one number of it: `unit` of a result that has `shape` for one image."""
        return value + float((self.std * self._noise(shape))[unit])

    def _noise(self, shape: tuple[int, ...]) -> Tensor:
        # A generator of its own, so that nobody else's random numbers move.
        return torch.randn(shape, generator=torch.Generator().manual_seed(self.seed))


WeightEdit = SetKernel | SetBias
OutputEdit = Ablate | Scale | AddNoise
Edit = WeightEdit | OutputEdit


def as_code(edits: Iterable[Edit]) -> str:
    """Lines of plain PyTorch that do the same to `model`, one's own; without edits none.

    Its weights are changed for good, its results for as long as the handles are not removed.

    >>> print(as_code([Ablate("conv1", 3)]))
    import torch
    <BLANKLINE>
    <BLANKLINE>
    def change_1(module, inputs, result):
        result = result.clone()
        result[:, 3] = 0
        return result
    <BLANKLINE>
    <BLANKLINE>
    handles = [
        model.get_submodule("conv1").register_forward_hook(change_1),
    ]
    """
    edits = tuple(edits)
    if not edits:
        return ""
    lines = ["import torch"]
    weights = [edit for edit in edits if isinstance(edit, WeightEdit)]
    if weights:
        lines += ["", "with torch.no_grad():"]
    for edit in weights:
        place = ", ".join(map(str, edit.place))
        lines.append(f"    {edit.parameter} = {_module_code(edit.layer)}.{edit.parameter}")
        values = _listed(edit.values)
        lines.append(f"    {edit.parameter}[{place}] = {edit.parameter}.new_tensor({values})")
    handles = []
    for number, (layer, group) in enumerate(by_layer(edits).items(), 1):
        lines += ["", "", f"def change_{number}(module, inputs, result):"]
        lines += ["    result = result.clone()"]
        lines += [f"    {line}" for edit in group for line in _change_code(edit)]
        lines += ["    return result"]
        handles.append(f"    {_module_code(layer)}.register_forward_hook(change_{number}),")
    if handles:
        lines += ["", "", "handles = [", *handles, "]"]
    return "\n".join(lines)


def by_layer(edits: Iterable[Edit]) -> dict[str, list[OutputEdit]]:
    """The edits of results, those of one layer together, in their order."""
    groups: dict[str, list[OutputEdit]] = {}
    for edit in edits:
        if isinstance(edit, OutputEdit):
            groups.setdefault(edit.layer, []).append(edit)
    return groups


def _change_code(edit: OutputEdit) -> list[str]:
    match edit:
        case Ablate():
            return [f"result[:, {edit.channel}] = 0"]
        case Scale():
            return [f"result[:, {edit.channel}] *= {edit.factor!r}"]
        case AddNoise():
            random = f"torch.Generator().manual_seed({edit.seed})"
            return [
                f"noise = torch.randn(result.shape[1:], generator={random})",
                f"result += ({edit.std!r} * noise).to(result)",
            ]


def _module_code(layer: str) -> str:
    return "model" if layer == MODEL else f'model.get_submodule("{layer}")'


def _listed(values: Any) -> str:
    if not isinstance(values, tuple):
        return repr(values)
    return f"[{', '.join(map(_listed, values))}]"


def _check_layer(layer: object) -> None:
    if not isinstance(layer, str):
        raise TypeError(f"layer (={layer!r}) must be the name of a layer, such as 'conv1'")


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} (={value!r}) must be a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} (={number}) must be a finite number")
    return number


def _frozen(values: Any) -> Values:
    """Nested sequences, or an array, as nested tuples of floats."""
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    values = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(values, list | tuple):
        return tuple(_frozen(each) for each in values)
    return _number("values", values)


def shape_of(values: Values) -> tuple[int, ...]:
    """The shape of nested tuples. Raises ValueError where rows differ in length."""
    if not isinstance(values, tuple):
        return ()
    shapes = {shape_of(each) for each in values}
    if len(shapes) > 1:
        raise ValueError("values must be as long in every row")
    return (len(values), *(shapes.pop() if shapes else ()))
