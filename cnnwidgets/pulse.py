"""Pulse: many pokes, few calls."""

import threading
import time
from collections.abc import Callable


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
        self._thread: threading.Thread | None = None

    def poke(self) -> None:
        """Asks for a call; returns at once."""
        if self._poked.is_set():
            return
        with self._lock:
            self._poked.set()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="cnnwidgets pulse", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._poked.is_set():
                    self._thread = None
                    return
                self._poked.clear()
            began_s = time.monotonic()
            self._call()
            time.sleep(max(0.0, self._pause_s - (time.monotonic() - began_s)))
            # A thread that just ended is slow to be replaced: wait for the next poke a little.
            self._poked.wait(self._pause_s)
