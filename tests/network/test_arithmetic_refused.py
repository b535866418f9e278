"""What explain refuses, in words."""

import pytest
import torch
from torch import nn

from cnnwidgets.network.arithmetic import explain, explained
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import LayerError


@pytest.mark.parametrize(
    ("unit", "error", "words"),
    [
        ((5, 6), IndexError, r"unit \(=\(5, 6\)\) must be \(channel, row, column\): 'conv2' gives"),
        ((5, 6, 14), IndexError, r"column 14 must be from 0 to 13, those of 'conv2'"),
        ((16, 6, 9), IndexError, "channel 16 must be from 0 to 15"),
        ((-1, 6, 9), IndexError, "channel -1 must be from 0 to 15"),
        (5, IndexError, "must be"),
        ((5, 6, 9.5), TypeError, "must be whole numbers"),
        ((True, 6, 9), TypeError, "must be whole numbers"),
    ],
)
def test_a_unit_that_is_not_there_is_refused(unit, error, words):
    with pytest.raises(error, match=words):
        explain(DigitCNN(), torch.zeros(1, 1, 28, 28), "conv2", unit)


def test_a_layer_that_is_not_there_or_takes_several_tensors_is_refused():
    with pytest.raises(LayerError, match="did you mean 'conv2'"):
        explain(DigitCNN(), torch.zeros(1, 1, 28, 28), "conv22", (0, 0, 0))

    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.both = nn.Bilinear(2, 2, 1)

        def forward(self, x):
            return self.both(x, x)

    with pytest.raises(NotImplementedError, match=r"'both' \(Bilinear\) works on several tensors"):
        explain(Both(), torch.ones(1, 2), "both", 0)


def test_a_run_of_several_images_is_refused():
    probe = Probe(DigitCNN())
    with pytest.raises(ValueError, match="for 2 images: explain and receptive"):
        explained(probe, probe.run(torch.zeros(2, 1, 28, 28)), "conv2", (5, 6, 9))
