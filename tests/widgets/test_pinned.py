"""Pinned maps and filters show how they differ from what they were."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cnnwidgets as cw


@pytest.fixture(params=[cw.FeatureMaps, cw.Filters])
def view(request, page, scope):
    return request.param(scope)


def shown(view):
    return view.maps if isinstance(view, cw.FeatureMaps) else view.kernels


def test_what_differs_is_shown_at_another_step_in_another_layer_and_after_an_edit(
    page, scope, shipped, view
):
    scope.layer = "conv2"
    scope.step = shipped[1].steps[0]
    page.ask(view, {"do": "pin"})
    assert view.pinned == f"image {scope.index}, step 0"
    assert not view.difference.any()
    for layer in ("conv2", "conv1", "fc"):
        scope.layer = layer
        scope.step = shipped[1].steps[0]
        before = shown(view).copy()
        scope.step = shipped[1].steps[-1]
        assert_array_equal(view.difference, shown(view) - before)
    scope.layer = "conv2"
    scope.step = shipped[1].steps[0]
    scope.edits = (cw.Scale("conv2", 3, 2.0),)
    if isinstance(view, cw.FeatureMaps):
        assert np.flatnonzero(view.difference.any((1, 2))).tolist() == [3]
    page.ask(view, {"do": "unpin"})
    assert (view.pinned, view.difference) == ("", None)
    assert view.error == ""


def test_filters_show_an_edited_kernel_beside_the_trained_one(page, scope):
    filters = cw.Filters(scope)
    filters.pin()
    kernel = scope.kernels("conv1").weights[2, 0] + 1
    scope.layer = "conv1"
    scope.edits = (cw.SetKernel("conv1", 2, 0, kernel),)
    assert np.flatnonzero(filters.difference.any((1, 2, 3))).tolist() == [2]
    np.testing.assert_allclose(filters.difference[2, 0], 1, atol=1e-6)


def test_alone_the_first_array_is_pinned_and_one_of_another_shape_is_no_change():
    maps = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    view = cw.FeatureMaps(maps=maps)
    view.pin()
    view.maps = maps * 3
    assert_array_equal(view.difference, maps * 2)
    view.maps = maps[:2]
    assert view.difference is None
    view.maps = np.full_like(maps, np.nan)
    assert np.isnan(view.difference).all()
    kernels = np.ones((4, 1, 3, 3), np.float32)
    filters = cw.Filters(kernels=kernels)
    filters.pin()
    filters.kernels = kernels / 2
    assert_array_equal(filters.difference, -kernels / 2)


@pytest.mark.parametrize("asked", [None, 3, {}, {"do": "dance"}, {"do": ["pin"]}])
def test_a_page_that_asks_for_anything_else_is_refused_in_words(page, view, asked):
    page.ask(view, asked)
    assert 'a page asks to {"do": "pin"}' in view.error
    assert view.pinned == ""


def test_nothing_is_no_thing_to_pin():
    with pytest.raises(ValueError, match="nothing to pin"):
        cw.FeatureMaps().pin()


def test_infinities_and_nan_that_stay_do_not_differ_and_others_do(page):
    maps = np.array([[[np.inf, -np.inf, np.nan, 1, 2, np.inf]]], np.float32)
    view = cw.FeatureMaps(maps=maps)
    view.pin()
    assert not view.difference.any()
    view.maps = np.array([[[np.inf, np.inf, np.nan, 1, np.nan, 3]]], np.float32)
    assert_array_equal(view.difference[0, 0], [0, np.inf, 0, 0, np.nan, -np.inf])
