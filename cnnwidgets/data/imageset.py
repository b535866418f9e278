"""ImageSet: labelled images, all of one size, as two arrays."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from cnnwidgets.data.pixels import as_pixels

_MAX_CHANNELS = 4
_MAX_UNNAMED = 1000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageSet:
    """Labelled images of one size. ImageSet.from_arrays checks and converts your own.

    name: shown to people, such as "MNIST test".
    images: (image, channel, row, column) uint8, read-only; may be mapped from a file.
    labels: (image,) int64, read-only, indices into classes.
    classes: the name of each class.
    mean, std: one per channel, of values in 0..1 (pixels divided by 255).
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for field, dtype, axes in (("images", np.uint8, 4), ("labels", np.int64, 1)):
            array = getattr(self, field)
            if not isinstance(array, np.ndarray) or (array.dtype, array.ndim) != (dtype, axes):
                raise TypeError(
                    f"{field} must be a {axes}-dimensional {np.dtype(dtype)} array; "
                    "ImageSet.from_arrays converts other kinds"
                )
            if array.flags.writeable:
                array = array.copy()
                array.flags.writeable = False
                object.__setattr__(self, field, array)

    def __reduce__(self) -> tuple:
        # Unpickled or deep-copied arrays are writable, unless they pass through __post_init__.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.images.shape[1:]))
        return (
            f"<ImageSet {self.name!r}: {len(self):,} images of {size}, {len(self.classes)} classes>"
        )

    def normalize(self, images: np.ndarray) -> np.ndarray:
        """Images as the network wants them: (value / 255 - mean) / std, channel by channel.

        images: (..., channel, row, column) uint8, with this set's number of channels.
        Returns float32 of the same shape, equal to torchvision's ToTensor and Normalize.
        Raises TypeError for another dtype, ValueError for another number of channels.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8:
            raise TypeError(f"images has dtype {images.dtype}; convert it with as_pixels")
        channels = len(self.mean)
        if images.ndim < 3 or images.shape[-3] != channels:
            raise ValueError(
                f"images has shape {images.shape}; give (..., channel, row, column) "
                f"with {_count(channels, 'channel')}, as {self.name!r} has"
            )
        values = np.array(images, dtype=np.float32, subok=False)
        values /= np.float32(255)
        values -= np.array(self.mean, np.float32)[:, None, None]
        values /= np.array(self.std, np.float32)[:, None, None]
        return values

    @classmethod
    def from_arrays(
        cls,
        images: ArrayLike,
        labels: ArrayLike,
        classes: Iterable[str] | None = None,
        *,
        name: str = "images",
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
    ) -> "ImageSet":
        """A set of your own images; the arrays are copied, never changed.

        images: (image, row, column) or (image, channel, row, column) with 1 to 4 channels;
            uint8, bool, or floats in 0..1, which are rounded to 256 levels.
        labels: (image,) integers from 0.
        classes: the name of each class; by default "0", "1", ... up to the largest label.
        mean, std: of values in 0..1, one number or one per channel; measured by default
            (a channel that is constant gets std 1).
        Raises ValueError or TypeError, in one sentence, for anything else.

        >>> ImageSet.from_arrays(np.zeros((2, 8, 8), "uint8"), [0, 1], ["cat", "dog"])
        <ImageSet 'images': 2 images of 1×8×8, 2 classes>
        """
        pixels = _channels_first(as_pixels(images, name="images"))
        indices = _labels(labels, len(pixels))
        names = _classes(classes, int(indices.max()))
        channels = pixels.shape[1]
        measured_mean, measured_std = measure(pixels)
        return cls(
            name=str(name),
            images=_freeze(pixels),
            labels=_freeze(indices),
            classes=names,
            mean=measured_mean if mean is None else _per_channel("mean", mean, channels),
            std=measured_std if std is None else _per_channel("std", std, channels),
        )

    @classmethod
    def from_folder(
        cls,
        path: str | PathLike[str],
        size: int | tuple[int, int] | None = None,
        channels: int | None = None,
    ) -> "ImageSet":
        """A set from a folder that holds one sub-folder of pictures for each class.

        path: the sub-folders' names, sorted, are the classes. Their PNG, JPEG and WebP files are
            read, also from folders inside; other files, and names that begin with a dot, are not.
        size: (rows, columns), or one number for both; by default the most common size. Pictures
            of another size are scaled to fit, undistorted, amid the colour of their border.
        channels: 1 (grey) or 3 (RGB); by default 1 if every pixel of every picture is grey.
        Warns, in one sentence, of files that cannot be read, and leaves them out.
        Raises ValueError, FileNotFoundError or NotADirectoryError, in one sentence, if there is
        no such folder, no class, or a class without a readable picture.
        """
        from cnnwidgets.data.folder import read_folder

        images, labels, classes = read_folder(path, size, channels)
        return cls.from_arrays(images, labels, classes, name=Path(path).resolve().name or "images")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _freeze(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _channels_first(pixels: np.ndarray) -> np.ndarray:
    """Pixels as (image, channel, row, column)."""
    shape = pixels.shape
    if pixels.ndim == 3:
        return pixels[:, None]
    if pixels.ndim != 4:
        remedy = "for a single image, images[None]" if pixels.ndim == 2 else "reshape it"
        raise ValueError(
            f"images has shape {shape}; give (image, row, column) "
            f"or (image, channel, row, column): {remedy}"
        )
    if shape[1] > _MAX_CHANNELS and shape[3] <= _MAX_CHANNELS:
        raise ValueError(
            f"images has shape {shape}, channels last; "
            "give channels first: images.transpose(0, 3, 1, 2)"
        )
    if shape[1] > _MAX_CHANNELS:
        raise ValueError(
            f"images has {shape[1]} channels (shape {shape}); give 1 to 4, such as images[:, :3]"
        )
    return pixels


def _labels(labels: ArrayLike, count: int) -> np.ndarray:
    """Labels as a new (image,) int64 array, none of them negative."""
    try:
        array = np.asarray(labels)
    except (ValueError, TypeError, RuntimeError) as error:
        raise TypeError(f"labels is no array ({error}); give one integer per image") from error
    if array.ndim != 1:
        remedy = "labels.argmax(axis=1) if it is one-hot" if array.ndim == 2 else "one per image"
        raise ValueError(f"labels has shape {array.shape}; give (image,): {remedy}")
    if len(array) != count:
        raise ValueError(
            f"labels has {_count(len(array), 'entry').replace('entrys', 'entries')} "
            f"for {_count(count, 'image')}; give one per image"
        )
    if not np.issubdtype(array.dtype, np.integer):
        remedy = "such as labels.astype(int)"
        if array.dtype.kind in "USO":
            remedy = "as classes, labels = numpy.unique(labels, return_inverse=True) makes them"
        raise TypeError(
            f"labels has dtype {array.dtype}; give integers, indices into classes, {remedy}"
        )
    if array.min() < 0:
        raise ValueError(f"labels holds {array.min()}; number the classes from 0")
    if array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"labels holds {array.max()}; number the classes from 0 on, without gaps")
    return array.astype(np.int64)


def _classes(classes: Iterable[str] | None, largest: int) -> tuple[str, ...]:
    """Class names that cover every label."""
    if classes is None:
        if largest >= _MAX_UNNAMED:
            raise ValueError(
                f"labels holds {largest}, too large to name the classes from; "
                "give classes, or number them from 0 without gaps"
            )
        return tuple(map(str, range(largest + 1)))
    is_list = isinstance(classes, Iterable) and not isinstance(classes, str)
    names = tuple(classes) if is_list else ()
    wrong = [entry for entry in names if not isinstance(entry, str)]
    if not is_list or wrong:
        value = wrong[0] if wrong else classes
        raise TypeError(f"classes (={value!r}) must be a list of strings, such as ['cat', 'dog']")
    if largest >= len(names):
        raise ValueError(
            f"labels holds {largest}, but classes has {_count(len(names), 'name')}; "
            f"give {largest + 1:,}, or labels below {len(names):,}"
        )
    repeated = next((entry for entry in names if names.count(entry) > 1), None)
    if repeated is not None:
        raise ValueError(f"classes names {repeated!r} twice; give every class a name of its own")
    return names


def measure(pixels: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of values in 0..1, from exact sums."""
    means, stds = [], []
    for channel in range(pixels.shape[1]):
        values = pixels[:, channel]
        count = values.size
        total = int(values.sum(dtype=np.uint64))
        squares = int(np.square(values, dtype=np.uint16).sum(dtype=np.uint64))
        means.append(total / count / 255)
        stds.append(math.sqrt(count * squares - total**2) / count / 255 or 1.0)
    return tuple(means), tuple(stds)


def _per_channel(name: str, value: float | Sequence[float], channels: int) -> tuple[float, ...]:
    """The mean or std that was given, one for each channel."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{name} (={value!r}) must be a number or one per channel") from error
    if array.shape not in ((), (channels,)):
        raise ValueError(
            f"{name} (={value!r}) must be one number, or {channels}, the number of channels"
        )
    lowest_fits = (array > 0).all() if name == "std" else (array >= 0).all()
    if not (lowest_fits and (array <= 1).all()):  # NaN fails both
        low = "above 0 and at most 1" if name == "std" else "from 0 to 1"
        raise ValueError(
            f"{name} (={value!r}) must be {low}: it is of values in 0..1, "
            "so divide one of values in 0..255 by 255"
        )
    return tuple(map(float, np.broadcast_to(array, channels)))
