"""A whole ImageSet in one file: written once, verified at every load, shared in memory."""

import json
from pathlib import Path

import numpy as np

from cnnwidgets.data.files import map_sealed, write_sealed
from cnnwidgets.data.imageset import ImageSet

# In the file: one line of JSON; the images; the labels; the seal. Another number when that changes.
_FORMAT = 1
_HEADER_BYTES = 1 << 16  # at most; the names of CIFAR-100 take 1,300


def put(path: Path, images: ImageSet) -> None:
    """Write a set to a file, whole or not at all. Raises OSError on failure."""
    header = {
        "format": _FORMAT,
        "name": images.name,
        "shape": images.images.shape,
        "classes": images.classes,
        "mean": images.mean,
        "std": images.std,
    }
    pixels = np.ascontiguousarray(images.images)
    labels = images.labels.astype("<i8", order="C")
    line = json.dumps(header).encode() + b"\n"
    write_sealed(path, line, pixels.reshape(-1).data, labels.tobytes())


def take(path: Path) -> ImageSet | None:
    """The set in a file, its images mapped read-only; None if it is missing or damaged."""
    content = map_sealed(path)
    if content is None:
        return None
    header, start = _header(content)
    if header.get("format") != _FORMAT:
        return None
    shape = tuple(header["shape"])
    end = start + int(np.prod(shape))
    return ImageSet(
        name=header["name"],
        images=content[start:end].reshape(shape),
        labels=np.frombuffer(content[end:].tobytes(), "<i8").astype(np.int64),
        classes=tuple(header["classes"]),
        mean=tuple(header["mean"]),
        std=tuple(header["std"]),
    )


def _header(content: np.ndarray) -> tuple[dict, int]:
    """The JSON of the first line, and where the images begin."""
    start = bytes(content[:_HEADER_BYTES]).index(b"\n") + 1
    return json.loads(content[:start].tobytes()), start
