"""Where edits are put to work: on a private copy, inside a block."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn.modules import conv
from torch.nn.utils.parametrize import is_parametrized

from cnnwidgets.network.copying import copy_of
from cnnwidgets.network.edits import Edit, OutputEdit, SetKernel, WeightEdit, by_layer, shape_of
from cnnwidgets.network.layers import Layer, named_layers
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import base_name

__all__ = ["apply_edits", "check_edits", "edits_on", "set_weights"]


@contextmanager
def apply_edits(model: nn.Module, edits: Iterable[Edit]) -> Iterator[nn.Module]:
    """A block with an edited copy of a model, which itself is never touched.

    edits: weights are changed first, then every result in each forward pass, each in the order
        given. Without edits the copy gives the same bits as the model.
    Yields the copy, which loses its hooks, and gets its weights back, at the end of the block.

    Raises LayerError for a layer that is not there, TypeError, ValueError or IndexError for an
    edit that does not fit it; of a channel, that may be known only when the copy runs.

    >>> model = nn.Sequential(nn.ReLU())
    >>> with apply_edits(model, [cw.Scale("0", 0, 10)]) as edited:
    ...     edited(torch.ones(1, 2))
    tensor([[10.,  1.]])
    """
    private = copy_of(Probe(model).model)
    with edits_on(private, edits):
        yield private


@contextmanager
def edits_on(slide: nn.Module, edits: Iterable[Edit]) -> Iterator[None]:
    """A block in which a model is edited, and after which it is as before; for a private copy.

    No copy is made but of the weights that are changed. Raises as `apply_edits`.
    """
    edits = tuple(edits)
    if not edits:
        yield
        return
    check_edits(edits, slide)
    modules = dict(named_layers(slide))
    with ExitStack() as undo:
        for edit in edits:
            if not isinstance(edit, WeightEdit):
                continue
            values = modules[edit.layer]._parameters[edit.parameter].data  # type: ignore[union-attr]
            undo.callback(values.copy_, values.clone())
            values[edit.place] = values.new_tensor(edit.values)
        for layer, group in by_layer(edits).items():
            hook = partial(_change, layer, group)
            undo.callback(modules[layer].register_forward_hook(hook).remove)
        yield


def set_weights(model: nn.Module, edits: Iterable[Edit]) -> None:
    """Puts the values of weights edits into a model for good, in the order given.

    Raises as `apply_edits`, and ValueError for edits of results, which no weight can hold; then
    nothing is changed.
    """
    edits = tuple(edits)
    check_edits(edits, model)
    weights = [edit for edit in edits if isinstance(edit, WeightEdit)]
    for edit in edits:
        if isinstance(edit, OutputEdit):
            raise ValueError(
                f"{edit!r} changes what '{edit.layer}' gives, not its weights: it cannot be trained"
                " on; hand over SetKernel and SetBias alone"
            )
    modules = dict(named_layers(model))
    for each in weights:
        values = modules[each.layer]._parameters[each.parameter].data  # type: ignore[union-attr]
        values[each.place] = values.new_tensor(each.values)


def check_edits(
    edits: Sequence[Edit], model: nn.Module, layers: Iterable[Layer] | None = None
) -> None:
    """Refuse edits that do not fit a model.

    layers: those of a run of it, which tell how many channels each layer gives; None where there
        was none yet.

    Raises LayerError for a layer that is not there, TypeError for what is no edit, and ValueError
    or IndexError for one that does not fit its layer.
    """
    modules = dict(named_layers(model))
    shapes = {layer.name: layer.shape for layer in layers or ()}
    for edit in edits:
        if not isinstance(edit, WeightEdit | OutputEdit):
            raise TypeError(
                f"edits must be Ablate, Scale, AddNoise, SetKernel or SetBias, not {edit!r}"
            )
        base = base_name(edit.layer, modules)
        if base != edit.layer:
            raise ValueError(
                f"layer (={edit.layer!r}) is one call of '{base}', and an edit acts on every call;"
                f" name it '{base}'"
            )
        if isinstance(edit, WeightEdit):
            _check_weights(edit, modules[base])
        else:
            shape = shapes.get(base)
            if shape is not None:
                _check_channel(edit, shape)


def _check_weights(edit: WeightEdit, module: nn.Module) -> None:
    kind, name, what = type(module).__name__, edit.layer, edit.parameter
    if is_parametrized(module):
        raise ValueError(
            f"the {what} of '{name}' is computed from others by a parametrization; remove it first"
            " with torch.nn.utils.parametrize.remove_parametrizations"
        )
    parameter = module._parameters.get(what)
    if parameter is None and isinstance(getattr(module, what, None), Tensor):
        raise ValueError(
            f"the {what} of '{name}' is computed from others before each run; end that first, as"
            " with torch.nn.utils.prune.remove or remove_weight_norm"
        )
    turned = isinstance(module, conv._ConvTransposeNd)
    filters = isinstance(module, nn.Linear | conv._ConvNd) and not turned
    if parameter is None or (isinstance(edit, SetKernel) and not filters):
        words = "has no bias to set" if what == "bias" else "has no kernels; name a convolution"
        raise ValueError(f"'{name}' ({kind}) {words}")
    for index, size, axis in zip(edit.place, parameter.shape, ("filter", "input"), strict=False):
        if index >= size:
            raise IndexError(
                f"{axis} (={index}) must be from 0 to {size - 1}, the {axis}s of '{name}'"
            )
    wanted, shape = tuple(parameter.shape[len(edit.place) :]), shape_of(edit.values)
    if shape != wanted:
        sizes = ["×".join(map(str, each)) or "one number" for each in (shape, wanted)]
        raise ValueError(f"values are {sizes[0]}, and must be {sizes[1]} in '{name}'")


def _check_channel(edit: OutputEdit, shape: tuple[int, ...]) -> None:
    """shape: of the layer's result for one image."""
    if not shape:
        raise ValueError(f"'{edit.layer}' gives one number for an image: it has no channels")
    channel = getattr(edit, "channel", 0)
    if channel >= shape[0]:
        raise IndexError(
            f"channel (={channel}) must be from 0 to {shape[0] - 1}, the channels of '{edit.layer}'"
        )


def _change(
    layer: str, edits: list[OutputEdit], module: nn.Module, args: tuple, result: Any
) -> Tensor:
    if not isinstance(result, Tensor):
        raise TypeError(
            f"'{layer}' returned a {type(result).__name__}: only a layer that returns one tensor"
            " can be edited"
        )
    changed = result.clone()
    for edit in edits:
        _check_channel(edit, tuple(result.shape[1:]))
        edit.change(changed)
    return changed
