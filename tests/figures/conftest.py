"""What the figures are drawn of."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw


@pytest.fixture(scope="module")
def scope():
    model, history = cw.pretrained()
    return cw.Microscope(model, cw.load("mnist"), history=history)


@pytest.fixture(scope="module")
def coloured():
    """Another model over other images: colour, two convolutions, one of them in groups."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 80, 3, groups=2), nn.Flatten(), nn.Linear(80, 4)
    )
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 5, 5), np.uint8)
    images = cw.ImageSet.from_arrays(pixels, [0, 1, 2, 3, 0], list("abcd"))
    return cw.Microscope(model, images)
