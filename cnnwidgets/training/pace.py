"""Pace: how often a snapshot of a training network is taken."""

import time

EVERY_S = 0.1
FIRST_STEPS = 20  # each of these is kept: this is where most happens
_COST = 0.02  # share of the time that snapshots may take, after the first steps


class Pace:
    """Each of the first steps, then ten a second, and fewer where one takes long."""

    def __init__(self) -> None:
        self._next_s = 0.0
        self._began_s = 0.0

    def is_due(self, step: int) -> bool:
        """Whether to take a snapshot after step, the first being 1."""
        return step <= FIRST_STEPS or time.monotonic() >= self._next_s

    def begin(self) -> None:
        """To be called before a snapshot is taken."""
        self._began_s = time.monotonic()

    def end(self) -> None:
        """To be called when it was taken."""
        now_s = time.monotonic()
        self._next_s = now_s + max(EVERY_S, (now_s - self._began_s) / _COST)
