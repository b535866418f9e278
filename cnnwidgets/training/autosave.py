"""Autosave: a run is written to its file beside its training, in a thread of its own."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnwidgets.training.ending import SAVING


class Autosave:
    """Writes the newest of what it is given; the training does not wait for the disk.

    write: writes such a thing to a path, whole or not at all.
    told: called in the writing thread after each write, with what it raised or None.
    """

    def __init__(
        self,
        path: Path,
        every_s: float,
        write: Callable[[Path, Any], None],
        told: Callable[[Exception | None], None],
    ) -> None:
        self.path = path
        self._every_s = every_s
        self._write, self._told = write, told
        self._saved_s = time.monotonic()
        self._lock = threading.Lock()
        self._waiting: list[Any] = []
        self._idle = threading.Event()
        self._idle.set()
        _sweep(path)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written."""
        return self._idle.is_set()

    @property
    def is_due(self) -> bool:
        """Whether the last save was long enough ago, and is done."""
        return self.is_idle and time.monotonic() - self._saved_s >= self._every_s

    def save(self, contents: Any) -> None:
        """Has contents written soon, in place of any that wait."""
        self._saved_s = time.monotonic()
        with self._lock:
            self._waiting = [contents]
            if self._idle.is_set():
                # Which waits for the lock. That it cannot start, as when Python ends, must not
                # leave anybody waiting for it.
                threading.Thread(target=self._run, name="cnnwidgets autosave", daemon=True).start()
                SAVING.add(self)
                self._idle.clear()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Blocks until nothing is being written; False if that took longer than timeout_s."""
        return self._idle.wait(timeout_s)

    def end(self) -> None:
        """Blocks until what was begun is written."""
        self._idle.wait()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle.set()
                    return
                contents = self._waiting.pop()
            problem = None
            try:
                self._write(self.path, contents)
            except Exception as raised:  # a training outlives its disk, and says so
                problem = raised
            del contents
            self._told(problem)


def _sweep(path: Path) -> None:
    """Removes what a process that was killed left half written beside path."""
    for part in path.parent.glob(f".{path.name}.*.part"):
        with contextlib.suppress(OSError):  # it only takes room
            part.unlink()
