"""PixelInspector and its page: how little is sent, and that the page can only ask."""

import random
import re

import numpy as np
import pytest

import cnnwidgets as cw
from tests.widgets.test_hostile import ODD, mutated
from tests.widgets.test_pixel_inspector import equals_explanation, look_at


def test_a_selection_is_one_message_besides_the_stages(page, scope):
    cw.Dashboard(scope)
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (6, 9))
    page.clear()
    page.write(scope._stage, {"pixel": [3, 4]})
    (sent,) = page.updates()
    assert sent["unit"] == [5, 3, 4]
    assert np.frombuffer(sent["patch"]["data"], "float32").size == 8 * 25
    page.clear()
    page.write(scope._stage, {"layer": "pool1", "channel": 2, "pixel": [1, 2]})
    assert view.unit == [2, 1, 2]
    assert len(page.updates()) == 2  # the layer's maps, by the stage, and this
    page.clear()
    scope.label = 3
    assert not any("patch" in sent for sent in page.updates()), "nothing new to explain"


def test_only_the_patch_is_sent_again_where_it_is_the_same(page, scope):
    look_at(scope, "conv1", 0, (2, 2))
    view = cw.PixelInspector(scope)
    before = view.patch
    page.clear()
    scope.pixel = (2, 3)  # as black as its neighbour
    np.testing.assert_array_equal(view.patch, before)
    (sent,) = [each for each in page.updates() if "unit" in each]
    assert sent["unit"] == [0, 2, 3]
    assert "patch" in sent
    assert not sent.keys() & {"weights", "products", "sums", "padding", "fact_values"}


def test_at_the_image_it_tells_the_byte_and_its_normalisation(page, scope):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv1", 3, (13, 19))
    page.write(view, {"input_cell": [0, 12, 18]})
    byte, share, mean, std, given = view.input_values
    assert byte == scope.image[0, 12, 18] > 0
    np.testing.assert_allclose([share, mean, std], [byte / 255, 0.1307, 0.3081], rtol=1e-6)
    np.testing.assert_allclose(given, (byte / 255 - 0.1307) / 0.3081, rtol=1e-5)
    scope.index = 5
    assert view.input_values[0] == scope.image[0, 12, 18]
    scope.pixel = (1, 1)
    assert view.input_cell is None
    assert view.input_values is None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"input_cell": [0, 28, 0]}, r"input_cell \(=28\) must be from 0 to 27, the rows"),
        ({"input_cell": [1, 0, 0]}, "the channels of the image"),
        ({"input_cell": [0, 0]}, "input_cell"),
        ({"patch": None}, "a page may not write patch"),
        ({"matches": True}, "a page may not write matches"),
        ({"layer": "conv1"}, "a page may not write layer"),
    ],
)
def test_what_a_page_may_not_write_is_refused(page, scope, message, words):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (6, 9))
    page.write(view, message)
    assert re.search(words, view.error), view.error
    assert view.input_cell is None
    equals_explanation(view, scope)


def test_mutated_messages_leave_it_true(page, scope):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (6, 9))
    chance = random.Random(11)
    honest = [
        (view, {"input_cell": [0, 3, 4]}), (view, {"input_cell": None}),
        (scope._stage, {"layer": "conv1", "channel": 1, "pixel": [2, 3]}),
        (scope._stage, {"layer": "fc", "channel": 9, "pixel": None}),
    ]  # fmt: skip
    refused = 0
    for number in range(2000):
        widget, message = chance.choice(honest)
        page.write(widget, mutated(message, chance) if number % 3 else message)
        refused += bool(widget.error)
        page.ask(view, chance.choice(ODD))
        page.clear()
        if number % 200 == 0 and view.of:
            equals_explanation(view, scope)
    assert refused > 200
    page.write(*honest[2])
    equals_explanation(view, scope)
