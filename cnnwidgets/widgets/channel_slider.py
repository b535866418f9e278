"""ChannelSlider: which channel to look at."""

from typing import ClassVar

from cnnwidgets.widgets.alone import OwnMaps
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.view import View


class ChannelSlider(OwnMaps, View):
    """Slider, number and previous/next, with a mark for how strongly each channel responds.

    A mark is the channel's largest value for this image. ChannelSlider(scope), or alone:
    ChannelSlider(maps=array).
    """

    _esm = script("channel_slider")
    _css = style("channel_slider")
    page_writes: ClassVar[frozenset[str]] = frozenset({"channel"})
