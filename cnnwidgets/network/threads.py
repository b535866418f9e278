"""How many threads a run deserves."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnnwidgets.network.run import Run

SMALL_VALUES = 2_000_000


@contextmanager
def threads_for(last: Run | None) -> Iterator[None]:
    """One thread while a small network runs; torch's own number for a large one.

    Waiting for each other costs threads more than a small network takes: beside a busy page, a
    digit through DigitCNN took 24 to 31 ms on two cores with two threads, and 3 to 4 ms with one.

    last: the run before, which tells the size: small is below two million values. None leaves
    the number as it is, as does a network that is not on the processor.
    """
    threads = torch.get_num_threads()
    if last is None or threads == 1 or last.input.device.type != "cpu" or not _is_small(last):
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _is_small(run: Run) -> bool:
    return sum(run[name].numel() for name in run) < SMALL_VALUES
