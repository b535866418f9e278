"""The figure of a prediction: every number, right or wrong, however many classes."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets import figures
from tests.figures.reading import cells, drawn, written


def scored(scores, names, label):
    """A microscope over a network that gives these scores, whatever it is shown."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, len(scores)))
    model[1].weight.data[:] = 0
    model[1].bias.data[:] = torch.tensor(scores)
    images = cw.ImageSet.from_arrays(np.full((1, 2, 2), 9, np.uint8), [label], names)
    return cw.Microscope(model, images)


def test_bars_are_the_probabilities_and_the_image_stands_beside_them(scope):
    sheet = figures.prediction(scope)
    image, bars = sheet.axes
    grey = cells(drawn(sheet), image, (28, 28))
    assert np.array_equal(grey, np.repeat(scope.image[0][..., None], 3, axis=2))
    widths = [bar.get_width() for bar in bars.patches]
    assert widths == pytest.approx(scope.prediction.probabilities)
    assert [label.get_text() for label in bars.get_yticklabels()] == list("0123456789")


def test_a_bar_is_as_long_in_ink_as_its_probability():
    sheet = figures.prediction(scored([0.0, 0.0], ["a", "b"], 0))
    box = sheet.axes[1].get_window_extent()
    pixels = drawn(sheet).astype(int)
    row = pixels[int(len(pixels) - box.y1 + 0.75 * box.height), int(box.x0) + 3 : int(box.x1) - 3]
    inked = (row.sum(1) < 3 * 250).mean()
    assert inked == pytest.approx(0.5, abs=0.01)


def test_right_and_wrong_are_said_in_words_and_by_marks():
    right = figures.prediction(scored([1.0, 3.0], ["cat", "dog"], 1))
    assert {"✓ right", "88.1 %", "11.9 %"} <= written(right)
    assert any(text.startswith("right; picture 0") for text in written(right))
    assert right.title == "Prediction: dog, with 88.1 %"
    assert right.alt.endswith("as bars: dog 88.1 %, cat 11.9 %; this is right.")
    wrong = figures.prediction(scored([3.0, 1.0], ["cat", "dog"], 1))
    assert {"✗ wrong", "← the label"} <= written(wrong)
    assert wrong.alt.endswith("this is wrong.")


def test_of_many_classes_the_likeliest_are_shown_and_the_labelled_one():
    scores = np.linspace(0, 1, 1000)
    sheet = figures.prediction(scored(scores.tolist(), [f"class {i}" for i in range(1000)], 3))
    names = [label.get_text() for label in sheet.axes[1].get_yticklabels()]
    assert names == [f"class {i}" for i in (*range(999, 989, -1), 3)]
    assert sheet.axes[1].get_xlabel() == "probability (11 of 1,000 classes)"


def test_long_names_are_cut_and_dollars_are_no_mathematics():
    names = [f"{'very ' * 20}$long$ {i}" for i in range(3)]
    sheet = figures.prediction(scored([0.0, 1.0, 2.0], names, 0))
    drawn(sheet)
    shown = [label.get_text() for label in sheet.axes[1].get_yticklabels()]
    assert shown == ["very very very very ver…"] * 3
    assert names[2] not in sheet.title
    walk = figures.image_through_layers(scored([0.0, 1.0], ["$a$", "$b$"], 0))
    assert [text.get_text() for text in walk.axes[-1].get_xticklabels()] == ["$a$", "$b$"]


def test_other_classes_than_the_networks_are_numbers():
    scope = scored([0.0, 1.0, 2.0], ["only one"], 0)
    sheet = figures.prediction(scope)
    assert [label.get_text() for label in sheet.axes[1].get_yticklabels()] == ["0", "1", "2"]
    assert not {"✓ right", "✗ wrong"} & written(sheet)
    assert figures.image_through_layers(scope).alt.endswith("The network reads 2, with 66.5 %.")


def test_scores_that_are_no_numbers_are_said_to_be():
    sheet = figures.prediction(scored([float("nan"), 1.0], ["a", "b"], 0))
    assert "undefined" in sheet.title
    assert sheet.alt.endswith("is undefined: its scores are not finite.")
    assert "NaN" in written(sheet)
    drawn(sheet)


def test_a_network_without_scores_is_refused():
    images = cw.ImageSet.from_arrays(np.zeros((1, 4, 4), np.uint8), [0])
    with pytest.raises(ValueError, match="Sequential does not score classes"):
        figures.prediction(cw.Microscope(nn.Sequential(nn.Conv2d(1, 1, 1)), images))
