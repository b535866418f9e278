"""Moments: the points of a training run that can be looked at, and gone back to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from torch import Tensor

from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Loop, State
from cnnwidgets.training.pace import Pace
from cnnwidgets.training.settings import Settings
from cnnwidgets.training.snapshot import check_same

BUDGET_BYTES = 64_000_000  # of weights and of what the optimizer remembers
RECENT_STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What a State has beside the weights: see there."""

    epoch: int
    seen: int
    settings: Settings
    optimizer: Mapping[str, Tensor]


class Moments:
    """A history whose snapshots a loop can go back to."""

    def __init__(self, history: History | None = None) -> None:
        self.history = History() if history is None else history
        self.history.budget_bytes = BUDGET_BYTES
        self.rests: dict[int, Rest] = {}
        """What each snapshot of the history lacks to be a State, by its step."""
        self._pace = Pace()

    def adopt(self, loop: Loop, images: int) -> None:
        """Puts a loop at the end of a history that was recorded without it, if there is any.

        images: how many an epoch has. What the optimizer remembered is not known: going on from
        such a moment, it begins anew.
        Raises ValueError if the history is of another network.
        """
        if not self.history.steps:
            return
        check_same(loop.state().weights, self.history.snapshots[-1].weights)
        size, each = loop.settings.batch_size, loop.settings.batches(images)
        done = math.ceil(self.history.steps[-1] / each)
        settings = replace(loop.settings, epochs=max(loop.settings.epochs, done))
        self.rests = {
            step: Rest(step // each + 1, step % each * size, settings, {})
            for step in self.history.steps
        }
        loop.restore(self.state_at(self.history.steps[-1]))

    def keep(self, loop: Loop, known: Mapping[str, float] | None = None) -> None:
        """Takes a snapshot of a loop between two steps, unless there is one.

        known: the accuracy and loss_nats of its weights, if not those of the latest batches.
        """
        last = self.history.last_step
        if last == loop.step and self.rests[last].settings == loop.settings:
            return
        self._pace.begin()
        state = loop.state()
        self.rests[state.step] = _rest(state)
        if last != loop.step:
            own, rest = _bytes(state.weights), _bytes(state.optimizer)
            self.history.budget_bytes = int(BUDGET_BYTES * own / (own + rest))
            known = recent(self.history) if known is None else known
            self.history.add_snapshot(state.step, state.weights, tested=False, **known)
            kept = set(self.history.steps)
            self.rests = {step: rest for step, rest in self.rests.items() if step in kept}
        self._pace.end()

    def keep_now_and_then(self, loop: Loop) -> None:
        """Takes a snapshot of each of the first steps, and then ten a second or fewer."""
        if self._pace.is_due(loop.step):
            self.keep(loop)

    def go_back(self, loop: Loop, step: int) -> int:
        """Puts a loop where it was at the recorded moment nearest to step, and returns its step.

        What came after is forgotten.
        """
        state = self.state_at(step)
        loop.restore(state)
        self.history.forget_after(state.step)
        self.rests = {at: rest for at, rest in self.rests.items() if at <= state.step}
        return state.step

    def begin_again(self, loop: Loop) -> None:
        """Forgets all, and keeps where a new loop begins."""
        state = loop.state()
        self.rests = {0: _rest(state)}
        self.history.begin_again(state.weights)

    def renew(self, loop: Loop) -> None:
        """Takes a snapshot of weights that no batch has met yet, in place of any of this step."""
        if self.history.last_step != loop.step:
            self.keep(loop, known={})
            return
        state = loop.state()
        self.rests[state.step] = _rest(state)
        self.history.renew_last(state.weights)

    def state_at(self, step: int) -> State:
        """The state of the recorded moment nearest to step."""
        found = self.history.at(step)
        rest = self.rests[found.step]
        return State(
            found.step,
            rest.epoch,
            rest.seen,
            rest.settings,
            MappingProxyType(dict(found.weights)),
            rest.optimizer,
        )


def recent(history: History) -> dict[str, float]:
    """Mean accuracy and loss of a history's latest batches; nothing before the first."""
    latest = history.latest(RECENT_STEPS)
    if not len(latest.step):
        return {}
    return {
        "accuracy": float(np.mean(latest.accuracy)),
        "loss_nats": float(np.mean(latest.loss_nats)),
    }


def _rest(state: State) -> Rest:
    return Rest(state.epoch, state.seen, state.settings, state.optimizer)


def _bytes(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors.values())
