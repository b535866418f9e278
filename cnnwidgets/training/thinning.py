"""Thinning: at which steps of a run a snapshot is taken, and which ones stay."""

from collections.abc import Sequence

import numpy as np


def snapshot_steps(total: int, count: int = 40) -> tuple[int, ...]:
    """At most count steps from 0 to total, both included, dense at the start.

    The gaps grow by a constant factor, once they are longer than one step.
    """
    if total < 1 or count < 2:
        raise ValueError(f"total (={total}) must be at least 1, count (={count}) at least 2")
    if count > total:
        return tuple(range(total + 1))
    points = count
    while True:
        steps: set[int] = {0, *np.geomspace(1, total, points).round().astype(int).tolist()}
        if len(steps) >= count:
            return tuple(sorted(steps))
        points += 1


def least_missed(steps: Sequence[int]) -> int:
    """The place, in ascending steps, of the snapshot whose loss is noticed least.

    That is where the gap it would leave is smallest, measured by how far it is from the start or
    from now, whichever is nearer: so snapshots stay dense at the start and near now. The first
    and the last always stay.
    """
    at = np.asarray(steps, dtype=np.float64)
    near = np.minimum(at[1:-1] - at[0], at[-1] - at[1:-1])
    return 1 + int(np.argmin((at[2:] - at[:-2]) / (near + 1)))
