"""What a layer is, what to call it, and one line about it for people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules import batchnorm, conv, dropout, instancenorm, padding, pooling
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

MODEL = "(model)"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a model, or one call of it where a run called it more than once.

    name: dotted path in the model, where the second call of "relu" is "relu:2"; the model itself,
        where it is a layer, is "(model)".
    kind: class name, such as "Conv2d".
    parameters: how many numbers it learns, its children's not counted; the same for every call.
    shape: of its first output tensor without the first (batch) axis; None when not known.
    detail: what it does, in a few plain words, or "".
    called: how often the latest run called it; 0 before a run and when never reached.
    call: which of these calls this is, from 1.
    """

    name: str
    kind: str
    parameters: int
    shape: tuple[int, ...] | None = None
    detail: str = ""
    called: int = 0
    call: int = 1

    @property
    def reached(self) -> bool:
        """Whether the latest run called it."""
        return self.called > 0

    @property
    def base(self) -> str:
        """The name of its first call, which every call shares: "relu" for "relu:2"."""
        return self.name if self.call == 1 else self.name[: self.name.rindex(":")].rstrip(":")


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a model that are layers, under their first names, in registration order.

    Layers are the modules without children, and those that have parameters of their own. Lists of
    modules, which are never called, are none; a parametrized module (spectral norm), one that
    torch quantized, or an attention layer, which uses its child's weights alone, is one layer.
    """
    inside: set[nn.Module] = set()
    for name, module in model.named_modules():
        if is_parametrized(module):
            inside.update(module.parametrizations.modules())
        if _is_whole(module):
            inside.update(module.children())
        if module not in inside and _is_layer(module):
            yield name.replace("_orig_mod.", "").removesuffix("_orig_mod") or MODEL, module


def layer_of(name: str, module: nn.Module) -> Layer:
    """The layer a module is, not yet run.

    Raises ValueError for a lazy module that has no weights yet.
    """
    if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
        raise ValueError(
            f"layer '{name}' is lazy and has no weights yet; call the model on one batch first"
        )
    own = list(module.parameters(recurse=is_parametrized(module) or _is_whole(module)))
    kind = type_before_parametrizations(module).__name__
    count = sum(parameter.numel() for parameter in own)
    return Layer(name, kind, count, detail=describe(module))


def _is_layer(module: nn.Module) -> bool:
    if getattr(module.forward, "__func__", None) is nn.Module.forward:
        return False
    children = [child for name, child in module.named_children() if name != "parametrizations"]
    if not children or _is_whole(module):
        return True
    return next(module.parameters(recurse=False), None) is not None


def _is_whole(module: nn.Module) -> bool:
    """Whether a module is torch's own and keeps weights in a child that it never calls."""
    quantized = type(module).__module__.startswith("torch.ao.nn.quantized.")
    return quantized or type(module) is nn.MultiheadAttention


def describe(module: nn.Module) -> str:
    """One line of plain words about what a module does, or "" when there is nothing useful to say.

    >>> describe(nn.Conv2d(1, 8, 5, padding=2))
    '5×5, padding 2'
    """
    for kinds, words in _DETAILS:
        if isinstance(module, kinds):
            return words(module)
    return ""


def _conv(module: conv._ConvNd) -> str:
    axes = len(module.kernel_size)
    facts = [_by(module.kernel_size, axes)]
    if module.transposed:
        facts.append("transposed")
    if _differs(module.stride, 1):
        facts.append(f"stride {_alike(module.stride)}")
    if _differs(module.padding, 0):
        mode = "" if module.padding_mode == "zeros" else f"{module.padding_mode} "
        facts.append(f"{mode}padding {_alike(module.padding)}")
    if _differs(module.dilation, 1):
        facts.append(f"dilation {_alike(module.dilation)}")
    if module.groups != 1:
        facts.append(f"{module.groups} groups")
    return ", ".join(facts)


def _pool(word: str):
    def words(module: nn.Module) -> str:
        axes = int(type_before_parametrizations(module).__name__[-2])
        facts = [f"{word} {_by(module.kernel_size, axes)}"]
        if _spread(module.stride, axes) != _spread(module.kernel_size, axes):
            facts.append(f"stride {_alike(module.stride)}")
        if _differs(module.padding, 0):
            facts.append(f"padding {_alike(module.padding)}")
        if _differs(getattr(module, "dilation", 1), 1):
            facts.append(f"dilation {_alike(module.dilation)}")
        return ", ".join(facts)

    return words


def _adaptive(word: str):
    def words(module: nn.Module) -> str:
        axes = int(type_before_parametrizations(module).__name__[-2])
        return f"{word}, to {_by(module.output_size, axes)}"

    return words


def _resize(module: nn.Upsample) -> str:
    if module.size is not None:
        return f"to {_alike(module.size)}, {module.mode}"
    return f"{_alike(module.scale_factor)} times larger, {module.mode}"


def _spread(value, axes: int) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes


def _by(value, axes: int) -> str:
    """`value` once per axis: 5 on two axes is "5×5"; an axis left as it is, None, is "any"."""
    return "×".join("any" if size is None else f"{size}" for size in _spread(value, axes))


def _alike(value) -> str:
    """One number where all axes agree, else one per axis."""
    if isinstance(value, (tuple, list)):
        return f"{value[0]}" if len(set(value)) == 1 else _by(value, len(value))
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _differs(value, default: int) -> bool:
    return any(each != default for each in _spread(value, 1))


def _say(words: str):
    return lambda _: words


# The first match wins, so a subclass stands before its base.
_DETAILS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (conv._ConvNd, _conv),
    (pooling._MaxPoolNd, _pool("max")),
    (pooling._AvgPoolNd, _pool("mean")),
    (pooling._AdaptiveMaxPoolNd, _adaptive("max")),
    (pooling._AdaptiveAvgPoolNd, _adaptive("mean")),
    (nn.ReLU6, _say("max(0, x), at most 6")),
    (nn.ReLU, _say("max(0, x)")),
    (nn.LeakyReLU, lambda m: f"x, or {m.negative_slope:g}·x below 0"),
    (nn.PReLU, _say("x, or a learned share of x below 0")),
    (nn.ELU, lambda m: f"x, or {m.alpha:g}·(eˣ − 1) below 0"),
    (nn.GELU, _say("x · share of a normal below x")),
    (nn.SiLU, _say("x · sigmoid(x)")),
    (nn.Sigmoid, _say("1 / (1 + e⁻ˣ)")),
    (nn.Tanh, _say("tanh(x), between −1 and 1")),
    (nn.Hardtanh, lambda m: f"x, kept within {m.min_val:g} and {m.max_val:g}"),
    (nn.Softplus, _say("a smooth max(0, x)")),
    ((nn.Softmax, nn.Softmax2d), _say("shares that sum to 1")),
    (nn.LogSoftmax, _say("logarithms of shares that sum to 1")),
    (nn.Linear, lambda m: f"{m.in_features} → {m.out_features}"),
    (nn.Bilinear, lambda m: f"{m.in1_features} and {m.in2_features} → {m.out_features}"),
    (batchnorm._BatchNorm, lambda m: f"batch norm, {m.num_features} channels"),
    (instancenorm._InstanceNorm, lambda m: f"instance norm, {m.num_features} channels"),
    (nn.GroupNorm, lambda m: f"group norm, {m.num_channels} channels in {m.num_groups} groups"),
    (nn.LayerNorm, lambda m: f"layer norm over {'×'.join(map(str, m.normalized_shape))}"),
    (dropout._DropoutNd, lambda m: f"drops {100 * m.p:g} % in training"),
    (nn.Flatten, _say("one row of numbers per image")),
    (nn.Identity, _say("passes its input on")),
    (nn.Upsample, _resize),
    (
        (padding._ConstantPadNd, padding._ReflectionPadNd, padding._ReplicationPadNd),
        lambda m: f"padding {_alike(m.padding)}",
    ),
    (nn.Embedding, lambda m: f"{m.num_embeddings} entries of {m.embedding_dim} numbers"),
    (nn.RNNBase, lambda m: f"{m.input_size} → {m.hidden_size}"),
    (nn.MultiheadAttention, lambda m: f"{m.num_heads} heads, {m.embed_dim} numbers each position"),
)
