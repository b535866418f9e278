"""MNIST, shipped in the package (CC BY-SA 3.0; LeCun, Cortes, Burges; see mnist/LICENSE)."""

import contextlib
import gzip
import hashlib
import zlib
from importlib.resources import files

import numpy as np

from cnnwidgets.data.files import cache_dir, map_verified, write_atomically
from cnnwidgets.data.imageset import ImageSet

# Of the canonical files, unpacked. Their MD5, by which MNIST is widely known, is tested.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

# Measured over all pixels of the 60,000 training images, of values in 0..1 (tested).
MEAN = 0.1306604762738429
STD = 0.3081078038564627

_PREFIX = {"train": "train", "test": "t10k"}
_IMAGES_HEADER = 16  # bytes of an IDX header: magic, then one big-endian int32 per axis
_LABELS_HEADER = 8


def mnist(split: str) -> ImageSet:
    """MNIST's "train" (60,000) or "test" (10,000) images, 1×28×28, classes "0" to "9".

    The images are mapped read-only from the cache, so processes share one copy in memory.
    Without a usable cache they are unpacked into memory. Every load verifies the SHA-256.
    Raises RuntimeError if the packaged file itself is damaged.
    """
    images = _raw(f"{_PREFIX[split]}-images-idx3-ubyte")[_IMAGES_HEADER:]
    labels = _raw(f"{_PREFIX[split]}-labels-idx1-ubyte")[_LABELS_HEADER:]
    return ImageSet(
        name=f"MNIST {split}",
        images=images.reshape(-1, 1, 28, 28),
        labels=np.array(labels, dtype=np.int64),
        classes=tuple("0123456789"),
        mean=(MEAN,),
        std=(STD,),
    )


def _raw(name: str) -> np.ndarray:
    """The canonical file name, (byte,) uint8, read-only: from the cache, made if need be."""
    cache = cache_dir()
    if cache is None:
        return np.frombuffer(_unpack(name), np.uint8)
    path = cache / "mnist" / name
    mapped = map_verified(path, SHA256[name])
    if mapped is not None:
        return mapped
    data = _unpack(name)
    with contextlib.suppress(OSError):  # a read-only or full disk: memory will do
        write_atomically(path, data)
    mapped = map_verified(path, SHA256[name])
    return np.frombuffer(data, np.uint8) if mapped is None else mapped


def _unpack(name: str) -> bytes:
    """The canonical file name, unpacked from the package and verified."""
    packed = files("cnnwidgets.data").joinpath("mnist", f"{name}.gz")
    try:
        data = gzip.decompress(packed.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise RuntimeError(_reinstall(name, str(error))) from error
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise RuntimeError(_reinstall(name, "its SHA-256 differs from MNIST's"))
    return data


def _reinstall(name: str, reason: str) -> str:
    return (
        f"the packaged {name}.gz is missing or damaged ({reason}); "
        "reinstall: pip install --force-reinstall cnnwidgets"
    )
