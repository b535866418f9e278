"""Probe: which layers a model has, and what each of them computes for a batch."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from cnnwidgets.network.feeds import Feed, Feeds
from cnnwidgets.network.layers import Layer, layer_of, named_layers
from cnnwidgets.network.misfit import Step, misfit, note
from cnnwidgets.network.run import LayerError, Run, base_name, copied, tensors_in
from cnnwidgets.network.untouched import uncompiled, untouched

__all__ = ["Layer", "LayerError", "Probe", "Run"]


class Probe:
    """Looks into any `nn.Module`: its layers, and what each returns for a batch.

    model: left exactly as it was by every run: weights, buffers, gradients, `training` flags,
        hooks, random numbers. A compiled model is looked at uncompiled.
    budget_bytes: how much one run may record, its output included.

    A run switches the model to evaluation mode and back, so a model must not be used by another
    thread meanwhile; keeping to that is the caller's part.

    Raises TypeError for what is no `nn.Module`, or is TorchScript, whose layers cannot be seen;
    ValueError for lazy layers without weights and for a bad budget.

    >>> probe = Probe(nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU()))
    >>> run = probe.run(torch.zeros(1, 1, 28, 28))
    >>> run["0"].shape
    torch.Size([1, 8, 26, 26])
    """

    def __init__(self, model: nn.Module, budget_bytes: int = 2**30) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, not a {type(model).__name__}")
        model = uncompiled(model)
        _refuse_script(model)
        if isinstance(budget_bytes, bool) or not isinstance(budget_bytes, int):
            raise TypeError(f"budget_bytes (={budget_bytes!r}) must be a whole number of bytes")
        if budget_bytes < 1:
            raise ValueError(f"budget_bytes (={budget_bytes}) must be above 0")
        self.model = model
        self.budget_bytes = budget_bytes
        self._layers = tuple(layer_of(name, module) for name, module in named_layers(model))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """In registration order, without shapes; after a run, in its order of execution."""
        return self._layers

    def module(self, name: str) -> nn.Module:
        """The module behind a layer: "relu" and "relu:2" are one module.

        Raises LayerError if there is no such layer.
        """
        modules = dict(named_layers(self.model))
        return modules[base_name(name, modules)]

    def run(
        self,
        batch: Tensor,
        layers: Iterable[str] | None = None,
        inputs: Iterable[str] = (),
    ) -> Run:
        """Run the model on a batch and record what its layers return.

        batch: (batch, channel, row, column) or whatever the model takes; a tensor or a numpy
            array, never modified. Floating-point values go to the model in its own dtype and on
            its device; integers and booleans keep their dtype, since they may be indices.
        layers: names of the layers to record, each with all its calls; None records all.
        inputs: names of the layers whose one input tensor is recorded too, for `Run.given`. It
            need not be where a layer is given another's recorded result: that is known at no cost.

        Raises LayerError for an unknown layer; MemoryError before a copy passes the budget;
        ValueError where the batch does not fit a layer; and whatever the model itself raises,
        with a note that names the layer.
        """
        modules = dict(named_layers(self.model))
        wanted, kept = _wanted("layers", layers, modules), _wanted("inputs", inputs, modules)
        recorder = _Recorder(modules, wanted, kept, self.budget_bytes)
        given = prepared(batch, self.model)
        try:
            with untouched(self.model), recorder.watching():
                handed = given.clone()
                recorder.known.add(handed, "")
                output = self.model(handed)
            run = recorder.finish(given, output)
        except BaseException as error:
            # A traceback that someone keeps must not keep the copies alive.
            recorder.returned.clear()
            recorder.given.clear()
            _explain(error, recorder, given)
            raise
        self._layers = run.layers
        return run


class _Recorder:
    """The hooks of one run, and what they saw."""

    def __init__(
        self,
        modules: dict[str, nn.Module],
        wanted: set[str],
        kept: set[str],
        budget_bytes: int,
    ) -> None:
        self.modules = modules
        self.wanted = wanted
        self.kept = kept
        self.budget_bytes = budget_bytes
        self.spent_bytes = 0
        self.running: list[Step] = []
        self.finished: list[tuple[str, str, tuple[int, ...] | None]] = []  # name, call, shape
        self.called: Counter[str] = Counter()
        self.returned: dict[object, object] = {}
        self.known = Feeds()
        self.taken: list[tuple[Feed | None, Tensor | None]] = []  # by those that are running
        self.feeds: dict[str, Feed] = {}
        self.given: dict[str, Tensor] = {}
        self.refusal: MemoryError | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on every layer, inside the block only."""
        with ExitStack() as hooks:
            for name, module in self.modules.items():
                before = partial(self._enter, name)
                hooks.callback(module.register_forward_pre_hook(before, with_kwargs=True).remove)
                after = partial(self._leave, name)
                hooks.callback(module.register_forward_hook(after).remove)
            yield

    def _enter(self, name: str, module: nn.Module, args: tuple, kwargs: dict) -> None:
        tensors = tensors_in((args, kwargs))
        given = next(tensors, None)
        alone = given if next(tensors, None) is None else None
        self.running.append(Step.of(name, module, given))
        self.taken.append((None, None))
        if alone is not None:
            kept = self._copy(f"the input of '{name}'", alone) if name in self.kept else None
            self.taken[-1] = (self.known.feed(alone), kept)

    def _leave(self, name: str, module: nn.Module, args: tuple, returned: object) -> None:
        # A layer whose error the model caught never left: drop it together with this one.
        while self.running.pop().name != name:
            self.taken.pop()
        feed, kept = self.taken.pop()
        self.called[name] += 1
        call = self._call_name(name)
        if feed is not None:
            self.feeds[call] = feed
        if kept is not None:
            self.given[call] = kept
        tensor = next(tensors_in(returned), None)
        if tensor is not None:
            self.known.add(tensor, call)
        shape = None if tensor is None else tuple(tensor.shape[1:])
        self.finished.append((name, call, shape))
        if name in self.wanted:
            self.returned[call] = self._copy(f"'{call}'", returned)

    def _call_name(self, name: str) -> str:
        number = self.called[name]
        if number == 1:
            return name
        separator = ":"
        while f"{name}{separator}{number}" in self.modules:
            separator += ":"
        return f"{name}{separator}{number}"

    def _copy(self, what: str, value: Any) -> Any:
        needed = sum(tensor.numel() * tensor.itemsize for tensor in tensors_in(value))
        if self.spent_bytes + needed > self.budget_bytes:
            # Kept, since a model may catch what its layers raise.
            self.refusal = MemoryError(
                f"recording {what} needs {_size(needed)} more, which passes the budget of"
                f" {_size(self.budget_bytes)}; ask for fewer layers with"
                " run(batch, layers=[...]) or raise budget_bytes"
            )
            raise self.refusal
        self.spent_bytes += needed
        return copied(value, lambda tensor: tensor.detach().clone())

    def finish(self, given: Tensor, output: object) -> Run:
        if self.refusal is not None:
            raise self.refusal
        layers: list[Layer] = []
        seen: Counter[str] = Counter()
        for name, call, shape in self.finished:
            seen[name] += 1
            known = layer_of(name, self.modules[name])
            layers.append(
                replace(known, name=call, shape=shape, called=self.called[name], call=seen[name])
            )
        unreached = (item for item in self.modules.items() if not self.called[item[0]])
        layers.extend(layer_of(name, module) for name, module in unreached)
        output = self._copy("the output", output)
        returned, feeds = MappingProxyType(self.returned), MappingProxyType(self.feeds)
        return Run(tuple(layers), given, output, returned, feeds, MappingProxyType(self.given))


def _refuse_script(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"'{name}'" if name else "the model"
            raise TypeError(
                f"{what} is a TorchScript module ({type(module).__name__}), which cannot be seen"
                " inside: it runs no hooks; probe the nn.Module that it was made from"
            )


def _wanted(what: str, names: Iterable[str] | None, modules: dict[str, nn.Module]) -> set[str]:
    if names is None:
        return set(modules)
    if isinstance(names, str):
        raise TypeError(f"{what} (={names!r}) must be a list of names: {what}=[{names!r}]")
    return {base_name(name, modules) for name in names}


def prepared(batch: Tensor, model: nn.Module) -> Tensor:
    """A copy of the batch, on the model's device and, where it is floating-point, in its dtype."""
    if isinstance(batch, Tensor):
        batch = batch.detach().as_subclass(Tensor)
    elif hasattr(batch, "__array__"):
        try:
            # The copy makes any strides and any read-only memory acceptable to torch.
            batch = torch.as_tensor(batch.__array__().copy())
        except (TypeError, ValueError) as error:
            raise TypeError(f"batch must hold numbers that torch can take: {error}") from error
    else:
        raise TypeError(
            f"batch must be a torch tensor or a numpy array, not a {type(batch).__name__}"
        )
    weights = (*model.parameters(), *model.buffers())
    like = next((weight for weight in weights if weight.is_floating_point()), None)
    if like is None:
        return batch.clone()
    dtype = like.dtype if batch.is_floating_point() else batch.dtype
    return batch.to(like.device, dtype, copy=True)


def _explain(error: BaseException, recorder: _Recorder, given: Tensor) -> None:
    """Say which layer an error comes from; turn a batch that does not fit into a ValueError."""
    if not isinstance(error, Exception) or error is recorder.refusal:
        return
    step = recorder.running[-1] if recorder.running else None
    if step is not None and isinstance(error, RuntimeError):
        words = misfit(step, given, first=not recorder.finished)
        if words:
            raise ValueError(words) from error
    last = recorder.finished[-1][1] if recorder.finished else None
    error.add_note(note(step, last, given))


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
