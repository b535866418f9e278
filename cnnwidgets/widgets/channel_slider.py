"""ChannelSlider: which channel to look at."""

from typing import Any, ClassVar

from traitlets import validate

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Maps
from cnnwidgets.widgets.view import View, check_channel


class ChannelSlider(Maps, View):
    """Slider, number and previous/next, with a mark for how strongly each channel responds.

    A mark is the channel's largest value for this image. ChannelSlider(scope), or alone:
    ChannelSlider(maps=array).
    """

    _esm = script("channel_slider")
    _css = style("channel_slider")
    page_writes: ClassVar[frozenset[str]] = frozenset({"channel"})

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        return check_channel(self, proposal.value)
