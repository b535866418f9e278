"""What a Microscope refuses when it is made, in words."""

import pytest
import torch
from torch import nn

import cnnwidgets as cw
from tests.samples import small_set


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: cw.Microscope(cw.DigitCNN(in_channels=3), small_set()), ValueError, "'conv1'"),
        (lambda: cw.Microscope("model", small_set()), TypeError, "torch.nn.Module"),
        (lambda: cw.Microscope(nn.ReLU(), [1, 2]), TypeError, "ImageSet"),
        (lambda: cw.Microscope(nn.ReLU(), small_set(), history=3), TypeError, "History"),
        (
            lambda: cw.Microscope(nn.ReLU(), small_set(), history=cw.History()),
            ValueError,
            "no snapshots",
        ),
        (
            lambda: cw.Microscope(nn.Conv2d(1, 1, 3), small_set(), history=cw.pretrained()[1]),
            ValueError,
            "history does not fit Conv2d",
        ),
        (lambda: cw.Microscope(nn.ReLU(), small_set(), budget_bytes=10), MemoryError, "budget"),
    ],
)
def test_parts_that_do_not_fit_are_refused_in_words(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_history_of_another_deep_network_is_refused_in_one_short_sentence():
    model = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(99)))
    with pytest.raises(ValueError, match="fit Sequential; give the history of this") as found:
        cw.Microscope(model, small_set(), history=cw.pretrained()[1])
    assert len(str(found.value)) < 400


class Halves(nn.Module):
    """Joins what a pooling and an upsampling leave of an image: the same size, if it is even."""

    def __init__(self):
        super().__init__()
        self.pool, self.twice = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)

    def forward(self, x):
        return torch.cat([x, self.twice(self.pool(x))], 1)


class Pair(nn.Module):
    def forward(self, x, mask, *, scale):
        return x * mask * scale


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (Halves(), ValueError, "Halves fails on an image of 1×9×9, after layer 'twice'.*made for$"),
        (nn.Conv2d(1, 2, 11), ValueError, "Conv2d fails on an image of 1×9×9, while.*made for$"),
        (Pair(), TypeError, r"a Pair\).*\(x, mask, \*, scale\); wrap it in a module that gives"),
        (nn.Embedding(9, 2), ValueError, r"'\(model\)' looks up whole numbers: .*not pictures"),
    ],
    ids=["odd", "small", "two", "embedding"],
)
def test_a_model_that_cannot_run_on_the_images_is_refused_with_the_remedy(model, error, words):
    with pytest.raises(error, match=words) as found:
        cw.Microscope(model, small_set(size=9))
    assert "\n" not in str(found.value)
