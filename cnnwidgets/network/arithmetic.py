"""How one unit got its number."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.copying import copy_of
from cnnwidgets.network.edits import Edit, by_layer
from cnnwidgets.network.explanation import TOLERANCE, Change, Explanation, Terms
from cnnwidgets.network.layers import Layer, describe
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import LayerError, Run, tensors_in
from cnnwidgets.network.terms import COPIES, kind_of, terms_of

__all__ = ["Explanation", "explain", "explained"]

Unit = int | Sequence[int]


def explain(
    model: nn.Module, image: Any, layer: str, unit: Unit, *, images: Any = None
) -> Explanation:
    """How one value of a layer came about: the numbers it was made of, and their sum.

    model: any nn.Module; it is looked at in evaluation mode and left as it was.
    image: what the model is given, for one image: floating-point (channel, row, column), or a
        batch of one, normalised as in training. A uint8 picture, as an ImageSet holds it, needs
        `images`, whose mean and std normalise it.
    layer: its name in `Probe(model).layers`; "relu:2" is the second call of "relu".
    unit: (channel, row, column) of a feature map; (unit,) or a number in a vector.
    images: the ImageSet that a uint8 picture belongs to.

    The numbers are those that a hook saw in one forward pass. Taken apart are Conv2d,
    ConvTranspose2d, Linear, max, mean and adaptive pooling of two axes, batch norm, activations,
    dropout, Flatten, softmax and Identity; for other layers the record holds the value's gradient
    by the layer's input, and says so in `note`.

    Raises LayerError for a layer that is not there or was not reached; IndexError for a unit that
    is not there; TypeError or ValueError for an image that does not fit; NotImplementedError for
    a layer that is neither taken apart nor differentiable.

    >>> pool = nn.Sequential(nn.MaxPool2d(2))
    >>> explain(pool, torch.arange(16.0).reshape(1, 4, 4), "0", (0, 1, 1))
    Explanation('0', unit (0, 1, 1): maximum of 1×2×2 from 'input' = 15; stored 15, matches)
    """
    probe = Probe(model)
    batch = batch_of(image, images)
    run = probe.run(batch, layers=[layer], inputs=[layer])
    return explained(probe, run, layer, unit)


def explained(
    probe: Probe, run: Run, layer: str, unit: Unit, edits: Iterable[Edit] = ()
) -> Explanation:
    """The same as `explain`, of a run that was already made; for one image.

    probe: the one that made `run`, over a model whose weights are still the same.
    edits: those that were in force, and still are; `changes` tells those of the layer's result.

    No second forward pass, but where the model worked on the layer's input outside its layers (a
    functional ReLU), and `run` was not asked to record it.
    """
    stored = run[layer]
    check_one(run, layer, stored.ndim > 1)
    entry = run.layer(layer)
    made = tuple(stored.shape[1:])
    unit = unit_in(made, unit, layer)
    module = probe.module(layer)
    given = _given(probe, run, entry)
    source, source_shape = _source(probe, run, layer, module, given)
    terms = terms_of(module, given[0], unit, made, source_shape)
    notes = _notes(entry, source)
    if terms is None:
        notes = [f"{entry.kind} is not taken apart here; the weights are the gradient"]
        terms = _by_gradient(module, given, unit, entry)
    changes, value = [], terms.result
    for edit in by_layer(edits).get(entry.base, ()):
        changed = edit.change_value(value, unit, made)
        if changed != value:
            changes.append(Change(edit, changed))
        value = changed
    return Explanation(
        layer=layer,
        kind=entry.kind,
        unit=unit,
        terms=terms,
        source=source,
        source_shape=source_shape,
        stored=float(stored[0][unit]),
        changes=tuple(changes),
        rule=describe(module),
        method="gradient" if terms.operation == "gradient" else "terms",
        note="; ".join(notes),
        tolerance=_tolerance(stored.dtype),
    )


def batch_of(image: Any, images: Any = None) -> Tensor:
    """What a model is given for one image, as `explain` takes it: a batch of one.

    Raises TypeError for what is no array, ValueError for uint8 pixels without `images`, or more
    than one image.
    """
    if images is not None:
        image = images.normalize(np.asarray(image))
    elif isinstance(image, np.ndarray) and image.dtype == np.uint8:
        raise ValueError(
            "image holds uint8 pixels, and how to normalise them is not known: give their ImageSet"
            " with images=..., or images.normalize(image)"
        )
    if not isinstance(image, Tensor) and not hasattr(image, "__array__"):
        raise TypeError(f"image must be a tensor or a numpy array, not a {type(image).__name__}")
    batch = image if isinstance(image, Tensor) else torch.from_numpy(np.array(image))
    batch = batch[None] if batch.ndim == 3 else batch
    if batch.ndim < 2 or len(batch) != 1:
        raise ValueError(
            f"image has shape {tuple(batch.shape)}: give one image, (channel, row, column),"
            " or a batch of one"
        )
    return batch


def check_one(run: Run, layer: str, has_axes: bool = True) -> None:
    """Raises ValueError unless a run is of one image, and a layer's first axis is that image."""
    shape = tuple(run[layer].shape)
    if len(run.input) != 1:
        raise ValueError(
            f"'{layer}' gave {shape}, for {len(run.input)} images: explain and receptive_field take"
            " a run of one; choose one with batch[i:i + 1]"
        )
    if not has_axes or shape[:1] != (1,):
        raise ValueError(
            f"'{layer}' gave {shape} for one image: its first axis is not that of the images, and"
            " its values are not told apart here"
        )


def unit_in(shape: tuple[int, ...], unit: Unit, layer: str) -> tuple[int, ...]:
    """A unit of a layer as a tuple, one index an axis.

    shape: of the layer's result for one image.
    Raises IndexError if there is no such unit, TypeError for what is no number.
    """
    places = (unit,) if isinstance(unit, int | np.integer) else tuple(unit)
    if any(isinstance(each, bool) or not isinstance(each, int | np.integer) for each in places):
        raise TypeError(f"unit (={unit!r}) must be whole numbers, such as (channel, row, column)")
    names = {1: ("unit",), 3: ("channel", "row", "column")}.get(len(shape), ("place",) * len(shape))
    if len(places) != len(shape):
        wanted = ", ".join(names)
        raise IndexError(f"unit (={unit!r}) must be ({wanted}): '{layer}' gives {shape}")
    for name, place, size in zip(names, places, shape, strict=True):
        if not 0 <= place < size:
            raise IndexError(
                f"unit (={unit!r}): {name} {place} must be from 0 to {size - 1}, those of '{layer}'"
            )
    return tuple(map(int, places))


def _given(probe: Probe, run: Run, entry: Layer) -> Tensor:
    """What a layer was given: from the run, or from a second one that records it."""
    try:
        return run.given(entry.name)
    except LayerError:
        again = probe.run(run.input, layers=[], inputs=[entry.base])
    try:
        return again.given(entry.name)
    except LayerError:
        raise NotImplementedError(
            f"'{entry.name}' ({entry.kind}) works on several tensors, or on none, and only what is"
            " made of one can be taken apart; choose another layer"
        ) from None


def _source(
    probe: Probe, run: Run, layer: str, module: nn.Module, given: Tensor
) -> tuple[str | None, tuple[int, ...]]:
    """Which layer made a layer's input, and in what shape for one image."""
    through = given.ndim == 2 and kind_of(module) is nn.Linear
    shape = tuple(given.shape[1:])
    feed = run.feed(layer)
    # A linear layer reads maps, though a Flatten and a Dropout stand between.
    while feed and feed.source and through and _is_vector_copy(probe, run, feed.source, given):
        feed = run.feed(feed.source)
    if feed is None:
        return None, shape
    if not feed.source:
        return "input", tuple(run.input.shape[1:])
    made = run.layer(feed.source).shape
    if made is None or math.prod(made) != given[0].numel():
        return None, shape
    return feed.source, made


def _is_vector_copy(probe: Probe, run: Run, source: str, given: Tensor) -> bool:
    """Whether a layer passed on what it was given as a vector, and that is known where from."""
    feed = run.feed(source)
    copies = kind_of(probe.module(source)) in COPIES
    if feed is None or not copies or run.layer(source).shape != tuple(given.shape[1:]):
        return False
    if feed.source and feed.source not in run:
        return True  # not recorded, so nobody can see another number there
    before = run[feed.source] if feed.source else run.input
    return torch.equal(before.reshape(given.shape), given)


def _notes(entry: Layer, source: str | None) -> list[str]:
    notes = []
    if source is None:
        notes.append("its input is no layer's result: the model made it outside its layers")
    if entry.called > 1:
        times = f"{entry.called} times for an image"
        notes.append(f"'{entry.base}' runs {times}, and this is call {entry.call}")
    return notes


def _tolerance(dtype: torch.dtype) -> float:
    """The larger of TOLERANCE and four roundings; whole numbers are not rounded."""
    rounds = dtype.is_floating_point or dtype.is_complex
    return max(TOLERANCE, 4 * torch.finfo(dtype).eps) if rounds else TOLERANCE


def _by_gradient(module: nn.Module, given: Tensor, unit: tuple[int, ...], entry: Layer) -> Terms:
    """The gradient of one value by a layer's input, of a copy of the layer."""
    private = copy_of(module)
    for each in private.modules():
        each.training = False
    place = given.detach().clone().requires_grad_(given.is_floating_point())
    try:
        with torch.enable_grad():
            # forward, not the call: hooks belong to the model's own runs.
            value = next(tensors_in(private.forward(place.clone())))[0][unit]
            (gradient,) = torch.autograd.grad(value, place)
    except Exception as problem:  # whatever a layer raises when it is called on its own
        words = " ".join(str(problem).split())
        raise NotImplementedError(
            f"'{entry.name}' ({entry.kind}) is not taken apart here, nor has it a gradient: {words}"
        ) from problem
    return _gradient_terms(given[0], gradient[0])


def _gradient_terms(given: Tensor, gradient: Tensor) -> Terms:
    """Gradient and input where the gradient is not zero: a box of maps, or all of a vector."""
    shape = tuple(given.shape)
    grid = shape if len(shape) == 3 else (given.numel(), 1, 1)
    slope = gradient.detach().to("cpu", torch.float64).numpy().reshape(grid)
    spread = [np.arange(size) for size in grid]
    if len(shape) == 3 and slope.any():
        for axis in (1, 2):
            others = tuple(each for each in range(3) if each != axis)
            found = np.flatnonzero(slope.any(others))
            spread[axis] = np.arange(found[0], found[-1] + 1)
    box = np.ix_(*spread)
    patch = given.detach().to("cpu", torch.float64).numpy().reshape(grid)[box]
    weights = slope[box]
    products = weights * patch
    cells = np.arange(given.numel()).reshape(grid)[box]
    channels, rows, columns = spread
    return Terms(
        operation="gradient",
        patch=patch,
        cells=cells,
        shape=shape,
        channels=channels,
        rows=rows,
        columns=columns,
        result=float(products.sum()),
        weights=weights,
        products=products,
    )
