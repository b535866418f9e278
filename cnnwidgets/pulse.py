"""Threads beside the kernel's own: one that runs to its end, and many pokes with few calls."""

import atexit
import threading
import time
from collections.abc import Callable

LAST_WAIT_S = 5.0

_aside: set[threading.Thread] = set()
_ending = threading.Event()


def aside(name: str, call: Callable[[], None]) -> threading.Thread:
    """Calls `call` in a thread of its own, which Python waits for a little when it ends.

    Python aborts when it ends while torch computes in a thread.
    """

    def run() -> None:
        try:
            call()
        finally:
            _aside.discard(thread)

    thread = threading.Thread(target=run, name=f"cnnwidgets {name}", daemon=True)
    _aside.add(thread)
    try:
        thread.start()
    except RuntimeError:  # Python ends, or there are too many
        _aside.discard(thread)
        raise
    return thread


@atexit.register
def _wait() -> None:
    _ending.set()
    end_s = time.monotonic() + LAST_WAIT_S
    for thread in tuple(_aside):
        thread.join(max(0.0, end_s - time.monotonic()))


class Pulse:
    """Calls `call` after a poke, in a thread of its own, at most `at_most` times a second.

    Whatever comes while a call runs, or too soon after one, is answered by one more call: so the
    last poke is never lost. The thread is there only while there are pokes.
    """

    def __init__(self, call: Callable[[], None], at_most: float = 10.0) -> None:
        self._call = call
        self._pause_s = 1 / at_most
        self._lock = threading.Lock()
        self._poked = threading.Event()
        self._runs = False

    def poke(self) -> None:
        """Asks for a call; returns at once."""
        if self._poked.is_set():
            return
        with self._lock:
            if not self._runs and not _ending.is_set():
                aside("pulse", self._run)  # which waits for the lock
                self._runs = True
            self._poked.set()

    def _run(self) -> None:
        while self._goes_on():
            began_s = time.monotonic()
            try:
                self._call()
            except BaseException:
                with self._lock:
                    self._runs = False  # the next poke starts another thread
                raise
            _ending.wait(max(0.0, self._pause_s - (time.monotonic() - began_s)))
            # A thread that just ended is slow to be replaced: wait for the next poke a little.
            self._poked.wait(self._pause_s)

    def _goes_on(self) -> bool:
        with self._lock:
            self._runs = self._poked.is_set() and not _ending.is_set()
            self._poked.clear()
            return self._runs
