"""Small networks run on one thread, and nobody notices afterwards."""

import pytest
import torch
from torch import nn

from cnnwidgets.network.probe import Probe
from cnnwidgets.network.threads import SMALL_VALUES, threads_for


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


@pytest.mark.parametrize("last", [None, SMALL_VALUES])
def test_a_large_network_or_an_unknown_one_keeps_torchs_number(two_threads, last):
    with threads_for(last and run_of(last)):
        assert torch.get_num_threads() == 2
