"""FeatureMaps: what every channel of a layer makes of the image."""

from typing import Any, ClassVar

from traitlets import Enum, Float, validate

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Maps, Picture
from cnnwidgets.widgets.view import View, check_channel


class FeatureMaps(Maps, Picture, View):
    """All maps of a layer on one canvas, and the selected one large beside the input.

    Hovering reads channel, row, column and value; a click selects. A vector is a strip of values.
    FeatureMaps(scope), or alone: FeatureMaps(maps=array) with (channel, row, column) or (unit,).
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

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        return check_channel(self, proposal.value)

    @validate("zoom")
    def _check_zoom(self, proposal: Any) -> float:
        return min(8.0, max(0.25, proposal.value))
