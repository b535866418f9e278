"""The dashboard: all widgets on one microscope, arranged; what the app serves."""

import threading
from collections.abc import Callable
from functools import partial
from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

from anywidget import WidgetTrait
from traitlets import Bool, Enum, TraitError, Unicode, link, observe, validate

from cnnwidgets.code import code_for
from cnnwidgets.pulse import Pulse, aside
from cnnwidgets.traits import LOCK, forget, in_words
from cnnwidgets.widgets.ablation_board import AblationBoard
from cnnwidgets.widgets.channel_slider import ChannelSlider
from cnnwidgets.widgets.compare import Compare
from cnnwidgets.widgets.digit_picker import DigitPicker
from cnnwidgets.widgets.draw_pad import DrawPad
from cnnwidgets.widgets.feature_maps import FeatureMaps
from cnnwidgets.widgets.filters import Filters
from cnnwidgets.widgets.kernel_editor import KernelEditor
from cnnwidgets.widgets.layer_selector import LayerSelector
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.pixel_inspector import PixelInspector
from cnnwidgets.widgets.prediction import Prediction
from cnnwidgets.widgets.time_slider import TimeSlider
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession

# What `code` tells of the widgets: how the view was set up, beside what the microscope has.
SETTINGS = {
    "picker": ("only", "misread", "seed"),
    "maps": ("colormap", "scale", "zoom"),
    "filters": ("view",),
}
HEADED = ("step", "edits", "run")


class Dashboard(View):
    """What goes in and comes out, the network and its maps, and one channel: side by side.

    Dashboard(scope) makes its own widgets, and closes them with itself; they are reachable under
    their names. Dashboard(scope, input="draw") begins with the pad.
    There are two views: "look", and "explain" with PixelInspector, KernelEditor, AblationBoard
    and Compare.
    session: of the network that the scope looks at, over its history; or what makes one, called
    when the view "train", which is then the third, is first wanted, or changed weights are to be
    trained on.
    """

    _esm = script("dashboard")
    _css = style("dashboard")
    page_writes: ClassVar[frozenset[str]] = frozenset({"input", "view"})
    scope: "Microscope"

    view = Enum(("look", "train", "explain"), "look").tag(sync=True)
    """What is shown beside the network: nothing more, its training, or where its numbers come from
    and what follows when they are changed."""
    trains = Bool(False).tag(sync=True)
    """Whether there is a training to show."""
    playing = Bool(False).tag(sync=True)
    """Whether the network is being trained at this moment."""
    monitor = WidgetTrait().tag(sync=True)
    """The TrainingMonitor, once the view "train" was wanted."""
    slow = WidgetTrait().tag(sync=True)
    """The SlowMotion, from the same moment."""
    inspector = WidgetTrait().tag(sync=True)
    """The PixelInspector, once the view "explain" was wanted."""
    editor = WidgetTrait().tag(sync=True)
    """The KernelEditor, from the same moment."""
    board = WidgetTrait().tag(sync=True)
    """The AblationBoard, from the same moment."""
    comparison = WidgetTrait().tag(sync=True)
    """The Compare, from the same moment."""

    heading = Unicode().tag(sync=True)
    """What is looked at, in a line: the model, its size, how much of the set it reads, or how many
    edits it has: how much it reads with them has not been measured."""
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

    def __init__(
        self,
        scope: "Microscope",
        *,
        input: str = "pick",
        session: "TrainingSession | Callable[[], TrainingSession] | None" = None,
        view: str = "look",
    ):
        if input not in ("pick", "draw"):
            raise ValueError(f"input (={input!r}) must be 'pick' or 'draw'")
        if view not in ("look", "explain", "train") or (view == "train" and session is None):
            raise ValueError(
                f"view (={view!r}) must be 'look' or 'explain', or with a session 'train'"
            )
        self._session = session
        self._session_lock = threading.Lock()
        self._making: set[str] = set()
        self._unwatch: Callable[[], None] | None = None
        self._pulse = Pulse(self._hear)
        self._stage_of(scope)  # refuses what is no microscope
        maps, enlarged = FeatureMaps(scope, view="all"), FeatureMaps(scope, view="one")
        parts: dict[str, View] = {
            "picker": DigitPicker(scope),
            "pad": DrawPad(scope),
            "prediction": Prediction(scope),
            "layers": LayerSelector(scope),
            "maps": maps,
            "time": TimeSlider(scope),
            "slider": ChannelSlider(scope),
            "enlarged": enlarged,
            "filters": Filters(scope),
        }
        self.parts = tuple(parts.values())
        self._links = [link((maps, name), (enlarged, name)) for name in ("colormap", "scale")]
        super().__init__(heading=_heading(scope), input=input, trains=session is not None, **parts)
        self.scope = scope
        self.view = view
        self.on_msg(self._answer)
        scope.observe(self._say_heading, names=list(HEADED))
        if session is not None and not callable(session):
            self._made_session()

    @property
    def code(self) -> str:
        """The few lines that rebuild this view in a notebook; see `cnnwidgets.code.code_for`."""
        with LOCK:
            traits = {} if self.input == "pick" else {"input": self.input}
            if self.view == "explain":  # "train" needs a session, which no few lines make
                traits["view"] = self.view
            parts = {part: _set_on(getattr(self, part), names) for part, names in SETTINGS.items()}
            return code_for(self.scope, traits, parts)

    @validate("view")
    def _check_view(self, proposal: Any) -> str:
        if proposal.value == "train" and not self.trains:
            raise TraitError("view 'train' needs a dashboard with a session")
        return proposal.value

    @observe("view")
    def _want_parts(self, _change: object) -> None:
        """Makes what a view shows, once and aside: bqplot and training images take a second."""
        with LOCK:
            if self.view != "look" and self.view not in self._making:
                self._making.add(self.view)
                make = {"train": self._training, "explain": self._explaining}[self.view]
                aside(self.view, partial(self._make, self.view, make))

    def _make(self, view: str, make: Callable[[], dict[str, View]]) -> None:
        try:
            made = make()
        except Exception as problem:  # a thread has no other place to show it
            self.error = f"the view {view!r} cannot be shown: {in_words(problem)}"
            self._making.discard(view)
            return
        with LOCK:
            if self.comm is None:  # closed meanwhile
                for part in made.values():
                    part.close()
                return
            self.parts = (*self.parts, *made.values())
            with self.hold_sync():
                for name, part in made.items():
                    setattr(self, name, part)

    def _training(self) -> dict[str, View]:
        from cnnwidgets.widgets.slow_motion import SlowMotion
        from cnnwidgets.widgets.training_monitor import TrainingMonitor

        session = self._made_session()
        return {
            "monitor": TrainingMonitor(session, self.scope),
            "slow": SlowMotion(session, self.scope),
        }

    def _made_session(self) -> "TrainingSession":
        """The session, made when a view or an editor first wants it; that takes seconds."""
        with self._session_lock:
            if callable(self._session):
                self._session = self._session()
            assert self._session is not None  # or `trains` were false
            with LOCK:
                if self._unwatch is None and self.comm is not None:
                    self._unwatch = self._session.watch(self._pulse.poke)
            return self._session

    def _hear(self) -> None:
        """Takes over whether the session plays."""
        with LOCK, self.hold_sync():
            if self.comm is not None and self._session is not None and not callable(self._session):
                self.playing = self._session.status.value == "playing"

    def _explaining(self) -> dict[str, View]:
        return {
            "inspector": PixelInspector(self.scope),
            "editor": KernelEditor(self.scope, self._made_session if self.trains else None),
            "board": AblationBoard(self.scope),
            "comparison": Compare(self.scope),
        }

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Sends the code to a page that asks with {"want": "code"}; pauses for {"do": "pause"}."""
        try:
            if content == {"do": "pause"} and self.trains:
                self._made_session().pause()
            elif content == {"want": "code"}:
                self.send({"code": self.code})
            else:
                raise ValueError('a page asks a dashboard for {"want": "code"} or {"do": "pause"}')
            self.error = ""
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)
            self.send({"problem": self.error})

    def _let_go(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
        forget(self.scope, self._say_heading, HEADED)
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
    if scope.edits:
        count = len(scope.edits)
        words.append(f"edited: {count} change{'s' if count > 1 else ''}")
    elif scope.history is not None and scope.step is not None:
        moment = scope.history.nearest(scope.step)
        if not isnan(moment.accuracy):
            of = "the test images" if moment.tested else "its latest batches"
            words.append(f"reads {100 * moment.accuracy:.1f} % of {of}")
    return " · ".join(words)
