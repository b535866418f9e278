"""SlowMotion: what one optimizer step does to one kernel, phase by phase."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, Float, Unicode, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.pulse import Pulse
from cnnwidgets.traits import LOCK, Whole, forget, in_words, within
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession


def _grid() -> Any:
    return Array("float32", axes=(2,)).tag(sync=True, to_json=to_wire)


class SlowMotion(View):
    """The selected kernel's weights, their gradient and the update, while a step goes by phases.

    SlowMotion(session, scope) shows the kernel of the scope's layer and channel. As a figure:
    cnnwidgets.figures.slow_step(session, scope).
    """

    _esm = script("slow_motion")
    _css = style("slow_motion")
    alone: ClassVar[bool] = False
    page_writes: ClassVar[frozenset[str]] = frozenset({"input"})
    scope: "Microscope"

    kernel = Unicode().tag(sync=True)
    """Which kernel is shown, in words; empty where the layer has none."""
    input = Whole(0).tag(sync=True)
    """The input channel of the filter whose kernel is shown, from 0."""
    inputs = Whole(0).tag(sync=True)
    """How many input channels the filter has."""
    done = Unicode().tag(sync=True)
    """The phase that was done last: "forward", "loss", "backward" or "update"; empty before."""
    finished = Bool(False).tag(sync=True)
    """Whether all epochs are done, so that no phase can be asked for."""
    slow_step = Whole(0).tag(sync=True)
    """The number of the step that is under way, or was done last."""
    loss_nats = Float(None, allow_none=True).tag(sync=True)
    """The loss of the step's batch; None before it is known."""
    rate = Float(0.0).tag(sync=True)
    """The learning rate of the step."""
    optimizer = Unicode().tag(sync=True)
    """The name of the optimizer."""
    before = _grid()
    """The kernel before the step: (row, column)."""
    gradient = _grid()
    """The gradient of the loss by the kernel: (row, column); None before the backward phase."""
    after = _grid()
    """The kernel after the step: (row, column); None before the update."""

    def __init__(self, session: "TrainingSession", scope: "Microscope", **traits: Any):
        if not hasattr(session, "slow"):
            raise TypeError(f"session must be a TrainingSession, and is a {type(session).__name__}")
        self.session = session
        self._pulse = Pulse(self._show)
        super().__init__(scope, **traits)
        self._end = session.watch(self._pulse.poke)
        scope.observe(self._place_changed, names=["layer", "channel"])
        self.on_msg(self._answer)
        self._show()

    def _let_go(self) -> None:
        self._end()
        forget(self.scope, self._place_changed, ["layer", "channel"])
        super()._let_go()

    @validate("input")
    def _check_input(self, proposal: Any) -> int:
        within("input", proposal.value, max(1, self.inputs), "input channels of the filter")
        return proposal.value

    @observe("input")
    def _place_changed(self, _change: Bunch) -> None:
        self._show()

    def _show(self) -> None:
        """Takes over where the step is, for the kernel that is selected."""
        with LOCK, self.hold_sync():
            if self.comm is None:
                return
            found = self.scope.kernels()
            slow = self.session.slow
            self.optimizer = self.session.settings.optimizer
            self.finished = self.session.status.value == "finished"
            self.inputs = 0 if found is None else found.weights.shape[1]
            if found is None or self.input >= self.inputs:
                self.input = 0
            channel = self.scope.channel
            self.kernel = (
                ""
                if found is None
                else f"{found.layer}, filter {channel}, input channel {self.input}"
            )
            self.done = "" if slow is None else slow.done.value
            if slow is not None:
                self.slow_step, self.loss_nats = slow.step, slow.loss_nats
                self.rate = slow.learning_rate
            if slow is None or found is None:
                self.before = self.gradient = self.after = None
                return
            name, shape = f"{found.layer}.weight", found.weights.shape
            for trait, tensors in (
                ("before", slow.weights),
                ("gradient", slow.gradients),
                ("after", slow.updated),
            ):
                value = tensors.get(name)
                grid = None if value is None else value.float().numpy().reshape(shape)
                kernel = None if grid is None else np.ascontiguousarray(grid[channel, self.input])
                setattr(self, trait, kernel)

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Does the next phase, for a page that asks with {"do": "phase"}."""
        try:
            if not isinstance(content, dict) or content.get("do") != "phase":
                raise ValueError('a page asks slow motion for {"do": "phase"}, and nothing else')
            self.error = ""
            self.session.phase().add_done_callback(self._heard)
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)

    def _heard(self, done: "Future[Any]") -> None:
        problem = done.exception()
        if problem is not None:
            self.error = in_words(problem)
