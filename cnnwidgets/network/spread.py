"""Which units of a layer's input its arithmetic reads for some units of its result."""

import math
from typing import Any

import numpy as np
from torch import nn

from cnnwidgets.network.terms import COPIES, SHARES, kind_of, softmax_axis
from cnnwidgets.network.windows import axes_of

Shape = tuple[int, ...]
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def reaching(module: nn.Module, units: np.ndarray, given: Shape) -> np.ndarray | None:
    """The units of a layer's input that reach some units of its result.

    units: bool, in the shape of the result for one image.
    given: the shape of the input for one image.
    Returns bool of that shape; None for a layer that `terms_of` does not take apart, and for a
    transposed convolution.
    """
    kind = kind_of(module)
    if kind is nn.ConvTranspose2d:
        return None
    if kind is nn.Conv2d or kind in POOLS:
        return _through_windows(module, units, given) if len(given) == 3 else None
    if kind is nn.Linear:
        return np.broadcast_to(units.any(-1, keepdims=True), given).copy()
    if kind in SHARES:
        axis = softmax_axis(module, len(given) + 1)
        return np.broadcast_to(units.any(axis, keepdims=True), given).copy()
    # What is left goes number by number; Flatten in another shape.
    same = math.prod(given) == units.size and (units.shape == given or kind in COPIES)
    return units.reshape(given) if kind is not None and same else None


def _through_windows(module: Any, units: np.ndarray, given: Shape) -> np.ndarray:
    rows, columns = axes_of(module, (given[1], given[2]), (units.shape[1], units.shape[2]))
    groups = module.groups if isinstance(module, nn.Conv2d) else given[0]
    together = units.reshape(groups, -1, *units.shape[1:]).any(1).astype(np.float32)
    # A window is rows × columns, so that what it reads is a product of two matrices.
    read = rows.reach().T.astype(np.float32) @ together @ columns.reach().astype(np.float32)
    return np.repeat(read > 0, given[0] // groups, axis=0)
