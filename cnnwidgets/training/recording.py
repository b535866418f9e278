"""Recording: what happens in a training loop that is not ours."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn

from cnnwidgets.network.untouched import uncompiled
from cnnwidgets.network.whole import whole
from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Step
from cnnwidgets.training.moments import BUDGET_BYTES, recent
from cnnwidgets.training.pace import Pace

__all__ = ["Recording", "record"]

Number = float | Tensor

_ROUNDING = 1e-5  # how far float32 arithmetic, as of a mean, may leave 0..1


class Recording(History):
    """A History that a training loop adds to with `log`, within `with record(model)`."""

    def __init__(
        self, notes: Mapping[str, str] | None = None, *, budget_bytes: int | None = BUDGET_BYTES
    ) -> None:
        super().__init__(notes, budget_bytes=budget_bytes)
        self._model: nn.Module | None = None
        self._pace = Pace()
        self._step, self._epoch = 0, 1

    def log(
        self,
        *,
        loss: Number,
        accuracy: Number | None = None,
        learning_rate: Number | None = None,
        epoch: int | None = None,
        test_accuracy: Number | None = None,
        test_loss: Number | None = None,
    ) -> None:
        """One step was done: its numbers, and now and then the weights as they are after it.

        loss: in nats; a tensor of one number will do, and nothing of it is kept but the number.
        accuracy: in 0..1. epoch: the pass that the step belongs to, from 1; unless given, that of
        the log before. test_accuracy, test_loss: what was measured on test images after the step.
        Raises TypeError or ValueError for what is no such number, RuntimeError outside the block;
        nothing is recorded then.
        """
        if self._model is None:
            raise RuntimeError("log belongs inside the block: with record(model) as history")
        done = Step(
            self._step + 1,
            whole("epoch", self._epoch if epoch is None else epoch, least=0),
            _number("loss", loss),
            _share("accuracy", accuracy),
            _number("learning_rate", learning_rate),
        )
        measured = _share("test_accuracy", test_accuracy), _number("test_loss", test_loss)
        self.add_step(done)
        self._step, self._epoch = done.step, done.epoch
        if self._pace.is_due(done.step):
            self._keep(self._model)
        self.log_test(accuracy=measured[0], loss=measured[1])

    def log_test(self, *, accuracy: Number | None = None, loss: Number | None = None) -> None:
        """What was measured on test images after the last step; nothing, if neither is given.

        accuracy: in 0..1. loss: in nats.
        """
        share, loss_nats = _share("accuracy", accuracy), _number("loss", loss)
        if math.isnan(share) and math.isnan(loss_nats):
            return
        if self._model is not None and self.last_step < self._step:
            self._keep(self._model)
        self.add_evaluation(self._step, accuracy=share, loss_nats=loss_nats)

    def begin(self, model: nn.Module) -> None:
        """Makes `log` record model, from where the history is."""
        model = uncompiled(model)
        last = self.latest(1)
        self._step = max(self.last_step, int(last.step[-1]) if len(last.step) else 0)
        self._epoch = int(last.epoch[-1]) if len(last.epoch) else 1
        if self.last_step < self._step or not self.steps:
            self._keep(model)
        self._model = model

    def end(self) -> None:
        """Takes a last snapshot, unless there is one of the last step."""
        model, self._model = self._model, None
        if model is not None and self.last_step < self._step:
            self._keep(model)

    def _keep(self, model: nn.Module) -> None:
        self._pace.begin()
        state = model.state_dict()
        weights = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        self.add_snapshot(self._step, weights, tested=False, **recent(self))
        self._pace.end()


@contextmanager
def record(
    model: nn.Module,
    history: Recording | None = None,
    *,
    notes: Mapping[str, str] | None = None,
    budget_bytes: int | None = BUDGET_BYTES,
) -> Iterator[Recording]:
    """A history of the training loop in a `with` block, which tells it of each of its steps.

        with cw.record(model) as history:
            for images, labels in batches:
                ...
                history.log(loss=loss)

    model: of any kind, on any device, in any thread. Copies of its state dict are kept: before
    the first step, after each of the first 20, then ten times a second (fewer if that took more
    than 2 % of the time), and when the block ends, in whatever way.
    history: of an earlier block, to go on with. notes: how the run was made, saved with it.
    budget_bytes: the most that snapshots may hold; see History.

    A Microscope may look at the history while it grows.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, and is a {type(model).__name__}")
    if history is None:
        history = Recording(notes, budget_bytes=budget_bytes)
    elif not isinstance(history, Recording):
        raise TypeError(
            f"history must be one that record gave, and is a {type(history).__name__}; "
            "leave it out for a new one"
        )
    history.begin(model)
    try:
        yield history
    finally:
        history.end()


def _number(name: str, value: object) -> float:
    """A number as a float; NaN for None."""
    if value is None:
        return math.nan
    if isinstance(value, Tensor):
        if value.numel() != 1:
            shape = tuple(value.shape)
            raise ValueError(f"{name} must be one number, and has shape {shape}; give its mean")
        return float(value.detach())
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} (={value!r}) must be a number, or a tensor of one") from error


def _share(name: str, value: object) -> float:
    number = _number(name, value)
    if number < -_ROUNDING or number > 1 + _ROUNDING:  # NaN, which is unknown, passes
        raise ValueError(f"{name} (={number:g}) must be a share, from 0 to 1")
    return 0.0 if number < 0 else 1.0 if number > 1 else number
