"""Small networks run on one thread, and nobody notices afterwards."""

import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from cnnwidgets.network import threads
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.threads import (
    SMALL_VALUES,
    end_idle_threads,
    steady_threads,
    threads_for,
)
from cnnwidgets.training.worker import Worker


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def run_of(values):
    return Probe(nn.ReLU()).run(torch.zeros(1, values))


def test_a_small_network_gets_one_thread_and_torch_its_number_back(two_threads):
    with threads_for(run_of(10)):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_the_number_comes_back_after_an_exception(two_threads):
    with pytest.raises(KeyboardInterrupt), threads_for(run_of(10)):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 2


def test_who_is_interrupted_while_waiting_for_a_training_leaves_it_free_to_go_on(
    two_threads, monkeypatch
):
    def interrupted(condition):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threads._FREE, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), threads_for(run_of(10)):
            pass
    done = threading.Event()

    def train():
        with steady_threads():
            done.set()

    threading.Thread(target=train, daemon=True).start()
    assert done.wait(10), "a training waits for somebody who has gone"
    with threads_for(run_of(10)):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("last", [None, SMALL_VALUES])
def test_a_large_network_or_an_unknown_one_keeps_torchs_number(two_threads, last):
    with threads_for(last and run_of(last)):
        assert torch.get_num_threads() == 2


def threads_of_this_process():
    return set(Path("/proc/self/task").iterdir())


LARGE = torch.ones(2_000_000)
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, and GNU's OpenMP")


@only_linux
def test_idle_threads_end_and_the_next_computation_has_its_own(two_threads):
    end_idle_threads()
    before = threads_of_this_process()
    first = LARGE.exp()
    assert len(threads_of_this_process() - before) == 1
    end_idle_threads()
    assert threads_of_this_process() <= before
    assert torch.equal(LARGE.exp(), first)
    assert torch.get_num_threads() == 2


@only_linux
def test_a_worker_has_the_cores_for_itself(two_threads):
    """What computed before, in the thread that asks, keeps no thread of OpenMP's beside it."""
    end_idle_threads()
    before = threads_of_this_process()
    LARGE.exp()
    (idle,) = threads_of_this_process() - before
    seen = Worker(lambda: False).ask(lambda _: threads_of_this_process()).result()
    assert idle not in seen
