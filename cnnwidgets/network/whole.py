"""Whole numbers, as people give them."""

import operator
from typing import Any


def whole(name: str, value: Any, *, least: int, below: int | None = None) -> int:
    """A whole number, numpy's and torch's too, as Python's own.

    Raises TypeError or ValueError if value is none in the range.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} (={value!r}) must be a whole number, at least {least}")
    if number < least:
        raise ValueError(f"{name} (={number}) must be at least {least}")
    if below is not None and number >= below:
        raise ValueError(f"{name} (={number}) must be below {below}")
    return number
