"""Compare: A and B are what the microscope showed, and the difference is theirs."""

import numpy as np
import pytest

import cnnwidgets as cw


@pytest.fixture
def comparison(scope):
    scope.layer, scope.channel = "conv2", 3
    made = cw.Compare(scope)
    yield made
    made.close()


def test_before_a_pin_there_is_only_b(scope, comparison):
    assert not comparison.pinned
    assert comparison.a_map is comparison.difference is comparison.a_probabilities is None
    np.testing.assert_array_equal(comparison.b_map, scope.maps()[3])
    assert comparison.b_words.startswith("image 0")


def test_the_difference_is_of_the_maps_then_and_now(page, scope, comparison):
    before, said = scope.maps("conv2"), scope.prediction.probabilities
    page.ask(comparison, {"do": "pin"})
    scope.index = 4
    after = scope.maps("conv2")
    np.testing.assert_array_equal(comparison.a_map, before[3])
    np.testing.assert_array_equal(comparison.b_map, after[3])
    np.testing.assert_array_equal(comparison.difference, after[3] - before[3])
    expected = np.abs(after - before).reshape(len(after), -1).max(1)
    np.testing.assert_array_equal(comparison.changes, expected)
    np.testing.assert_array_equal(comparison.a_probabilities, said)
    np.testing.assert_array_equal(comparison.b_probabilities, scope.prediction.probabilities)
    assert (comparison.a_words[:7], comparison.b_words[:7]) == ("image 0", "image 4")
    scope.layer, scope.channel = "fc", 7
    assert comparison.difference.shape == (1, 1)


def test_edits_and_steps_are_named(scope, comparison):
    comparison.pin()
    scope.edits = (cw.Ablate("conv2", 3),)
    assert "conv2" in comparison.b_words
    assert "conv2" not in comparison.a_words
    np.testing.assert_array_equal(comparison.difference, -comparison.a_map)
    scope.edits = ()
    assert not comparison.difference.any()
    assert not comparison.changes.any()


def test_unpinned_it_forgets(page, scope, comparison):
    comparison.pin()
    page.ask(comparison, {"do": "unpin"})
    assert not comparison.pinned
    assert comparison.a_map is None


@pytest.mark.parametrize("content", [None, {}, {"do": "close"}, {"do": ["pin"]}, "pin"])
def test_anything_else_is_refused_in_words(page, comparison, content):
    page.ask(comparison, content)
    assert "nothing else" in comparison.error
    assert not comparison.pinned


def test_closed_it_follows_no_more(scope):
    made = cw.Compare(scope)
    made.close()
    scope.index = 2
    assert made.b_words.startswith("image 0")


def test_a_channel_that_is_no_number_any_more_differs(page, shipped, comparison, scope):
    comparison.pin()
    scope.edits = (cw.Scale("conv2", 3, 3e38), cw.Scale("conv2", 3, 3e38))
    assert not np.isfinite(comparison.changes[3])
    assert not comparison.changes[:3].any()
    comparison.pin()
    scope.channel = 4
    assert not comparison.changes.any(), "nothing changed since"
