"""The traits that widgets share, in groups: a view takes those it shows, the stage has them all."""

import numpy as np
from traitlets import Bool, Dict, Float, HasTraits, List, Unicode

from cnnwidgets.arrays import Array, Pixels, to_wire, to_wire_all
from cnnwidgets.traits import Place, Whole


class Picture(HasTraits):
    """The image that is looked at, and the set it comes from."""

    index = Whole(None, allow_none=True).tag(sync=True)
    """Which image of the set is looked at, from 0; None for one from elsewhere."""
    image = Pixels().tag(sync=True, to_json=to_wire)
    """The picture: uint8 (channel, row, column)."""
    label = Whole(None, allow_none=True).tag(sync=True)
    """The class that the picture is said to have, or None."""
    classes = List(Unicode()).tag(sync=True)
    """The names of the classes, in the order of the scores."""
    source = Unicode().tag(sync=True)
    """The name of the image set."""
    size = Whole(0).tag(sync=True)
    """How many images the set has."""


class Network(HasTraits):
    """The layers that the image goes through."""

    layer = Unicode().tag(sync=True)
    """The layer looked at, by name."""
    layers = List(Dict()).tag(sync=True)
    """The layers in the order they ran, each with name, kind, detail, parameters and shape."""
    thumbnails = List(Array("uint8", axes=(3,))).tag(sync=True, to_json=to_wire_all)
    """For each layer its first channels, small: uint8 (channel, row, column). Where `signed`
    says that the layer has negative values, 128 stands for zero."""
    signed = List(Bool()).tag(sync=True)
    """For each layer whether it has negative values for this image."""


class Maps(HasTraits):
    """The feature maps of one layer."""

    layer = Unicode().tag(sync=True)
    """The layer looked at, by name."""
    channel = Whole(0).tag(sync=True)
    """The channel looked at, from 0."""
    pixel = Place().tag(sync=True)
    """The pixel looked at: (row, column) of the feature map, or None."""
    maps_layer = Unicode().tag(sync=True)
    """The layer that `maps` are of, where another may have been chosen meanwhile; or empty."""
    maps = Array("float32", axes=(1, 3)).tag(sync=True, to_json=to_wire)
    """The layer's maps: float32 (channel, row, column), or (unit,) for a vector."""


class Weights(HasTraits):
    """The weights that make the maps of one layer."""

    layer = Unicode().tag(sync=True)
    """The layer looked at, by name."""
    channel = Whole(0).tag(sync=True)
    """The filter looked at, from 0: the one that makes this channel."""
    kernels = Array("float32", axes=(4,)).tag(sync=True, to_json=to_wire)
    """The weights: float32 (filter, input channel, row, column), or None if there are none."""
    kernels_from = Whole(0).tag(sync=True)
    """The number of the first filter in `kernels`: not 0 where only the selected one is sent."""
    kernels_count = Whole(0).tag(sync=True)
    """How many filters the layer has."""
    kernels_groups = Whole(1).tag(sync=True)
    """How many groups of filters there are, each reading its own share of the input channels."""
    kernels_limit = Float(0.0).tag(sync=True)
    """The largest absolute weight of the layer: the end of the colour scale."""
    kernels_layer = Unicode().tag(sync=True)
    """The layer that holds the weights."""
    kernels_inputs = Unicode().tag(sync=True)
    """The layer that the weights are applied to; empty where that is not known."""


class Moment(HasTraits):
    """The recorded training, and the step of it that is looked at."""

    step = Whole(None, allow_none=True).tag(sync=True)
    """The recorded step whose weights are looked at; None without a recorded training."""
    steps = List(Whole()).tag(sync=True)
    """The recorded steps, ascending."""
    accuracies = List(Float(allow_none=True)).tag(sync=True)
    """The share of images read rightly at each of `steps`, from 0 to 1; None where unknown."""
    tested = List(Bool()).tag(sync=True)
    """Whether each of `accuracies` is of the test images, and not of the latest training batches;
    of all of them, where this is empty."""


class Scores(HasTraits):
    """What the network says of the image."""

    logits = Array("float32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """The network's scores: float32 (class,), or None if it gives no score per class."""
    probabilities = Array("float32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """Their softmax: float32 (class,)."""


def limit_of(weights: np.ndarray) -> float:
    """The largest absolute value of an array that is finite, or 0."""
    low, high = weights.min(initial=0), weights.max(initial=0)
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = np.isfinite(weights)
        low, high = (reach(initial=0, where=finite) for reach in (weights.min, weights.max))
    return float(max(abs(low), abs(high)))
