"""Which pixels of an image, and which units on the way, can reach one unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.arithmetic import batch_of, check_one, unit_in
from cnnwidgets.network.layers import named_layers
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import Run, base_name
from cnnwidgets.network.spread import reaching
from cnnwidgets.network.surrogate import gradient_fields

__all__ = ["Box", "ReceptiveField", "Region", "receptive_field", "receptive_field_in"]


@dataclass(frozen=True, slots=True)
class Box:
    """The smallest box around some pixels: first row and column, and those just past the last."""

    row: int
    row_stop: int
    column: int
    column_stop: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """What cuts it out of an array (row, column)."""
        return slice(self.row, self.row_stop), slice(self.column, self.column_stop)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The units of one layer, or of the image, that can reach the unit asked for.

    layer: its name; "input" for the image.
    units: bool, in the shape of its result for one image: (channel, row, column) of maps.
    """

    layer: str
    units: np.ndarray

    def __post_init__(self) -> None:
        self.units.setflags(write=False)

    @property
    def mask(self) -> np.ndarray:
        """(row, column) bool, where any channel counts; of a vector (unit,) bool."""
        return np.asarray(self.units.any(0) if self.units.ndim == 3 else self.units)

    @property
    def box(self) -> Box | None:
        """Around the mask, clipped to the map; empty (0, 0, 0, 0) if no unit counts.

        None for a vector, which has no rows and columns.
        """
        if self.units.ndim != 3:
            return None
        rows, columns = (np.flatnonzero(self.mask.any(axis)) for axis in (1, 0))
        if not len(rows):
            return Box(0, 0, 0, 0)
        return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)

    def __repr__(self) -> str:
        return f"Region({self.layer!r}, {self.box or f'{int(self.units.sum())} units'})"


@dataclass(frozen=True, slots=True, eq=False)
class ReceptiveField:
    """The pixels that can reach a unit; made by `receptive_field`.

    layer, unit: whose.
    regions: from the layer itself, where only the unit counts, back to "input"; by gradient every
        layer through which a way to the unit leads, the last to run first.
    method: "walked" from layer to layer, or by "gradient".
    note: why it was not walked, or "".
    """

    layer: str
    unit: tuple[int, ...]
    regions: tuple[Region, ...]
    method: str
    note: str = ""

    @property
    def mask(self) -> np.ndarray:
        """Which pixels of the image: (row, column) bool, where any channel counts."""
        return self.regions[-1].mask

    @property
    def box(self) -> Box | None:
        """The smallest box around these pixels, clipped to the image."""
        return self.regions[-1].box

    def __getitem__(self, layer: str) -> Region:
        """What counts in a layer on the way, or in "input".

        Raises KeyError if the unit does not depend on that layer.
        """
        for region in reversed(self.regions):
            if region.layer == layer:
                return region
        names = ", ".join(repr(region.layer) for region in self.regions)
        raise KeyError(f"{layer!r} is not on the way to '{self.layer}'; those are {names}")

    def __repr__(self) -> str:
        return f"ReceptiveField({self.layer!r}, unit {self.unit}: {self.box}, {self.method})"


def receptive_field(
    model: nn.Module,
    layer: str,
    unit: int | Sequence[int],
    image: Any = None,
    *,
    images: Any = None,
) -> ReceptiveField:
    """The pixels of an image that can reach one unit of a layer.

    model: any nn.Module; it is looked at in evaluation mode and left as it was.
    layer, unit: as `explain` takes them.
    image: one image as `explain` takes it, or the shape of one, (channel, row, column). It may be
        left out for a model that says its own as `input_shape`, as DigitCNN does.
    images: the ImageSet that a uint8 picture belongs to.

    Which layer feeds which is seen in a forward pass, and followed back through the layers that
    `explain` takes apart: this is exact, and tells which pixels the arithmetic reads, whatever
    their values and the weights are (a weight of zero counts). Where the way leads outside these
    layers (a residual sum, branches, a functional ReLU), the field is the non-zero gradient in a
    copy of the model with positive random weights, without maxima and bends, in which nothing
    hides a pixel. That copy still errs where a model chooses by value in its own code (indexing,
    sorting, torch.max along an axis, torch.where), cuts the gradient off (detach, rounding), or is
    so deep that a gradient falls below the smallest float64.

    Raises as `explain`, and ValueError if `image` is needed, or no gradient comes through.

    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3)), "0", (0, 2, 2), (1, 8, 8)).box
    Box(row=2, row_stop=5, column=2, column_stop=5)
    """
    probe = Probe(model)
    batch = _image(probe.model, image, images)
    run = probe.run(batch, layers=[layer])
    return receptive_field_in(probe, run, layer, unit)


def receptive_field_in(
    probe: Probe, run: Run, layer: str, unit: int | Sequence[int]
) -> ReceptiveField:
    """The same as `receptive_field`, of a run that was already made, of one image.

    Edits are no part of it: call this outside the block in which they act, or a channel that is
    silenced there may hide pixels from the gradient.
    """
    found = walked_in(probe, run, layer, unit)
    return by_gradient(probe, run, found) if found.note else found


def walked_in(probe: Probe, run: Run, layer: str, unit: int | Sequence[int]) -> ReceptiveField:
    """The same, as far as layers can be walked through; `note` says why it is not to the image."""
    check_one(run, layer)
    made = run.layer(layer).shape or ()
    unit = unit_in(made, unit, layer)
    units = np.zeros(made, bool)
    units[unit] = True
    regions, why = _walk(probe, run, Region(layer, units))
    return ReceptiveField(layer, unit, tuple(regions), "walked", why)


def by_gradient(probe: Probe, run: Run, walked: ReceptiveField) -> ReceptiveField:
    """The field that could not be walked; takes a second or so where the model is large."""
    layer, unit = walked.layer, walked.unit
    found = gradient_fields(probe, run, layer, unit)
    regions = [Region(*each) for each in found if each[0] != layer]
    return ReceptiveField(layer, unit, (walked.regions[0], *regions), "gradient", walked.note)


def _walk(probe: Probe, run: Run, start: Region) -> tuple[list[Region], str]:
    """The regions from a layer back to the image, or as far as they lead, and why no further."""
    regions, at = [start], start.layer
    modules = dict(named_layers(probe.model))
    while True:
        feed = run.feed(at)
        if feed is None:
            return regions, f"the model made the input of '{at}' outside its layers"
        units = reaching(modules[base_name(at, modules)], regions[-1].units, feed.shape[1:])
        if units is None:
            return regions, f"'{at}' ({run.layer(at).kind}) is no layer that can be walked through"
        if not feed.source:
            regions.append(Region("input", units.reshape(run.input.shape[1:])))
            return regions, ""
        at = feed.source
        regions.append(Region(at, units.reshape(run.layer(at).shape or ())))


def _image(model: nn.Module, image: Any, images: Any) -> Tensor:
    """A batch of one image, of zeros where only its shape is known."""
    if image is None:
        image = getattr(model, "input_shape", None)
        if image is None:
            raise ValueError(
                f"image is needed, since {type(model).__name__} has no input_shape: give an image,"
                " or the shape of one as (channel, row, column)"
            )
    if isinstance(image, tuple | list) and all(isinstance(size, int) for size in image):
        return torch.zeros(1, *image)
    return batch_of(image, images)
