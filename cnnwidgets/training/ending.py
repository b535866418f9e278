"""Ending: what a Python that ends waits for; it aborts while torch computes in a thread."""

import atexit
import weakref
from typing import Protocol


class Ends(Protocol):
    """What has a thread."""

    def end(self) -> None:
        """Blocks until the thread has ended."""


TRAINING: "weakref.WeakSet[Ends]" = weakref.WeakSet()
SAVING: "weakref.WeakSet[Ends]" = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    for kind in (TRAINING, SAVING):  # what trains may save, up to its end
        for each in tuple(kind):
            each.end()
