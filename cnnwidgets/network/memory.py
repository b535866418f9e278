"""Memory that was freed is kept for the next step, which needs as much again."""

import ctypes
import sys

# Of malloc.h, and the largest block that glibc can be told to keep.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _BLOCK_BYTES = 256_000_000, 32_000_000


def keep_freed_memory() -> None:
    """Has this process keep up to 256 MB of what it frees, instead of handing it back at once.

    glibc hands large blocks back to the system when they are freed, and the system clears every
    page of the next one: a third of the time of a training step of DigitCNN. Does nothing where
    there is no glibc. Source: mallopt(3).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries lack it
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _BLOCK_BYTES)
