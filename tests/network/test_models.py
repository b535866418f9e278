"""DigitCNN is the network its docstring describes, and refuses what it cannot be."""

import pytest
import torch
from torch import nn

from cnnwidgets.network.models import DigitCNN


def test_its_children_are_modules_in_order_of_execution():
    assert [name for name, _ in DigitCNN().named_children()] == [
        "conv1",
        "relu1",
        "pool1",
        "conv2",
        "relu2",
        "pool2",
        "fc",
    ]


def test_the_mnist_network_has_11274_parameters():
    assert sum(parameter.numel() for parameter in DigitCNN().parameters()) == 11_274


def test_its_forward_pass_is_its_children_one_after_the_other():
    model, images = DigitCNN(), torch.randn(2, 1, 28, 28)
    children = list(model.children())
    by_hand = nn.Sequential(*children[:-1], nn.Flatten(), children[-1])(images)
    assert torch.equal(model(images), by_hand)


def test_each_layer_gives_the_shape_its_docstring_names():
    model, shapes = DigitCNN(), {}
    maps = torch.zeros(5, 1, 28, 28)
    for name, child in list(model.named_children())[:-1]:
        maps = child(maps)
        shapes[name] = tuple(maps.shape)
    assert shapes == {
        "conv1": (5, 8, 28, 28),
        "relu1": (5, 8, 28, 28),
        "pool1": (5, 8, 14, 14),
        "conv2": (5, 16, 14, 14),
        "relu2": (5, 16, 14, 14),
        "pool2": (5, 16, 7, 7),
    }


@pytest.mark.parametrize(
    ("in_channels", "image_size", "shape", "classes"),
    [(1, 28, (28, 28), 10), (3, 32, (32, 32), 100), (4, (5, 11), (5, 11), 1), (2, 4, (4, 4), 2)],
)
def test_it_fits_other_channels_sizes_and_classes(in_channels, image_size, shape, classes):
    model = DigitCNN(in_channels, image_size, classes)
    assert model(torch.zeros(2, in_channels, *shape)).shape == (2, classes)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"in_channels": 0}, ValueError, r"in_channels \(=0\) must be at least 1"),
        ({"in_channels": 1.0}, TypeError, r"in_channels \(=1\.0\) must be a whole number"),
        ({"classes": 0}, ValueError, r"classes \(=0\) must be at least 1"),
        ({"classes": True}, TypeError, r"classes \(=True\) must be a whole number"),
        ({"classes": ["cat"]}, TypeError, r"classes \(=\['cat'\]\)"),
        ({"image_size": 3}, ValueError, r"image_size \(=3\) must be at least 4 pixels"),
        ({"image_size": (28, 3)}, ValueError, r"image_size \(=\(28, 3\)\) must be at least 4"),
        ({"image_size": (1, 28, 28)}, TypeError, r"image_size .* or \(rows, columns\)"),
        ({"image_size": 28.0}, TypeError, r"image_size \(=28\.0\)"),
        ({"image_size": "28"}, TypeError, r"image_size \(='28'\)"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_name_and_remedy(settings, kind, words):
    with pytest.raises(kind, match=words):
        DigitCNN(**settings)
