"""Columns: records of numbers, kept as growing arrays."""

import threading
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor

T = TypeVar("T")

_WHOLE = ("step", "epoch")
_FIRST_ROOM = 1024


class Columns(Generic[T]):
    """Rows of numbers, one array for each field of `kind`, a dataclass of arrays with a `step`.

    Adding a row takes a constant time on average, and one thread may add while others copy.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._count = 0
        self._arrays = {
            field.name: np.empty(_FIRST_ROOM, np.int64 if field.name in _WHOLE else np.float64)
            for field in fields(kind)  # type: ignore[arg-type]
        }

    def __len__(self) -> int:
        return self._count

    @property
    def last_step(self) -> int:
        """The step of the last row; -1 if there is none."""
        with self._lock:
            return int(self._arrays["step"][self._count - 1]) if self._count else -1

    def add(self, record: Any) -> None:
        """Adds a row: those attributes of record that the columns are named after."""
        with self._lock:
            if self._count == len(self._arrays["step"]):
                self._arrays = {
                    name: np.concatenate([column, np.empty_like(column)])
                    for name, column in self._arrays.items()
                }
            for name, column in self._arrays.items():
                column[self._count] = getattr(record, name)
            self._count += 1

    def keep_until(self, step: int) -> None:
        """Drops the rows after step."""
        with self._lock:
            known = self._arrays["step"][: self._count]
            self._count = int(np.searchsorted(known, step, side="right"))

    def fill(self, columns: Mapping[str, Tensor]) -> None:
        """Takes all rows from tensors (row,), by the names of the columns."""
        with self._lock:
            for name in self._arrays:
                room = np.empty(max(_FIRST_ROOM, len(columns[name])), self._arrays[name].dtype)
                room[: len(columns[name])] = columns[name].numpy()
                self._arrays[name] = room
            self._count = len(columns["step"])

    def copy(self, last: int | None = None) -> T:
        """All rows, or only the last ones, as read-only arrays."""
        with self._lock:
            first = 0 if last is None else max(0, self._count - last)
            rows = slice(first, self._count)
            copies = {name: column[rows].copy() for name, column in self._arrays.items()}
        for column in copies.values():
            column.flags.writeable = False
        return self._kind(**copies)


def columns_of(record: Any) -> dict[str, np.ndarray]:
    """The arrays of a dataclass of arrays, by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
