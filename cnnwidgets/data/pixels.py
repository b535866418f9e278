"""Pictures of any usual dtype turned into uint8 pixels, or refused in one sentence."""

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-5  # how far float32 arithmetic, as in resizing, may leave 0..1


def as_pixels(image: ArrayLike, *, name: str = "image") -> np.ndarray:
    """One image or many as a new uint8 array of the same shape, values 0 to 255.

    image: any shape; uint8 as it is, bool as 0 and 255, floats in 0..1 rounded to 256 levels;
        what leaves 0..1 by no more than rounding does is 0 or 255.
    name: what an error calls it.
    Raises TypeError for another dtype; ValueError if it is empty, ragged, holds NaN or
    infinite values, or leaves 0..1.
    """
    array = _as_array(image, name)
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); give at least one pixel")
    if array.dtype == np.uint8:
        return np.array(array, order="C", subok=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8, order="C") * np.uint8(255)
    if np.issubdtype(array.dtype, np.floating):
        return _from_floats(array, name)
    raise TypeError(f"{name} has dtype {array.dtype}{_range_of_whole(array)}")


def _range_of_whole(array: np.ndarray) -> str:
    """What else is wrong with pixels of another dtype: of whole numbers, from where to where."""
    wanted = "give uint8, bool, or floats in 0..1"
    if not np.issubdtype(array.dtype, np.integer):
        return f"; {wanted}"
    low, high = int(array.min()), int(array.max())
    if low >= 0 and high <= 255:
        return f"; {wanted}: its values are {low} to {high}, so give it .astype('uint8')"
    remedy = "divide it by the largest value that there can be, such as 65535 of 16 bits"
    if low < 0:
        remedy = "add to it until none is negative, and divide it by the largest"
    return f" and values from {low} to {high}; {wanted}: {remedy}"


def _as_array(image: ArrayLike, name: str) -> np.ndarray:
    try:
        return np.asarray(image)
    except ValueError as error:
        sizes = [getattr(part, "shape", ()) for part in image]  # type: ignore[union-attr]
        other = next((size for size in sizes if size != sizes[0]), None)
        if other:
            raise ValueError(
                f"{name} is of several sizes, {tuple(sizes[0])} and {tuple(other)}; bring all of"
                " them to one, as ImageSet.from_folder does"
            ) from error
        raise ValueError(f"{name} is no array ({error}); give rows of equal length") from error
    except (TypeError, RuntimeError) as error:  # a torch tensor: on a GPU, with a gradient
        message = str(error).splitlines()[0].rstrip(".")
        # NumPy has no bfloat16, nor float8.
        floats = getattr(getattr(image, "dtype", None), "is_floating_point", False)
        remedy = "tensor.detach().cpu()" + (".float()" if floats else "") + ".numpy()"
        raise TypeError(
            f"{name} (a {type(image).__name__}) is no array ({message}); "
            f"give a NumPy array, such as {remedy}"
        ) from error


def _from_floats(array: np.ndarray, name: str) -> np.ndarray:
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise ValueError(
            f"{name} has {bad:,} NaN or infinite values of {array.size:,}; "
            "replace them, such as with numpy.nan_to_num"
        )
    low, high = float(array.min()), float(array.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        bytes_like = low >= -ROUNDING and 1.5 < high <= 255
        remedy = "divide by 255" if bytes_like else "rescale it, or clip with numpy.clip"
        raise ValueError(f"{name} has values from {low:g} to {high:g}, outside 0..1; {remedy}")
    scaled = array.astype(np.float32, order="C")
    scaled *= 255
    return np.rint(scaled, out=scaled).astype(np.uint8)
