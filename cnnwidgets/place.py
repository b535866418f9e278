"""What a microscope can look at: a set with images, and the layers, channels, pixels of a run."""

import difflib
from collections.abc import Mapping
from typing import Any

from traitlets import TraitError

from cnnwidgets.data import ImageSet
from cnnwidgets.network.probe import Layer, Run
from cnnwidgets.network.reading import maps_of
from cnnwidgets.traits import within


def layers_in(run: Run) -> tuple[Layer, ...]:
    """The layers that gave numbers, in the order they ran."""
    return tuple(layer for layer in run.layers if layer.name in run and run[layer.name].numel())


def check_images(images: object) -> None:
    """Raises TypeError or ValueError unless images is an ImageSet with images in it."""
    if not isinstance(images, ImageSet):
        raise TypeError(
            f"images must be an ImageSet, and is a {type(images).__name__}; "
            "make one with cnnwidgets.load or ImageSet.from_arrays"
        )
    if not len(images):
        raise ValueError(f"images ({images.name!r}) is an empty set; give at least one image")


def place_in(
    run: Run, wanted: Mapping[str, Any], before: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Layer, channel and pixel as wanted; those before where they still fit.

    name: of the model. Raises TraitError for a wanted place that the run does not have, and
    ValueError if it has none at all.
    """
    shown = {layer.name: layer for layer in layers_in(run)}
    if not shown:
        raise ValueError(f"no layer of {name} gives numbers for an image: nothing to show")
    layer = wanted.get("layer", before["layer"])
    if layer not in shown and "layer" in wanted:
        near = difflib.get_close_matches(layer, shown, n=2) or list(shown)[:3]
        raise TraitError(f"no layer {layer!r}; did you mean {' or '.join(map(repr, near))}?")
    if layer not in shown:
        first = next((at for at, each in shown.items() if each.kind == "Conv2d"), None)
        layer = first or next(iter(shown))
    count, *sides = maps_of(run, layer).shape
    channel = wanted.get("channel", before["channel"] or 0)
    if "channel" in wanted:
        within("channel", channel, count, f"channels of {layer!r}")
    pixel = wanted.get("pixel", before["pixel"])
    inside = pixel is not None and len(sides) == 2 and _inside(pixel, sides)
    if pixel is not None and "pixel" in wanted and not inside:
        size = f"{sides[0]} rows and {sides[1]} columns" if sides else "single values"
        raise TraitError(f"pixel (={pixel}) is outside {layer!r}, which has {size}")
    return {
        "layer": layer,
        "channel": channel if channel < count else 0,
        "pixel": pixel if inside else None,
    }


def _inside(pixel: tuple[int, int], sides: list[int]) -> bool:
    return all(0 <= at < side for at, side in zip(pixel, sides, strict=True))
