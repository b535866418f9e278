"""The figures of the tutorial, by name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnnwidgets.figures.curves import training_accuracy, training_loss
from cnnwidgets.figures.grids import feature_maps, filters, image_and_maps
from cnnwidgets.figures.sheet import Sheet
from cnnwidgets.figures.walk import image_through_layers

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope


def conv1_filters(scope: "Microscope") -> Sheet:
    """The filters of conv1."""
    return filters(scope, "conv1")


def featuremaps_conv1(scope: "Microscope") -> Sheet:
    """The feature maps of conv1 for the microscope's image."""
    return feature_maps(scope, "conv1")


def featuremaps_conv2(scope: "Microscope") -> Sheet:
    """The feature maps of conv2 for the microscope's image."""
    return feature_maps(scope, "conv2")


def orig_and_conv1_grid(scope: "Microscope") -> Sheet:
    """The microscope's image beside the feature maps that conv1 makes of it."""
    return image_and_maps(scope, "conv1")


def draw_all(scope: "Microscope", layer: str | None = None) -> Iterator[tuple[str, Sheet]]:
    """Every figure with its name; those of one layer where it is given.

    A layer of another model may have no filters, or give a vector: then there is a figure less.
    Without a history there are no curves. Raises ValueError if there is no such layer.
    """
    if layer is None:
        yield "conv1_filters", conv1_filters(scope)
        yield "featuremaps_conv1", featuremaps_conv1(scope)
        yield "featuremaps_conv2", featuremaps_conv2(scope)
        yield "orig_and_conv1_grid", orig_and_conv1_grid(scope)
        yield "image_through_layers", image_through_layers(scope)
        if scope.history is not None and len(scope.history.metrics.step):
            yield "training_loss", training_loss(scope.history)
            yield "training_accuracy", training_accuracy(scope.history)
        return
    name = layer.replace(".", "_").replace(":", "_")
    maps = feature_maps(scope, layer)
    if scope.kernels(layer) is not None:
        yield f"{name}_filters", filters(scope, layer)
    yield f"featuremaps_{name}", maps
    if scope.maps(layer).ndim == 3:
        yield f"orig_and_{name}_grid", image_and_maps(scope, layer)
