"""The dashboard: all widgets on one microscope, arranged; what the app serves."""

from typing import TYPE_CHECKING, ClassVar

from anywidget import WidgetTrait
from traitlets import Enum, Unicode, link

from cnnwidgets.traits import forget
from cnnwidgets.widgets.channel_slider import ChannelSlider
from cnnwidgets.widgets.digit_picker import DigitPicker
from cnnwidgets.widgets.draw_pad import DrawPad
from cnnwidgets.widgets.feature_maps import FeatureMaps
from cnnwidgets.widgets.filters import Filters
from cnnwidgets.widgets.layer_selector import LayerSelector
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.prediction import Prediction
from cnnwidgets.widgets.time_slider import TimeSlider
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope


class Dashboard(View):
    """What goes in and comes out, the network and its maps, and one channel: side by side.

    Dashboard(scope) makes its own widgets, and closes them with itself; they are reachable under
    their names.
    """

    _esm = script("dashboard")
    _css = style("dashboard")
    page_writes: ClassVar[frozenset[str]] = frozenset({"input"})
    scope: "Microscope"

    heading = Unicode().tag(sync=True)
    """What is looked at, in a line: the model, its size, how much of the set it reads."""
    input = Enum(("pick", "draw"), "pick").tag(sync=True)
    """Which is shown of the ways to give an image: the DigitPicker or the DrawPad."""
    picker = WidgetTrait().tag(sync=True)
    """The DigitPicker."""
    pad = WidgetTrait().tag(sync=True)
    """The DrawPad."""
    prediction = WidgetTrait().tag(sync=True)
    """The Prediction."""
    layers = WidgetTrait().tag(sync=True)
    """The LayerSelector."""
    maps = WidgetTrait().tag(sync=True)
    """The FeatureMaps with all maps of the layer."""
    time = WidgetTrait().tag(sync=True)
    """The TimeSlider."""
    slider = WidgetTrait().tag(sync=True)
    """The ChannelSlider."""
    enlarged = WidgetTrait().tag(sync=True)
    """The FeatureMaps with the selected map, large."""
    filters = WidgetTrait().tag(sync=True)
    """The Filters."""

    def __init__(self, scope: "Microscope"):
        self._stage_of(scope)  # refuses what is no microscope
        self.parts = (
            DigitPicker(scope),
            DrawPad(scope),
            Prediction(scope),
            LayerSelector(scope),
            FeatureMaps(scope, view="all"),
            TimeSlider(scope),
            ChannelSlider(scope),
            FeatureMaps(scope, view="one"),
            Filters(scope),
        )
        self._links = [
            link((self.parts[4], name), (self.parts[7], name)) for name in ("colormap", "scale")
        ]
        names = (
            "picker",
            "pad",
            "prediction",
            "layers",
            "maps",
            "time",
            "slider",
            "enlarged",
            "filters",
        )
        super().__init__(heading=_heading(scope), **dict(zip(names, self.parts, strict=True)))
        self.scope = scope
        scope.observe(self._say_heading, names="step")

    def _let_go(self) -> None:
        forget(self.scope, self._say_heading, ["step"])
        for linked in self._links:
            linked.unlink()
        for part in self.parts:
            part.close()
        super()._let_go()

    def _say_heading(self, _change: object) -> None:
        self.heading = _heading(self.scope)


def _heading(scope: "Microscope") -> str:
    words = [scope.name, f"{scope.parameters:,} weights"]
    if scope.history is not None and scope.step is not None:
        accuracy = scope.history.at(scope.step).accuracy
        words.append(f"reads {100 * accuracy:.1f} % of the test images")
    return " · ".join(words)
