"""Pictures made larger or smaller: antialiased, in NumPy alone."""

from collections.abc import Iterator

import numpy as np

_STRIP = 1 << 16  # pixels whose intermediate values stay in a processor's cache


def resize(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A picture at another size, antialiased; its aspect ratio is the caller's concern.

    picture: (row, column) or (channel, row, column) uint8, not empty.
    Each new pixel is the mean over the area that it covers, or, when enlarging, linear between
    its neighbours. Returns uint8 of the new size; the same array if the size is the same.
    """
    if picture.shape[-2:] == (rows, columns):
        return picture
    if picture.ndim == 3:
        return np.stack([resize(channel, rows, columns) for channel in picture])
    across = _weights(picture.shape[1], columns).T
    values = _means(picture, _weights(len(picture), rows)) @ across
    # Rounding in float32 can leave 0..255 by a hair.
    return np.rint(values).clip(0, 255).astype(np.uint8)


def contain(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A picture scaled to fit a size without distortion, amid more of its own border.

    picture: (channel, row, column) uint8, not empty.
    Returns uint8 (channel, rows, columns), filled up with the median colour of the border.
    """
    height, width = picture.shape[-2:]
    scale = min(rows / height, columns / width)
    inner_rows = min(rows, max(1, round(height * scale)))
    inner_columns = min(columns, max(1, round(width * scale)))
    inner = resize(picture, inner_rows, inner_columns)
    if inner.shape[-2:] == (rows, columns):
        return inner
    whole = np.empty((len(picture), rows, columns), np.uint8)
    whole[:] = border(picture)[:, None, None]
    top, left = (rows - inner_rows) // 2, (columns - inner_columns) // 2
    whole[:, top : top + inner_rows, left : left + inner_columns] = inner
    return whole


def border(picture: np.ndarray) -> np.ndarray:
    """The median of the outermost pixels of each channel, (channel,) uint8.

    picture: (channel, row, column) uint8, not empty.
    """
    edges = (picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1])
    return np.median(np.concatenate(edges, axis=1), axis=1).astype(np.uint8)


def strips(rows: int, columns: int) -> Iterator[slice]:
    """The rows of a picture in turn, as many at once as a processor's cache holds."""
    step = max(1, _STRIP // columns)
    return (slice(first, first + step) for first in range(0, rows, step))


def _means(picture: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """shares (new, row) @ picture (row, column), of which only the first and last row that a new
    one covers are covered in part: a photograph is not made a large array of floats.
    """
    values = np.empty((len(shares), picture.shape[1]), np.float32)
    for value, share in zip(values, shares, strict=True):
        covered = np.flatnonzero(share)
        first, last = covered[0], covered[-1]
        value[:] = share[first] * picture[first]
        if last > first:
            value += share[last] * picture[last]
        if last > first + 1:
            inner = picture[first + 1 : last].sum(axis=0, dtype=np.uint32)
            value += share[first + 1] * inner.astype(np.float32)
    return values


def _weights(old: int, new: int) -> np.ndarray:
    """(new, old) float32: the share of each old pixel in each new one, rows summing to 1."""
    step = old / new
    reach = max(step, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * step
    edges = np.arange(old)[None]
    covered = np.minimum(edges + 1, centres + reach / 2) - np.maximum(edges, centres - reach / 2)
    shares = covered.clip(0, None)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
