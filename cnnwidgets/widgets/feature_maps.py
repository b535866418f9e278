"""FeatureMaps: what every channel of a layer makes of the image."""

from typing import Any, ClassVar

from traitlets import Enum, Float, TraitError, validate

from cnnwidgets.widgets.alone import OwnMaps
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Picture
from cnnwidgets.widgets.view import View


class FeatureMaps(OwnMaps, Picture, View):
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

    @validate("zoom")
    def _check_zoom(self, proposal: Any) -> float:
        if not 0.25 <= proposal.value <= 8:  # NaN neither
            raise TraitError(f"zoom (={proposal.value:g}) must be from 0.25 to 8")
        return proposal.value
