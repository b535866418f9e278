"""Files written whole or not at all, and files mapped only after their digest was checked."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

_DIGEST_BYTES = 32
_CHUNK_BYTES = 1 << 20


def cache_dir() -> Path | None:
    """Where unpacked data are kept: $CNNWIDGETS_CACHE, else the user's cache directory.

    None when there is no home to keep them in.
    """
    chosen = os.environ.get("CNNWIDGETS_CACHE")
    path = Path(chosen).absolute() if chosen else Path(user_cache_dir("cnnwidgets"))
    # Without a home, platformdirs returns a literal "~/.cache", relative to wherever we are.
    return path if path.is_absolute() else None


def write_atomically(path: Path, *parts: bytes | memoryview) -> None:
    """Write parts, one after the other, so that a reader of path sees the old file or the new one.

    Missing parent directories are made. Raises OSError, leaving no temporary file, on failure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:  # readable by whom the umask allows
            for data in parts:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def map_verified(path: Path, sha256: str) -> np.memmap | None:
    """The bytes of path, (byte,) uint8, mapped read-only, if their SHA-256 is as given.

    None when the file is missing, unreadable or different. Read first and mapped afterwards
    through one handle: a disk error while reading is an exception, while touching a map a crash.
    """
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return None
            return np.memmap(file, dtype=np.uint8, mode="r")
    except (OSError, ValueError):
        return None


def write_sealed(path: Path, *parts: bytes | memoryview) -> None:
    """Write parts atomically, and after them the SHA-256 of all of them, for map_sealed.

    Raises OSError, leaving no temporary file, on failure.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    write_atomically(path, *parts, digest.digest())


def map_sealed(path: Path) -> np.memmap | None:
    """What write_sealed wrote, (byte,) uint8, mapped read-only, if not one bit of it has changed.

    None when the file is missing, unreadable or different.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            left = size = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
            while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
                digest.update(chunk)
                left -= len(chunk)
            if size <= 0 or file.read() != digest.digest():
                return None
            return np.memmap(file, dtype=np.uint8, mode="r", shape=(size,))
    except (OSError, ValueError):
        return None
