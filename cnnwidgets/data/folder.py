"""Pictures of one's own: a folder of folders, each of which is a class."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from cnnwidgets.data.decode import decode, size_of
from cnnwidgets.data.scale import contain

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_KINDS = "PNG, JPEG or WebP"

# Wider than an upload's: these files are the person's own. Above, Pillow suspects a bomb.
_MAX_BYTES = 100_000_000
_MAX_PIXELS = 80_000_000
_MAX_SET_BYTES = 4_000_000_000
_NAMED = 3


def read_folder(
    path: str | PathLike[str], size: int | tuple[int, int] | None, channels: int | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Images (image, channel, row, column) uint8, labels (image,) int64 and class names.

    The arguments, the warning and the errors are those of ImageSet.from_folder.
    """
    if channels not in (None, 1, 3):
        raise ValueError(f"channels (={channels!r}) must be 1, for grey, or 3, for RGB")
    chosen = None if size is None else _size(size)
    root = Path(path).expanduser()
    files = [
        (file, label) for label, folder in enumerate(_classes(root)) for file in _files(folder)
    ]
    classes = tuple(folder.name for folder in _classes(root))
    _check_classes(root, classes, {label for _, label in files}, "holds no")
    rows, columns = chosen or _most_common_size(root, [file for file, _ in files])
    if len(files) * rows * columns > _MAX_SET_BYTES:
        raise ValueError(
            f"{len(files):,} pictures of {rows:,}×{columns:,} pixels do not fit in memory; "
            "give a smaller size, such as size=64"
        )
    pictures, labels, failures = [], [], []
    for file, label in files:
        try:
            pictures.append(contain(_read(file), rows, columns))
            labels.append(label)
        except (ValueError, OSError) as error:
            failures.append((file, error))
    _check_classes(root, classes, set(labels), "holds no readable")
    if failures:
        warnings.warn(_unreadable(root, failures), stacklevel=3)
    return _stack(pictures, channels), np.array(labels, np.int64), classes


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else size
    if not (
        isinstance(pair, tuple)
        and len(pair) == 2
        and all(isinstance(side, int) and side > 0 for side in pair)
    ):
        raise ValueError(
            f"size (={size!r}) must be (rows, columns) or one number, such as size=28, above 0"
        )
    return pair


def _classes(root: Path) -> list[Path]:
    """The sub-folders of root that are classes, sorted by name."""
    if not root.exists():
        raise FileNotFoundError(f"there is no folder {str(root)!r}; check the path")
    if not root.is_dir():
        raise NotADirectoryError(
            f"{str(root)!r} is a file; give the folder that holds one sub-folder for each class"
        )
    return sorted(entry for entry in root.iterdir() if entry.is_dir() and _is_shown(entry))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not hidden:
            yield path


def _is_shown(entry: Path) -> bool:
    # An archive packed on a Mac brings a second tree of files that only look like pictures.
    return not entry.name.startswith(".") and entry.name != "__MACOSX"


def _check_classes(root: Path, classes: tuple[str, ...], filled: set[int], lack: str) -> None:
    if not classes:
        raise ValueError(
            f"{str(root)!r} holds no sub-folder; put the pictures of each class into one of its own"
        )
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        raise ValueError(
            f"class {empty[0]!r} in {str(root)!r} {lack} {_KINDS} picture; add some, or remove it"
        )


def _most_common_size(root: Path, files: list[Path]) -> tuple[int, int]:
    """The most common (rows, columns), from the headers; the larger of two as common."""
    counts: Counter[tuple[int, int]] = Counter()
    for file in files:
        try:
            data = _bytes(file)
            counts[size_of(data, max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)] += 1
        except (ValueError, OSError):
            continue  # named once, where its pixels are read
    if not counts:
        raise ValueError(f"none of the {len(files):,} pictures in {str(root)!r} can be read")
    return max(counts, key=lambda size: (counts[size], size))


def _read(file: Path) -> np.ndarray:
    return decode(_bytes(file), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)


def _bytes(file: Path) -> bytes:
    """A file's content, cut short just above the limit, so that decode still sees its excess."""
    with file.open("rb") as opened:
        return opened.read(_MAX_BYTES + 1)


def _unreadable(root: Path, failures: Sequence[tuple[Path, Exception]]) -> str:
    names = [str(file.relative_to(root)) for file, _ in failures[:_NAMED]]
    more = f" and {len(failures) - _NAMED:,} more" if len(failures) > _NAMED else ""
    noun = "picture" if len(failures) == 1 else "pictures"
    return (
        f"{len(failures):,} {noun} in {str(root)!r} left out: {', '.join(names)}{more} "
        f"(the first: {failures[0][1]})"
    )


def _stack(pictures: list[np.ndarray], channels: int | None) -> np.ndarray:
    """Pictures of 1 or 3 channels as one (image, channel, row, column) array."""
    from cnnwidgets.data.fit import with_channels

    wanted = channels or max(len(picture) for picture in pictures)
    return np.stack([with_channels(picture, wanted, "the folder") for picture in pictures])
