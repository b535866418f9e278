"""Looking changes nothing: a block inside which a model may be run, and is then as it was."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

_INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def uncompiled(model: nn.Module) -> nn.Module:
    """The module that a compiled one was made of, whose layers go by their own names."""
    while isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
        model = inner
    return model


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """A block in which `model` evaluates without gradients, and after which it is as it was.

    Put back bit for bit, whatever is raised inside: parameters, buffers, the attributes of every
    module (its `training` flag, its hooks, a counter that forward raises) and torch's random
    numbers. Compiled modules run uncompiled inside, because compiled ones pass hooks by.

    Weights are guarded by copies, which cost as much memory as the model. Version counters would
    cost nothing, but neither `weight.data.mul_(...)` nor a batch norm that forces training raises
    them. What an object other than a module or tensor keeps is out of reach.
    """
    modules = list(model.modules())
    tensors = list({id(t): t for t in (*model.parameters(), *model.buffers())}.values())
    randomness = _Randomness({tensor.device for tensor in tensors})
    with ExitStack() as undo:
        undo.callback(randomness.restore)
        for tensor in tensors:
            if tensor.layout == torch.strided and tensor.device.type != "meta":
                undo.callback(_restore_tensor, tensor, tensor.data, tensor.detach().clone())
        for module in modules:
            _guard_attributes(module, undo)
        for module in modules:
            _set_eager(module)
            # Not module.eval(): a model may override it to do more than set the flag.
            module.training = False
        with torch.no_grad(), randomness:
            yield


def _set_eager(module: nn.Module) -> None:
    """Bypass torch.compile on one module, in both of its forms."""
    attributes = vars(module)
    if attributes.get("_compiled_call_impl") is not None:
        attributes["_compiled_call_impl"] = None
    original = module._modules.get("_orig_mod")
    if original is not None:
        attributes["forward"] = original.__call__


def _guard_attributes(module: nn.Module, undo: ExitStack) -> None:
    attributes = vars(module)
    mappings = [attributes]
    mappings += [value for value in attributes.values() if type(value) in (dict, OrderedDict)]
    undo.callback(_restore_mappings, [(mapping, dict(mapping)) for mapping in mappings])


def _restore_mappings(mappings: list[tuple[dict, dict]]) -> None:
    for current, before in mappings:
        if list(current) != list(before):
            current.clear()
        for key, value in before.items():
            if key not in current or current[key] is not value:
                current[key] = value


def _restore_tensor(tensor: Tensor, storage: Tensor, before: Tensor) -> None:
    """Put `before`'s values back into `tensor`, whose memory was that of `storage`.

    Written through .data, which leaves the version counter alone, so that a backward pass that
    the caller still owes does not fail.
    """
    if tensor.data_ptr() != storage.data_ptr() or tensor.shape != storage.shape:
        tensor.data = storage
    if not _same_bits(storage, before):
        storage.copy_(before)


def _same_bits(one: Tensor, other: Tensor) -> bool:
    integers = _INTEGERS.get(one.itemsize)
    if integers is None or one.is_quantized:
        return torch.equal(one, other)
    return torch.equal(one.view(integers), other.view(integers))


class _Randomness(TorchDispatchMode):
    """Keeps the state of each random generator that an operation inside the block draws from.

    Only a generator that is drawn from is put back. Saving and restoring the global one around
    every run would be simpler, and would rewind it under a training thread that draws meanwhile.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # True, the default, imports the compiler: two seconds on the first run.
        return False

    def __init__(self, devices: set[torch.device]) -> None:
        super().__init__()
        self._devices = [None, *(d for d in devices if d.type in ("cuda", "xpu", "mps"))]
        self._before: dict[torch.Generator | torch.device | None, Tensor] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            generator = kwargs.get("generator")
            for source in self._devices if generator is None else [generator]:
                self._before.setdefault(source, _state(source))
        return func(*args, **kwargs)

    def restore(self) -> None:
        """Put back what was drawn from."""
        for source, before in self._before.items():
            if not torch.equal(before, _state(source)):
                _set_state(source, before)


def _state(source: torch.Generator | torch.device | None) -> Tensor:
    """The state of a generator, of a device's own generator, or (None) of the CPU's."""
    if source is None:
        return torch.get_rng_state()
    if isinstance(source, torch.Generator):
        return source.get_state()
    if source.type == "mps":
        return torch.mps.get_rng_state()
    return torch.get_device_module(source).get_rng_state(source)


def _set_state(source: torch.Generator | torch.device | None, state: Tensor) -> None:
    if source is None:
        torch.set_rng_state(state)
    elif isinstance(source, torch.Generator):
        source.set_state(state)
    elif source.type == "mps":
        torch.mps.set_rng_state(state)
    else:
        torch.get_device_module(source).set_rng_state(state, source)
