"""Where the windows of convolutions and poolings lie on their input, one axis at a time."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from torch import nn

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Axis:
    """How windows lie along the rows, or along the columns, of a layer's input.

    size: of the input, in pixels.
    count: of the output.
    kernel, stride, dilation: of a sliding window, in pixels; the first one begins `before` pixels
        ahead of the input. A kernel of 0 marks an adaptive pooling, whose `count` windows share
        the input out.
    after: how many pixels of padding follow the input.
    mode: what the padding holds: "zeros", "reflect", "replicate" or "circular", as in nn.Conv2d.
    """

    size: int
    count: int
    kernel: int = 0
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    mode: str = "zeros"

    def window(self, at: int) -> np.ndarray:
        """The positions that output `at` is made of: int64, first to last.

        Below 0 and from `size` on they are padding. A window of a pooling with ceil_mode may
        reach beyond the padding, where nothing is: those positions are left out.
        """
        if not self.kernel:
            first, stop = at * self.size // self.count, -(-(at + 1) * self.size // self.count)
            return np.arange(first, stop)
        positions = at * self.stride - self.before + np.arange(self.kernel) * self.dilation
        return positions[positions < self.size + self.after]

    def read(self, positions: np.ndarray) -> np.ndarray:
        """The pixels of the input whose values stand at positions, -1 where there is none."""
        inside = (positions >= 0) & (positions < self.size)
        if self.mode == "reflect":
            last = self.size - 1
            return last - np.abs(last - np.abs(positions))
        if self.mode == "replicate":
            return positions.clip(0, self.size - 1)
        if self.mode == "circular":
            return positions % self.size
        return np.where(inside, positions, -1)

    def reach(self) -> np.ndarray:
        """Which pixel of the input each output reads: (output, input) bool, read-only."""
        return _reach(self)


@lru_cache(maxsize=128)
def _reach(axis: Axis) -> np.ndarray:
    reached = np.zeros((axis.count, axis.size), bool)
    for at in range(axis.count):
        pixels = axis.read(axis.window(at))
        reached[at, pixels[pixels >= 0]] = True
    reached.setflags(write=False)
    return reached


def axes_of(module: nn.Module, given: Pair, made: Pair) -> tuple[Axis, Axis]:
    """How the windows of a convolution or pooling of two axes lie: along rows, along columns.

    given, made: (rows, columns) of its input and of its output.
    """
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return Axis(given[0], made[0]), Axis(given[1], made[1])
    assert isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d)
    kernel = _pair(module.kernel_size)
    stride = _pair(module.stride)
    dilation = (1, 1) if isinstance(module, nn.AvgPool2d) else _pair(module.dilation)
    before, after = _padding(module, kernel, dilation)
    mode = module.padding_mode if isinstance(module, nn.Conv2d) else "zeros"
    rows, columns = (
        Axis(given[i], made[i], kernel[i], stride[i], dilation[i], before[i], after[i], mode)
        for i in (0, 1)
    )
    return rows, columns


def spread_onto(
    at: int, size: int, kernel: int, stride: int, dilation: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which inputs a transposed convolution spreads onto output `at` of one axis, by which weights.

    size: of the input. Returns the positions of the inputs, and for each the place of its weight
    in the kernel, both int64. An output that lies between the windows gets nothing: then the
    nearest input stands alone, with −1 for its weight.
    """
    positions = np.arange(size)
    offsets = at + padding - positions * stride
    places, left = np.divmod(offsets, dilation)
    reached = (left == 0) & (places >= 0) & (places < kernel)
    if reached.any():
        return positions[reached], places[reached]
    return np.array([min((at + padding) // stride, size - 1)]), np.array([-1])


def _padding(module: Any, kernel: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Pixels of padding before and after, each for rows and columns."""
    padding = module.padding
    if padding == "same":
        total = [each * (size - 1) for each, size in zip(dilation, kernel, strict=True)]
        before = (total[0] // 2, total[1] // 2)
        return before, (total[0] - before[0], total[1] - before[1])
    both = (0, 0) if padding == "valid" else _pair(padding)
    return both, both


def _pair(value: int | tuple[int, ...]) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])
