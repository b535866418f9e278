"""Traits for shared state: several set at once, by one thread at a time, and whole numbers."""

import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from traitlets import HasTraits, Int, TraitError, Tuple

from cnnwidgets.arrays import Checked, told

# One for all: traits of two microscopes can be linked, and two locks taken in both orders by two
# threads would stop both. JupyterLab runs callbacks on the main thread or on a subshell's.
LOCK = threading.RLock()


class Whole(Checked, Int):
    """A whole number: what has __index__, numpy's too, but no bool."""

    info_text = "a whole number"

    def validate(self, obj: Any, value: Any) -> int:
        if isinstance(value, bool | np.bool_):
            self.error(obj, value)
        try:
            return operator.index(value)
        except TypeError:
            self.error(obj, value)


class Place(Checked, Tuple):
    """(row, column), or None."""

    def __init__(self, **metadata: Any):
        super().__init__(Whole(), Whole(), default_value=None, allow_none=True, **metadata)


class Changes(Tuple):
    """A tuple of edits, also given as a list."""

    def validate(self, obj: Any, value: Any) -> tuple:
        if not isinstance(value, tuple | list):
            wanted = "a tuple, such as (Ablate('conv1', 3),), or () for no change"
            raise TraitError(f"{self.name} (={value!r}) must be {wanted}")
        return tuple(value)


class Locked(HasTraits):
    """Traits that one thread at a time sets, until the last observer of a change returned."""

    def __setattr__(self, name: str, value: Any) -> None:
        with LOCK:
            super().__setattr__(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[Any]:
        """Sets several traits as one change: all are checked, and observers told, at the end."""
        with LOCK, super().hold_trait_notifications():
            yield


def within(name: str, value: int, count: int, of: str) -> None:
    """Raises TraitError unless value is from 0 to count - 1."""
    if not count:
        raise TraitError(f"{name} (={value}) cannot be: there are no {of}")
    if not 0 <= value < count:
        raise TraitError(f"{name} (={value}) must be from 0 to {count - 1}, the {of}")


def forget(owner: HasTraits, handler: Callable[[Any], None], names: Iterable[str]) -> None:
    """unobserve, for a handler that `unobserve_all` may have taken away already."""
    for name in names:
        with suppress(ValueError):
            owner.unobserve(handler, names=name)


def commit(owner: HasTraits, values: Mapping[str, Any]) -> None:
    """Gives traits valid values, all of them before any observer is told.

    An observer that raises keeps no other from being told; the first exception is raised then.
    """
    before = {}
    for name, value in values.items():
        old = owner._trait_values.get(name)
        if not same(old, value):
            before[name] = old
            owner._trait_values[name] = value
    problems = []
    for name, old in before.items():
        try:
            owner._notify_trait(name, old, told(owner._trait_values[name]))
        except Exception as problem:
            problems.append(problem)
    if problems:
        raise problems[0]


def same(old: Any, new: Any) -> bool:
    """Whether a trait would not change: arrays, and lists of them, are the same as themselves."""
    if old is new:
        return True
    if isinstance(old, np.ndarray) or isinstance(new, np.ndarray):
        return False
    if isinstance(old, list) and old and isinstance(old[0], np.ndarray):
        return False
    return type(old) is type(new) and bool(old == new)


def in_words(problem: BaseException) -> str:
    """What an exception says, in one line, with its notes; its kind where the words need it."""
    words = " ".join(" ".join([str(problem), *getattr(problem, "__notes__", ())]).split())
    kinds = (TraitError, ValueError, TypeError, MemoryError, NotImplementedError)
    plain = isinstance(problem, kinds) and words
    return words if plain else f"{type(problem).__name__}: {words}"
