"""Kernels that everyone knows, at any size and scale."""

import numpy as np

PRESETS = (
    "original",
    "identity",
    "blur",
    "sharpen",
    "sobel x",
    "sobel y",
    "laplacian",
    "random",
    "zeros",
    "flip",
    "negate",
)
"""Their names: "sobel x" answers to change from left to right, "sobel y" from top to bottom."""


def preset(
    name: str,
    values: np.ndarray,
    original: np.ndarray,
    limit: float,
    spread: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """A kernel by its name, float32 (row, column).

    values: the kernel as it is, (row, column), which "flip" mirrors left to right and "negate"
        makes the opposite of. original: as it was.
    limit: the size of the largest weight of the new kernel, where its name does not say it.
    spread, seed: the standard deviation of "random", and which.
    Raises ValueError for another name, or a kernel too small to hold it.

    >>> preset("sobel x", np.zeros((3, 3)), np.zeros((3, 3)), limit=2).astype(int)
    array([[-1,  0,  1],
           [-2,  0,  2],
           [-1,  0,  1]])
    """
    own = {"original": original, "zeros": 0 * original, "flip": values[:, ::-1], "negate": -values}
    if name in own:
        return np.array(own[name], np.float32)
    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    rows, columns = values.shape
    if name == "random":
        return np.random.default_rng(seed).normal(0, spread or limit / 2, values.shape).astype("f4")
    shape = _SHAPES[name](rows, columns)
    largest = np.abs(shape).max()
    if not largest:
        raise ValueError(f"a {rows}×{columns} kernel is too small for {name!r}")
    return (shape * ((limit or 1.0) / largest)).astype(np.float32)


def _identity(rows: int, columns: int) -> np.ndarray:
    kernel = np.zeros((rows, columns))
    kernel[rows // 2, columns // 2] = 1
    return kernel


def _blur(rows: int, columns: int) -> np.ndarray:
    return np.outer(_binomial(rows), _binomial(columns))


def _slope(rows: int, columns: int) -> np.ndarray:
    return np.outer(_binomial(rows), _binomial(columns) * (np.arange(columns) - (columns - 1) / 2))


def _laplacian(rows: int, columns: int) -> np.ndarray:
    return np.outer(_bend(rows), _narrow(columns)) + np.outer(_narrow(rows), _bend(columns))


def _sharpen(rows: int, columns: int) -> np.ndarray:
    bend = _laplacian(rows, columns)
    depth = np.abs(bend).max()
    return _identity(rows, columns) - 4 * bend / depth if depth else bend


def _binomial(size: int) -> np.ndarray:
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [1, 1])
    return row


def _bend(size: int) -> np.ndarray:
    """The second difference of a smoothed line; none fits into fewer than three places."""
    return np.zeros(size) if size < 3 else np.convolve(_binomial(size - 2), [1, -2, 1])


def _narrow(size: int) -> np.ndarray:
    """As smooth as `_bend`, and as long."""
    return np.pad(_binomial(size - 2), 1) if size > 2 else _binomial(size)


_SHAPES = {
    "identity": _identity,
    "blur": _blur,
    "sharpen": _sharpen,
    "sobel x": _slope,
    "sobel y": lambda rows, columns: _slope(columns, rows).T,
    "laplacian": _laplacian,
}
