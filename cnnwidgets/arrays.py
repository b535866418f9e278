"""Arrays as traits: how the microscope holds them and how they travel to a page."""

from typing import Any

import numpy as np
from traitlets import HasTraits, TraitType

WIRE_DTYPES = ("float32", "uint8", "uint32")


class Array(TraitType):
    """A numpy array or None; a new object counts as a change, equal contents or not.

    dtype: what arrays are converted to (None keeps theirs).
    axes: the numbers of axes allowed; empty allows any.
    Raises TraitError, naming the trait, for what is no array of numbers or has other axes.
    """

    default_value = None
    info_text = "an array of numbers or None"

    def __init__(self, dtype: str | None = None, axes: tuple[int, ...] = (), **metadata: Any):
        super().__init__(None, allow_none=True, **metadata)
        self.dtype = dtype
        self.axes = axes

    def validate(self, obj: HasTraits, value: Any) -> np.ndarray | None:
        if value is None:
            return None
        try:
            array = np.ascontiguousarray(np.asarray(value), dtype=self.dtype)
        except (TypeError, ValueError) as error:
            self.error(obj, value, error)
        if array.dtype.kind not in "buif":
            self.error(obj, value)
        if self.axes and array.ndim not in self.axes:
            allowed = " or ".join(map(str, self.axes))
            raise self._axes_error(obj, array, allowed)
        return array

    def _axes_error(self, obj: HasTraits, array: np.ndarray, allowed: str) -> Exception:
        from traitlets import TraitError

        return TraitError(
            f"{self.name} of {type(obj).__name__} must have {allowed} axes, "
            f"and has {array.ndim} (shape {array.shape})"
        )

    def set(self, obj: HasTraits, value: Any) -> None:
        # traitlets compares old and new with ==, which for arrays is neither a truth nor cheap.
        new = self._validate(obj, value)
        old = obj._trait_values.get(self.name)
        obj._trait_values[self.name] = new
        if old is not new:
            obj._notify_trait(self.name, old, new)


def to_wire(array: np.ndarray | None, _owner: object = None) -> dict[str, Any] | None:
    """What a page receives for an array: {shape, dtype, data}, with data as a binary buffer."""
    if array is None:
        return None
    if array.dtype.name not in WIRE_DTYPES:
        raise TypeError(f"dtype (={array.dtype}) must be one of {', '.join(WIRE_DTYPES)} to travel")
    return {"shape": array.shape, "dtype": array.dtype.name, "data": memoryview(array).cast("B")}


def to_wire_all(arrays: tuple[np.ndarray, ...], _owner: object = None) -> list[dict[str, Any]]:
    """`to_wire` of each array, in order."""
    return [wire for array in arrays if (wire := to_wire(array)) is not None]
