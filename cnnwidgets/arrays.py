"""Arrays as traits: how the microscope holds them and how they travel to a page."""

import math
import reprlib
from typing import Any

import numpy as np
from traitlets import HasTraits, TraitError, TraitType

from cnnwidgets.data import as_pixels

WIRE_DTYPES = ("float32", "uint8", "uint32")


class Told(np.ndarray):
    """What an observer receives for an array: the array, but with one answer to "is it that one?".

    `traitlets.link` compares with != what it set, and takes the result for true or false, which
    of an array of several numbers it is not.
    """

    held: Any = object()  # what is cut out of it stands for no array

    def __ne__(self, other: object) -> Any:
        return False if other is self.held else super().__ne__(other)


def told(value: Any) -> Any:
    """A trait's value as its observers receive it."""
    if not isinstance(value, np.ndarray):
        return value
    told = value.view(Told)
    told.held = value
    return told


class Checked(TraitType[Any, Any]):
    """A trait that may be None, and whose validators are asked about None too."""

    def _validate(self, obj: HasTraits, value: Any) -> Any:
        # traitlets takes None unasked, and then again asks about it where notifications are held.
        if value is None and self.allow_none:
            return None if obj._cross_validation_lock else self._cross_validate(obj, None)
        return super()._validate(obj, value)


class Array(Checked):
    """A read-only numpy array or None; another object counts as a change, equal contents or not.

    dtype: what arrays are converted to (None keeps theirs); whole numbers must fit.
    axes: the numbers of axes allowed; empty allows any.
    An array that can be written is copied, so that what a page shows cannot change unseen.
    Raises TraitError, naming the trait, for what is no array of numbers or has other axes.
    """

    default_value = None
    info_text = "an array of numbers or None"

    def __init__(self, dtype: str | None = None, axes: tuple[int, ...] = (), **metadata: Any):
        super().__init__(None, allow_none=True, **metadata)
        self.dtype = dtype
        self.axes = axes

    def validate(self, obj: HasTraits, value: Any) -> np.ndarray:
        if isinstance(value, Told):
            value = value.held
        name = f"{self.name or 'an array'} of {type(obj).__name__}"
        try:
            array = self.convert(name, value)
        except (TypeError, ValueError, RuntimeError) as problem:
            raise TraitError(str(problem)) from problem
        if self.axes and array.ndim not in self.axes:
            allowed = " or ".join(map(str, self.axes))
            raise TraitError(
                f"{name} must have {allowed} axes, and has {array.ndim} (shape {array.shape})"
            )
        if array.flags.writeable:
            array = array.copy() if _is_kept(value, array) else array
            array.flags.writeable = False
        return array

    def convert(self, name: str, value: Any) -> np.ndarray:
        """The value as a contiguous array of this dtype; raises TypeError or ValueError."""
        try:
            array = np.asarray(value)
        except (TypeError, ValueError, RuntimeError) as problem:  # ragged, or a tensor on a GPU
            raise TypeError(f"{name} is no array of numbers: {problem}") from problem
        if array.dtype.kind not in "buif":
            raise TypeError(f"{name} is no array of numbers, and holds {reprlib.repr(value)}")
        dtype = array.dtype if self.dtype is None else np.dtype(self.dtype)
        if dtype.kind == "u" and array.size and not np.can_cast(array.dtype, dtype):
            low, high = array.min(), array.max()
            if array.dtype.kind == "f" or low < 0 or high > np.iinfo(dtype).max:
                raise ValueError(
                    f"{name} has dtype {array.dtype} and values from {low:g} to {high:g}, "
                    f"which {dtype} does not hold"
                )
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is shown as such
            return np.asarray(array, dtype=dtype, order="C")

    def set(self, obj: HasTraits, value: Any) -> None:
        # traitlets compares old and new with ==, which for arrays is neither a truth nor cheap.
        name, new = str(self.name), self._validate(obj, value)
        old = obj._trait_values.get(name)
        obj._trait_values[name] = new
        if old is not new:
            obj._notify_trait(name, old, told(new))


class Pixels(Array):
    """A picture or None: uint8 (channel, row, column).

    Takes what `as_pixels` takes, (row, column) too. Raises TraitError in its words.
    """

    def __init__(self, **metadata: Any):
        super().__init__("uint8", axes=(3,), **metadata)

    def convert(self, name: str, value: Any) -> np.ndarray:
        if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or not value.size:
            value = as_pixels(value, name=name)
        return np.ascontiguousarray(value[None] if value.ndim == 2 else value)


def _is_kept(value: Any, array: np.ndarray) -> bool:
    """Whether somebody may hold, as `value`, the memory of the array that was made of it."""
    if isinstance(value, np.ndarray):
        return np.may_share_memory(array, value)
    return not isinstance(value, list | tuple | int | float)


def difference(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """`after` less `before`, of one shape; 0 where they are the same, of infinities and NaN too."""
    same = (after == before) | (np.isnan(after) & np.isnan(before))
    with np.errstate(invalid="ignore", over="ignore"):  # infinity less infinity: no number
        return np.where(same, after.dtype.type(0), after - before)


def buffer(array: np.ndarray) -> memoryview:
    """The bytes of an array, row by row, as a message carries them."""
    # Not memoryview.cast, which refuses arrays without elements.
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def to_wire(array: np.ndarray | None, _owner: object = None) -> dict[str, Any] | None:
    """What a page receives for an array: {shape, dtype, data}, with data as a binary buffer.

    Raises TypeError for a dtype that JavaScript has no array for here.
    """
    if array is None:
        return None
    if array.dtype.name not in WIRE_DTYPES:
        raise TypeError(f"dtype (={array.dtype}) must be one of {', '.join(WIRE_DTYPES)} to travel")
    return {"shape": array.shape, "dtype": array.dtype.name, "data": buffer(array)}


def number_to_wire(number: float | None, _owner: object = None) -> float | str | None:
    """What a page receives for a number: JavaScript's word for it, where JSON has none."""
    if number is None or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def to_wire_all(arrays: list[np.ndarray], _owner: object = None) -> list[dict[str, Any]]:
    """`to_wire` of each array, in order."""
    return [wire for array in arrays if (wire := to_wire(array)) is not None]
