"""LayerSelector: the network as a strip of layers, from input to output."""

from typing import ClassVar

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Network, Picture
from cnnwidgets.widgets.view import View


class LayerSelector(Network, Picture, View):
    """Shows every layer with its kind, shape, weights and an icon of its maps; one is chosen.

    LayerSelector(scope), or alone: LayerSelector(layers=[{"name": ..., "kind": ..., "detail": ...,
    "parameters": ..., "shape": [...]}, ...], layer="conv1").
    """

    _esm = script("layer_selector")
    _css = style("layer_selector")
    page_writes: ClassVar[frozenset[str]] = frozenset({"layer"})
