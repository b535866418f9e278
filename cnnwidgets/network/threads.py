"""How many threads a run deserves.

PyTorch's number is one for the whole process where MKL multiplies matrices, and another number adds
in another order. So while a training computes, nobody changes it, and the other way round.
"""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnnwidgets.network.run import Run

SMALL_VALUES = 2_000_000
_PAUSE_SOFT = 1  # of omp.h

_FREE = threading.Condition()
_computing = 0  # trainings that are amid a computation
_changing = 0  # who has changed the number, or waits to
_changed = False
_OWN = threading.local()


@contextmanager
def steady_threads() -> Iterator[None]:
    """Nobody changes PyTorch's number of threads within; who wants to is first to go before."""
    global _computing
    nested = getattr(_OWN, "computes", False)
    if nested:
        yield
        return
    with _FREE:
        _FREE.wait_for(lambda: not _changing)
        _computing += 1
    _OWN.computes = True
    try:
        yield
    finally:
        _OWN.computes = False
        with _FREE:
            _computing -= 1
            _FREE.notify_all()


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch computes on one thread within, and no training does."""
    global _changing, _changed
    mine = False
    with _FREE:
        _changing += 1
    try:
        with _FREE:  # here a person may interrupt, and no training must wait for ever
            _FREE.wait_for(lambda: not _computing and not _changed)
            mine = _changed = True
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            yield
        finally:
            torch.set_num_threads(threads)
    finally:
        with _FREE:
            _changed = _changed and not mine
            _changing -= 1
            _FREE.notify_all()


@contextmanager
def threads_for(last: Run | None) -> Iterator[None]:
    """One thread while a small network runs; torch's own number for a large one.

    Waiting for each other costs threads more than a small network takes: beside a busy page, a
    digit through DigitCNN took 24 to 31 ms on two cores with two threads, and 3 to 4 ms with one.

    last: the run before, which tells the size: small is below two million values. None leaves
    the number as it is, as does a network that is not on the processor.
    """
    changes = torch.get_num_threads() > 1 and not getattr(_OWN, "computes", False)
    if not changes or last is None or last.input.device.type != "cpu" or not _is_small(last):
        yield
        return
    with _one_thread():
        yield


def end_idle_threads() -> None:
    """Ends the threads that OpenMP keeps for the calling one; its next computation starts others.

    Each thread that has computed on several keeps its own. Where all of them are more than there
    are cores, GNU's OpenMP lets them sleep between two pieces of work instead of waiting awake: so
    a training took 11.9 ms a step on two cores, and 7.8 without the idle ones of the main thread.
    Does nothing where another OpenMP computes, or none. Source: OpenMP 5.0, 3.2.43.
    """
    if sys.platform.startswith("linux"):
        pause = getattr(ctypes.CDLL(None), "omp_pause_resource_all", None)
        if pause is not None:
            pause(_PAUSE_SOFT)


def _is_small(run: Run) -> bool:
    return sum(run[name].numel() for name in run) < SMALL_VALUES
