"""Large maps on their way to a page: a byte a value, with what is exact beside it.

4 bytes a value take about 25 ms a megabyte from kernel to page, which for 64 maps of 112×112 is
longer than all else. A screen shows 257 colours, so for the painting one byte does. What is told in
numbers stays exact: each channel's limits, peak and count of what is not finite come along, and
so do the values of one channel; those of another are sent when a page asks for them.
"""

from typing import Any

import numpy as np

from cnnwidgets.arrays import buffer, to_wire

LARGE_BYTES = 500_000
STEPS = 254  # even, so that zero has a code of its own in the middle of a signed channel's range
NOT_FINITE = 255


def coded(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps in a byte a value, and what of them is exact.

    maps: float32 (channel, row, column), not empty.
    Returns codes, uint8 (channel, row, column); ends, float32 (2, channel): the smallest and the
    largest finite value, inf and -inf where there is none; counts, uint32 (2, channel): how many
    values are not finite, and where in the channel, row by row, the largest finite one is.
    A code of 0 to 254 stands for a value from 0 to the largest, or from -m to m if any value is
    below zero, with m the largest size; it is at most half a step off. 255 is not finite.
    """
    flat = maps.reshape(len(maps), -1)
    lows, highs = flat.min(1), flat.max(1)
    finite = None
    if not np.isfinite(lows).all() or not np.isfinite(highs).all():
        finite = np.isfinite(flat)
        lows = np.where(finite, flat, np.inf).min(1).astype(np.float32)
        highs = np.where(finite, flat, -np.inf).max(1).astype(np.float32)
        at = np.where(finite, flat, -np.inf).argmax(1)
        bad = np.count_nonzero(~finite, axis=1)
        flat = np.where(finite, flat, np.float32(0))
    else:
        at, bad = flat.argmax(1), np.zeros(len(flat))
    signed = lows < 0
    limits = np.maximum(np.maximum(highs, 0), np.where(signed, -lows, 0)).astype(np.float64)
    smallest = limits.min(initial=1, where=limits > 0)
    precise = np.float32 if smallest > 1e-30 else np.float64  # 254 / limit must be finite
    reach = np.where(signed, STEPS // 2, STEPS)
    scale = np.divide(reach, limits, out=np.zeros_like(limits), where=limits > 0)
    codes = flat * scale.astype(precise)[:, None]
    codes += (np.where(signed, STEPS // 2, 0) + 0.5).astype(precise)[:, None]
    codes = codes.astype(np.uint8)
    if finite is not None:
        codes[~finite] = NOT_FINITE
    return codes.reshape(maps.shape), np.stack([lows, highs]), np.stack([bad, at]).astype(np.uint32)


def is_large(maps: np.ndarray | None) -> bool:
    """Whether maps travel in a byte a value; a vector, which is shown as numbers, never does."""
    return maps is not None and maps.ndim == 3 and maps.nbytes > LARGE_BYTES


def maps_to_wire(maps: np.ndarray | None, owner: Any) -> dict[str, Any] | None:
    """`to_wire`, or for large maps their codes, with `coded` beside `data`.

    owner: has `channel`, whose values come along, and `maps_number`, the number of these maps,
    which a page names when it asks for the values of another channel.
    """
    if maps is None or not is_large(maps):
        return to_wire(maps)
    codes, ends, counts = coded(maps)
    channel = min(owner.channel, len(maps) - 1)
    exact = {
        "number": owner.maps_number,
        "ends": to_wire(ends),
        "counts": to_wire(counts),
        "channel": channel,
        "values": to_wire(maps[channel]),
    }
    return {**(to_wire(codes) or {}), "coded": exact}


def values_message(
    maps: np.ndarray | None, number: int, asked: Any
) -> tuple[dict[str, int], list[memoryview]] | None:
    """The answer to a page that asks for a channel's values: a message and its buffers.

    asked: {"want": "values", "number": number, "channel": channel}.
    Returns None for maps that have been replaced meanwhile. Raises ValueError for anything else.
    """
    fields = {"want", "number", "channel"}
    if not isinstance(asked, dict) or asked.keys() != fields or asked["want"] != "values":
        raise ValueError('a page asks for {"want": "values", "number": …, "channel": …}')
    if not all(type(asked[name]) is int for name in ("number", "channel")):
        raise ValueError("number and channel of what a page asks for must be whole numbers")
    if maps is None or asked["number"] != number:
        return None
    channel = asked["channel"]
    if not 0 <= channel < len(maps):
        raise ValueError(f"channel (={channel}) must be from 0 to {len(maps) - 1}, those of maps")
    return {"number": number, "channel": channel}, [buffer(maps[channel])]
