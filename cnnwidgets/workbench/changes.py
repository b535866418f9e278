"""Changes: the edits of a microscope, with undo and redo."""

import weakref
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from traitlets import Bunch

from cnnwidgets.network.edits import Edit, SetKernel, as_code, shape_of
from cnnwidgets.traits import LOCK

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

__all__ = ["Changes", "as_code", "in_short"]

Edits = tuple[Edit, ...]

LONGEST_PAST = 500


class Changes:
    """Every change of a microscope's edits, whoever made it, to be undone and done again.

    One for each microscope, shared by all that edit it: see `of`.
    """

    def __init__(self, scope: "Microscope") -> None:
        self._scope = weakref.ref(scope)
        self._past: list[Edits] = []
        self._future: list[Edits] = []
        self._now: Edits = scope.edits
        self._gesture: Hashable = None  # that made the last change
        self._given: Hashable = None  # of the change under way
        self._travels = False
        scope.observe(self._seen, names="edits")

    @staticmethod
    def of(scope: "Microscope") -> "Changes":
        """The changes of a microscope: those it has, or new ones."""
        with LOCK:
            if scope not in _KNOWN:
                _KNOWN[scope] = Changes(scope)
            return _KNOWN[scope]

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a change was undone, and nothing else changed since."""
        return bool(self._future)

    def make(self, edits: Iterable[Edit], gesture: Hashable = None) -> None:
        """Gives the microscope other edits.

        gesture: what the changes of one movement have in common: together they are one to undo.
        None makes it a change of its own.
        Raises TraitError, and changes nothing, for edits that do not fit.
        """
        with LOCK:
            self._given = gesture
            try:
                self._put(tuple(edits))
            finally:
                self._given = None

    def undo(self) -> None:
        """Takes back the last change. Raises ValueError if there is none."""
        with LOCK:
            self._travel(self._past, self._future, "there is nothing to undo")

    def redo(self) -> None:
        """Makes again what was undone last. Raises ValueError if there is nothing."""
        with LOCK:
            self._travel(self._future, self._past, "there is nothing to do again")

    def _travel(self, away: list[Edits], back: list[Edits], none: str) -> None:
        if not away:
            raise ValueError(none)
        to, here = away.pop(), self._now
        back.append(here)
        self._travels, self._gesture = True, None
        try:
            self._put(to)
        except BaseException:
            away.append(to)
            back.pop()
            raise
        finally:
            self._travels = False

    def _put(self, edits: Edits) -> None:
        scope = self._scope()
        if scope is not None:
            scope.edits = edits

    def _seen(self, change: Bunch) -> None:
        before, self._now = self._now, change.new
        if self._travels or before == change.new:
            return
        self._future.clear()
        if self._given is None or self._given != self._gesture:
            self._past = [*self._past[1 - LONGEST_PAST :], before]
        self._gesture = self._given


_KNOWN: "weakref.WeakKeyDictionary[Microscope, Changes]" = weakref.WeakKeyDictionary()


def in_short(edit: Edit) -> str:
    """An edit as its repr, but for the numbers of a kernel, of which the shape is told.

    >>> in_short(cw.SetKernel("conv1", 0, 0, [[1, 2], [3, 4]]))
    "SetKernel('conv1', filter=0, input=0, values=2×2)"
    """
    if not isinstance(edit, SetKernel):
        return repr(edit)
    size = "×".join(map(str, shape_of(edit.values))) or repr(edit.values)
    return f"SetKernel({edit.layer!r}, filter={edit.filter}, input={edit.input}, values={size})"
