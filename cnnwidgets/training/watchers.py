"""Watchers: who is told of a change, none of whom can harm what changes."""

import threading
from collections.abc import Callable


class Watchers:
    """Functions that are called at each change, in the thread that made it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: tuple[tuple[object, Callable[[], None]], ...] = ()

    def add(self, told: Callable[[], None]) -> Callable[[], None]:
        """Calls `told` from now on. Returns what ends that."""
        key = object()
        with self._lock:
            self._told = (*self._told, (key, told))
        return lambda: self._end(key)

    def tell(self) -> list[Exception]:
        """Calls all. One that raises is not called again; what was raised is returned."""
        raised = []
        for key, told in self._told:
            try:
                told()
            except Exception as problem:
                self._end(key)
                raised.append(problem)
        return raised

    def _end(self, key: object) -> None:
        with self._lock:
            self._told = tuple(each for each in self._told if each[0] is not key)
