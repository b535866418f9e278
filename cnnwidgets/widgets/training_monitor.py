"""TrainingMonitor: a training run's controls, progress and curves."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from anywidget import WidgetTrait
from traitlets import Bool, Bunch, Float, TraitError, Unicode, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.pulse import Pulse
from cnnwidgets.traits import LOCK, Whole, in_words
from cnnwidgets.widgets.curves import Curve, Figures, thinned
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Moment
from cnnwidgets.widgets.stage import moments_of
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.history import History
    from cnnwidgets.training.session import TrainingSession

CURVES_A_SECOND = 4  # drawing them takes the page, and so the training, longest
WINDOWS = (1, 10, 50, 200)
SETTINGS = ("learning_rate", "batch_size", "optimizer", "schedule")


def _curve(kind: str) -> Any:
    return Array(kind, axes=(1,)).tag(sync=True, to_json=to_wire)


class TrainingMonitor(Moment, View):
    """Curves of loss and accuracy as they grow, and the controls of the training.

    TrainingMonitor(session), or TrainingMonitor(history=history) over a loop of your own, which
    has no controls. With scope=microscope, the cursor on the curves is its `step`; otherwise
    `step` is the monitor's own. As figures: cnnwidgets.figures.training_loss(session.history) and
    training_accuracy.
    """

    _esm = script("training_monitor")
    _css = style("training_monitor")
    page_writes: ClassVar[frozenset[str]] = frozenset({"step", "window", "log_loss"})

    window = Whole(1).tag(sync=True)
    """Over how many steps the training curves are averaged, at least: 1, 10, 50 or 200."""
    log_loss = Bool(False).tag(sync=True)
    """Whether the loss has a logarithmic scale."""
    own_loop = Bool(False).tag(sync=True)
    """Whether a loop of the user's own trains, which nothing here can control."""
    status = Unicode().tag(sync=True)
    """What the session does: "playing", "paused", "finished", "failed", "stopped"; or empty."""
    problem = Unicode().tag(sync=True)
    """What went wrong in the training, in a sentence with the remedy; empty when all is well."""
    steps_done = Whole(0).tag(sync=True)
    """Optimizer steps done."""
    steps_total = Whole(0).tag(sync=True)
    """Steps of the whole run; 0 when unknown."""
    epoch = Whole(0).tag(sync=True)
    """The epoch under way, from 1."""
    epochs = Whole(0).tag(sync=True)
    """Epochs of the whole run; 0 when unknown."""
    epoch_share = Float(0.0).tag(sync=True)
    """How much of the epoch is done, from 0 to 1."""
    images_per_second = Float(0.0).tag(sync=True)
    """How fast the training was of late; 0 when unknown."""
    seconds_left = Float(0.0).tag(sync=True)
    """How long the rest of the run takes at that rate; 0 when unknown."""
    phase = Unicode().tag(sync=True)
    """Amid a step, the phase that comes next: "loss", "backward" or "update"; else empty."""
    measuring = Bool(False).tag(sync=True)
    """Whether the test images are being read."""
    learning_rate = Float(0.0).tag(sync=True)
    """The learning rate that is set: the peak, where a schedule changes it."""
    batch_size = Whole(0).tag(sync=True)
    """Images a step."""
    optimizer = Unicode().tag(sync=True)
    """The name of the optimizer."""
    schedule = Unicode().tag(sync=True)
    """How the learning rate changes."""
    averaged = Whole(1).tag(sync=True)
    """How many steps each point of the training curves is the mean of."""
    curve_first = _curve("uint32")
    """The first of the steps that each point of the training curves is the mean of: (point,)."""
    curve_steps = _curve("uint32")
    """The last of them, at which the point stands: (point,)."""
    curve_loss = _curve("float32")
    """The training loss at each point, in nats: (point,)."""
    curve_accuracy = _curve("float32")
    """The training accuracy at each point, from 0 to 1: (point,)."""
    test_steps = _curve("uint32")
    """The steps at which the test images were read: (evaluation,)."""
    test_loss = _curve("float32")
    """The test loss, in nats: (evaluation,)."""
    test_accuracy = _curve("float32")
    """The test accuracy, from 0 to 1: (evaluation,)."""
    loss_figure = WidgetTrait().tag(sync=True)
    """The bqplot figure of the loss."""
    accuracy_figure = WidgetTrait().tag(sync=True)
    """The bqplot figure of the accuracy."""

    def __init__(
        self,
        session: "TrainingSession | None" = None,
        scope: "Microscope | None" = None,
        *,
        history: "History | None" = None,
        **traits: Any,
    ):
        if session is not None and not hasattr(session, "progress"):
            raise TypeError(f"session must be a TrainingSession, and is a {type(session).__name__}")
        self.session = session
        self.history = _history_of(session, history)
        self.figures = Figures()
        self._ends: list[Callable[[], None]] = []
        self._pulse = Pulse(self._show, CURVES_A_SECOND)
        self._at_once = Pulse(self._show_session, 60)
        try:
            super().__init__(
                scope,
                own_loop=session is None,
                loss_figure=self.figures.loss,
                accuracy_figure=self.figures.accuracy,
                **traits,
            )
        except BaseException:
            self.figures.close()
            raise
        self._ends.append(self.history.watch(self._pulse.poke))
        if session is not None:
            self._ends.append(session.watch(self._hear))
        self.on_msg(self._answer)
        self.figures.set_scale("log" if self.log_loss else "linear")
        self._show()

    @validate("window")
    def _check_window(self, proposal: Any) -> int:
        if proposal.value not in WINDOWS:
            raise TraitError(f"window (={proposal.value}) must be 1, 10, 50 or 200")
        return proposal.value

    @observe("window", "log_loss")
    def _redraw(self, change: Bunch) -> None:
        if change.name == "log_loss":
            self.figures.set_scale("log" if self.log_loss else "linear")
        else:
            self._pulse.poke()

    def _let_go(self) -> None:
        for end in self._ends:
            end()
        self.figures.close()
        super()._let_go()

    def _hear(self) -> None:
        """Shows what the training does at once, and how far it came now and then."""
        assert self.session is not None
        if self.session.progress.status.value != self.status:
            self._at_once.poke()
        self._pulse.poke()

    def _show_session(self) -> None:
        """Takes over how the session is, without the curves, which take longer to draw."""
        with LOCK, self.hold_sync():
            if self.comm is not None:
                for name, value in self._session_news().items():
                    setattr(self, name, value)

    def _show(self) -> None:
        """Takes over all that is new in the training: one message to the page."""
        with LOCK:
            if self.comm is None:
                return
            train = thinned(self.history.metrics, self.window)
            tested = self.history.evaluations
            steps = tested.step.astype(np.uint32)
            test = Curve(
                steps,
                steps,
                tested.loss_nats.astype(np.float32),
                tested.accuracy.astype(np.float32),
            )
            with self.hold_sync():
                for name, value in (self._session_news() | self._moments_alone()).items():
                    setattr(self, name, value)
                self._show_curves(train, test)
            self.figures.show(train, test)

    def _show_curves(self, train: Curve, test: Curve) -> None:
        self.averaged = train.averaged
        self.curve_first = train.first
        self.curve_steps, self.curve_loss = train.step, train.loss_nats
        self.curve_accuracy = train.accuracy
        self.test_steps, self.test_loss, self.test_accuracy = (
            test.step,
            test.loss_nats,
            test.accuracy,
        )
        if self.own_loop:
            self.steps_done = int(train.step[-1]) if len(train.step) else 0

    def _session_news(self) -> dict[str, Any]:
        if self.session is None:
            return {}
        now, settings = self.session.progress, self.session.settings
        return {
            "status": now.status.value,
            "problem": self.session.problem,
            "steps_done": now.step,
            "steps_total": now.total,
            "epoch": now.epoch,
            "epochs": now.epochs,
            "epoch_share": now.epoch_images / now.images,
            "images_per_second": _known(now.images_per_second),
            "seconds_left": _known(now.seconds_left),
            "phase": now.phase.value if now.phase else "",
            "measuring": now.measuring,
            "learning_rate": float(settings.learning_rate),
            "batch_size": settings.batch_size,
            "optimizer": settings.optimizer,
            "schedule": settings.schedule,
        }

    def _moments_alone(self) -> dict[str, Any]:
        """The recorded moments, where no microscope gives them; the newest is followed."""
        if self.scope is not None:
            return {}
        news = moments_of(self.history)
        steps = news["steps"]
        follows = self.step is None or self.step not in steps or self.step == self.steps[-1]
        return {**news, "step": steps[-1]} if follows and steps else news

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Does what a page asks for; the answer shows when the session has done it."""
        self.error = ""  # first: the same words once more are news to a page that has hidden them
        try:
            if self.session is None:
                raise ValueError("this loop is your own code's; it cannot be controlled from here")
            self._do(self.session, content if isinstance(content, dict) else {})
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)

    def _do(self, session: "TrainingSession", asked: dict[str, Any]) -> None:
        wish = asked.get("do")
        if wish in ("play", "pause", "step", "phase", "stop"):
            getattr(session, wish)()
        elif wish == "more":
            session.play(epochs=1)
        elif wish == "fresh":
            session.fresh(seed=session.settings.seed + 1)
        elif wish == "rewind" and type(asked.get("step")) is int:
            session.rewind(asked["step"])
        elif wish == "set" and asked.get("name") in SETTINGS:
            name, value = asked["name"], asked.get("value")
            if name == "batch_size" and isinstance(value, float) and value.is_integer():
                value = int(value)  # JavaScript knows no whole numbers
            images = session.progress.images
            if name == "batch_size" and isinstance(value, int) and value > images:
                raise ValueError(f"batch_size (={value}) must be at most {images}, all the images")
            session.set(**{name: value})
        else:
            raise ValueError("a page asks a monitor to play, pause, step, rewind or set, not this")


def _history_of(session: "TrainingSession | None", history: "History | None") -> "History":
    if session is not None and history is None:
        return session.history
    if history is not None and session is None:
        return history
    raise TypeError("TrainingMonitor needs a session or history=a History, and one of them")


def _known(value: float) -> float:
    return value if math.isfinite(value) else 0.0
