"""LayerSelector: the network as a strip of layers, from input to output."""

import difflib
from typing import Any, ClassVar

from traitlets import Bunch, TraitError, observe, validate

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Network, Picture
from cnnwidgets.widgets.view import View

BLANK = {"name": "", "kind": "", "detail": "", "parameters": 0, "shape": []}


class LayerSelector(Network, Picture, View):
    """Shows every layer with its kind, shape, weights and an icon of its maps; one is chosen.

    LayerSelector(scope), or alone: LayerSelector(layers=[{"name": ..., "kind": ..., "detail": ...,
    "parameters": ..., "shape": [...]}, ...], layer="conv1"), of which only the name is needed.
    As a figure: cnnwidgets.figures.image_through_layers(scope).
    """

    _esm = script("layer_selector")
    _css = style("layer_selector")
    page_writes: ClassVar[frozenset[str]] = frozenset({"layer"})

    @validate("layers")
    def _check_layers(self, proposal: Any) -> list[dict[str, Any]]:
        layers = [{**BLANK, **layer} for layer in proposal.value]
        for layer in layers:
            if not layer["name"] or layer.keys() != BLANK.keys():
                raise TraitError(
                    f"layers needs a name for each, and takes {', '.join(BLANK)}; not {layer}"
                )
        return layers

    @validate("layer")
    def _check_layer(self, proposal: Any) -> str:
        names = [layer["name"] for layer in self.layers]
        if self.stage is None and names and proposal.value not in names:
            near = difflib.get_close_matches(proposal.value, names, n=2) or names[:3]
            raise TraitError(
                f"no layer {proposal.value!r}; did you mean {' or '.join(map(repr, near))}?"
            )
        return proposal.value

    @observe("layers")
    def _choose_one(self, _change: Bunch) -> None:
        names = [layer["name"] for layer in self.layers]
        if self.stage is None and names and self.layer not in names:
            self.layer = names[0]
