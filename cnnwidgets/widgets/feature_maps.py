"""FeatureMaps: what every channel of a layer makes of the image."""

from typing import Any, ClassVar

import numpy as np
from traitlets import Bunch, Enum, Float, TraitError, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.widgets.alone import OwnMaps
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.pinned import Pinnable
from cnnwidgets.widgets.shared import Picture


class FeatureMaps(OwnMaps, Picture, Pinnable):
    """All maps of a layer on one canvas, and the selected one large beside the input.

    Hovering reads channel, row, column and value; a click selects. A vector is a strip of values.
    FeatureMaps(scope), or alone: FeatureMaps(maps=array) with (channel, row, column) or (unit,).
    As a figure: cnnwidgets.figures.feature_maps(scope), or image_and_maps(scope).
    """

    _esm = script("feature_maps")
    _css = style("feature_maps")
    page_writes: ClassVar[frozenset[str]] = frozenset(
        {"channel", "pixel", "colormap", "scale", "zoom"}
    )

    view = Enum(("both", "all", "one"), "both").tag(sync=True)
    """What is shown: "all" maps, the selected "one" large beside the input, or "both"."""
    colormap = Enum(("auto", "viridis", "cividis", "grey", "diverging"), "auto").tag(sync=True)
    """The colours; "auto" is diverging around zero for maps with negative values, else viridis."""
    scale = Enum(("shared", "channel"), "shared").tag(sync=True)
    """Whether one pair of colour limits holds for all maps, or each channel has its own."""
    zoom = Float(1.0).tag(sync=True)
    """Size of the small maps relative to what fits the card, 0.25 to 8."""

    difference = Array("float32", axes=(1, 3)).tag(sync=True, to_json=to_wire)
    """`maps` less those of what is pinned, of the same shape; None where nothing is, or where that
    has no such maps."""

    @validate("zoom")
    def _check_zoom(self, proposal: Any) -> float:
        if not 0.25 <= proposal.value <= 8:  # NaN neither
            raise TraitError(f"zoom (={proposal.value:g}) must be from 0.25 to 8")
        return proposal.value

    @observe("maps")
    def _renew(self, _change: Bunch) -> None:
        if self.pinned:
            self._show_difference()

    def _shown(self) -> np.ndarray | None:
        return self.maps

    def _before(self) -> np.ndarray | None:
        return self._kept if self._pin is None else self._pin.maps(self.maps_layer)
