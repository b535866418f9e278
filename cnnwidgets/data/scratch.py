"""A folder to work in, which goes when the work ends; also, later, when the work was killed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "in-use.lock"
_YOUNG_S = 2.0  # a folder this new may be about to get its lock


@contextmanager
def scratch_in(home: Path, name: str) -> Iterator[Path]:
    """A new hidden folder in home, removed at the end of the block.

    Folders of the same name whose process was killed are removed first; those in use are known by
    a lock, which the system takes from a process that ends.
    Raises OSError if the folder cannot be made.
    """
    from filelock import FileLock  # takes a tenth of a second, which reading a kept set need not

    for left in home.glob(f".{name}-*"):
        _remove_if_left(left)
    with (
        tempfile.TemporaryDirectory(
            dir=home, prefix=f".{name}-", ignore_cleanup_errors=True
        ) as folder,
        FileLock(Path(folder, _LOCK)),
    ):
        yield Path(folder)


def _remove_if_left(folder: Path) -> None:
    from filelock import FileLock, Timeout

    try:
        if time.time() - folder.stat().st_mtime < _YOUNG_S:
            return
        with FileLock(folder / _LOCK, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)  # Windows keeps the lock until it is let go
    except (OSError, Timeout):
        return  # gone meanwhile, in use, or another user's
