"""The dashboard: all widgets on one microscope, arranged; what the app serves."""

from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

from anywidget import WidgetTrait
from traitlets import Enum, Unicode, link

from cnnwidgets.code import code_for
from cnnwidgets.traits import LOCK, forget, in_words
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

# What `code` tells of the widgets: how the view was set up, beside what the microscope has.
SETTINGS = {
    "picker": ("only", "misread", "seed"),
    "maps": ("colormap", "scale", "zoom"),
    "filters": ("view",),
}


class Dashboard(View):
    """What goes in and comes out, the network and its maps, and one channel: side by side.

    Dashboard(scope) makes its own widgets, and closes them with itself; they are reachable under
    their names. Dashboard(scope, input="draw") begins with the pad.
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

    def __init__(self, scope: "Microscope", *, input: str = "pick"):
        if input not in ("pick", "draw"):
            raise ValueError(f"input (={input!r}) must be 'pick' or 'draw'")
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
        parts = dict(zip(names, self.parts, strict=True))
        super().__init__(heading=_heading(scope), input=input, **parts)
        self.scope = scope
        self.on_msg(self._answer)
        scope.observe(self._say_heading, names="step")

    @property
    def code(self) -> str:
        """The few lines that rebuild this view in a notebook; see `cnnwidgets.code.code_for`."""
        with LOCK:
            traits = {} if self.input == "pick" else {"input": self.input}
            parts = {part: _set_on(getattr(self, part), names) for part, names in SETTINGS.items()}
            return code_for(self.scope, traits, parts)

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Sends the code to a page that asks with {"want": "code"}."""
        try:
            if not isinstance(content, dict) or content.get("want") != "code":
                raise ValueError('a page asks a dashboard for {"want": "code"}, and nothing else')
            self.send({"code": self.code})
            self.error = ""
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)
            self.send({"problem": self.error})

    def _let_go(self) -> None:
        forget(self.scope, self._say_heading, ["step"])
        for linked in self._links:
            linked.unlink()
        for part in self.parts:
            part.close()
        super()._let_go()

    def _say_heading(self, _change: object) -> None:
        self.heading = _heading(self.scope)


def _set_on(part: View, names: tuple[str, ...]) -> dict[str, Any]:
    """The traits of a widget that are not at their defaults."""
    now = {name: getattr(part, name) for name in names}
    return {name: value for name, value in now.items() if value != part.trait_defaults(name)}


def _heading(scope: "Microscope") -> str:
    words = [scope.name, f"{scope.parameters:,} weights"]
    if scope.history is not None and scope.step is not None:
        moment = scope.history.nearest(scope.step)
        if not isnan(moment.accuracy):
            of = "the test images" if moment.tested else "its latest batches"
            words.append(f"reads {100 * moment.accuracy:.1f} % of {of}")
    return " · ".join(words)
