"""The sets that torchvision knows: fetched once, verified, and kept as arrays of our own.

torchvision is imported when a set is fetched, not when one is read from the cache. Its dataset
classes give addresses, MD5s and parsers. Their own downloading is not used: it has no time-out,
cannot be cancelled cleanly, writes in place, and repeats a failed https request over http.
"""

import gzip
import shutil
import warnings
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cnnwidgets.data import shelf
from cnnwidgets.data.fetch import Progress, fetch, on_disk
from cnnwidgets.data.files import cache_dir
from cnnwidgets.data.imageset import ImageSet, measure
from cnnwidgets.data.scratch import scratch_in

_DIGITS = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class _Archive:
    """One file to fetch: from which addresses, where torchvision looks for it, its MD5."""

    urls: tuple[str, ...]
    place: str
    md5: str


@dataclass(frozen=True, slots=True)
class _Source:
    """One set as torchvision has it.

    title: shown to people. dataset: the class in torchvision.datasets.
    archives: the files that its class names. classes: None for those that the class knows.
    settings: further arguments of the class. by_name: it takes split="train", not train=True.
    """

    title: str
    dataset: str
    archives: Callable[[Any], list[_Archive]]
    classes: tuple[str, ...] | None = None
    settings: tuple[tuple[str, str], ...] = ()
    by_name: bool = False


def _mirrored(dataset: Any) -> list[_Archive]:
    return [
        _Archive(tuple(mirror + name for mirror in dataset.mirrors), _raw(dataset, name), md5)
        for name, md5 in dataset.resources
    ]


def _qmnist(dataset: Any) -> list[_Archive]:
    both = dataset.resources["train"] + dataset.resources["test"]
    return [_Archive((url,), _raw(dataset, url), md5) for url, md5 in both]


def _emnist(dataset: Any) -> list[_Archive]:
    return [_Archive((dataset.url,), _raw(dataset, dataset.url), dataset.md5)]


def _cifar(dataset: Any) -> list[_Archive]:
    return [_Archive((dataset.url,), dataset.filename, dataset.tgz_md5)]


def _by_split(dataset: Any) -> list[_Archive]:
    files = (dataset.split_list[split] for split in ("train", "test"))
    return [_Archive((url,), name, md5) for url, name, md5 in files]


def _raw(dataset: Any, url: str) -> str:
    return f"{dataset.__name__}/raw/{PurePosixPath(url).name}"


_SOURCES = {
    "fashion_mnist": _Source("Fashion-MNIST", "FashionMNIST", _mirrored),
    "kmnist": _Source("KMNIST", "KMNIST", _mirrored),
    "emnist": _Source("EMNIST balanced", "EMNIST", _emnist, settings=(("split", "balanced"),)),
    "qmnist": _Source("QMNIST", "QMNIST", _qmnist, _DIGITS),
    "cifar10": _Source("CIFAR-10", "CIFAR10", _cifar),
    "cifar100": _Source("CIFAR-100", "CIFAR100", _cifar),
    "svhn": _Source("SVHN", "SVHN", _by_split, _DIGITS, by_name=True),
    "usps": _Source("USPS", "USPS", _by_split, _DIGITS),
}
NAMES = tuple(_SOURCES)


def downloaded(
    name: str, split: str, root: Path | None, download: bool, progress: Progress | None
) -> ImageSet:
    """One of NAMES, from root if a sound copy is there, else fetched into it.

    The arguments and errors are those of load; split is "train" or "test".
    """
    home = root or cache_dir()
    if home is None:
        raise OSError(f"there is no home directory to keep {name!r} in; give root= a directory")
    kept = home / name
    found = shelf.take(kept / f"{split}.set")
    if found is not None:
        return found
    _check_scipy(name)
    archives = _archives(name)
    own = _sound(home, archives)
    if not download and len(own) < len(archives):
        missing = next(archive for archive in archives if archive not in own)
        raise FileNotFoundError(
            f"no sound copy of {name!r} in {str(home)!r}; give download=True, "
            f"or put {missing.urls[0]} there as {missing.place}"
        )
    with ExitStack() as held:
        with on_disk(home):
            home.mkdir(parents=True, exist_ok=True)
            scratch = held.enter_context(scratch_in(home, name))
        for archive in archives:
            _bring(archive, scratch, home, archive in own, progress)
        sets = _read(name, scratch)
        with on_disk(home):
            for made in sets:
                shelf.put(scratch / f"{made}.set", sets[made])
            kept.mkdir(exist_ok=True)
            for made in sets:
                (scratch / f"{made}.set").replace(kept / f"{made}.set")
    return shelf.take(kept / f"{split}.set") or sets[split]


def _check_scipy(name: str) -> None:
    if name == "svhn" and find_spec("scipy") is None:
        raise ImportError("'svhn' comes in MATLAB files, which SciPy reads: pip install scipy")


def _archives(name: str) -> list[_Archive]:
    from torchvision import datasets

    source = _SOURCES[name]
    return source.archives(getattr(datasets, source.dataset))


def _sound(home: Path, archives: list[_Archive]) -> list[_Archive]:
    """Those archives that lie in home where torchvision puts them, undamaged."""
    from torchvision.datasets.utils import check_integrity

    with on_disk(home):
        return [kept for kept in archives if check_integrity(home / kept.place, kept.md5)]


def _bring(
    archive: _Archive, scratch: Path, home: Path, own: bool, progress: Progress | None
) -> None:
    """Put an archive where torchvision looks for it in scratch: a copy from home, or fetched."""
    path = scratch / archive.place
    with on_disk(home):
        path.parent.mkdir(parents=True, exist_ok=True)
        if own:
            shutil.copyfile(home / archive.place, path)
            return
    try:
        fetch(archive.urls, path, archive.md5, progress)
    except ConnectionError as error:
        place = str(home / archive.place)
        raise ConnectionError(
            f"{error}; try again when connected, or put the file at {place!r} yourself"
        ) from error


def _read(name: str, scratch: Path) -> dict[str, ImageSet]:
    """Both splits, parsed by torchvision from its verified files; mean and std are of "train"."""
    try:
        with warnings.catch_warnings():
            # CIFAR's files were pickled by an old NumPy, of which the present one complains.
            warnings.simplefilter("ignore")
            if name == "emnist":
                _unpack_emnist(scratch / "EMNIST" / "raw")
            train, test = (_parse(name, split, scratch) for split in ("train", "test"))
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            with on_disk(scratch.parent):
                raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RuntimeError(
            f"torchvision cannot read its {name!r} files ({reason}); "
            "update torchvision, or choose another set"
        ) from error
    mean, std = measure(train[0])
    title = _SOURCES[name].title
    return {
        split: ImageSet(f"{title} {split}", pixels, labels, classes, mean, std)
        for split, (pixels, labels, classes) in {"train": train, "test": test}.items()
    }


def _parse(name: str, split: str, scratch: Path) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Images (image, channel, row, column) uint8, labels (image,) int64 and class names."""
    from torchvision import datasets

    source = _SOURCES[name]
    which = {"split": split} if source.by_name else {"train": split == "train"}
    # The files are there and verified: download=True only unpacks them.
    data = getattr(datasets, source.dataset)(
        scratch, download=True, **which, **dict(source.settings)
    )
    pixels = np.asarray(data.data)
    if name == "emnist":
        pixels = pixels.swapaxes(1, 2)  # EMNIST's files hold columns where MNIST's hold rows
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    elif pixels.shape[3] == 3:
        pixels = pixels.transpose(0, 3, 1, 2)
    labels = np.asarray(data.labels if source.by_name else data.targets, np.int64)
    if labels.ndim == 2:
        labels = labels[:, 0]  # QMNIST's further columns tell the writer
    return np.ascontiguousarray(pixels), labels, source.classes or tuple(data.classes)


def _unpack_emnist(raw: Path) -> None:
    """Unpack the "balanced" files alone; torchvision would unpack all six variants, 1.8 GB."""
    with zipfile.ZipFile(raw / "gzip.zip") as archive:
        for member in archive.namelist():
            name = PurePosixPath(member).name
            if name.startswith("emnist-balanced-") and name.endswith("-ubyte.gz"):
                with (
                    gzip.open(archive.open(member)) as packed,
                    (raw / name.removesuffix(".gz")).open("wb") as unpacked,
                ):
                    shutil.copyfileobj(packed, unpacked)
