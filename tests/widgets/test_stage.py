"""One stage for all views: one message for each change, and nothing left behind."""

import numpy as np
import pytest
from ipywidgets import Layout
from ipywidgets.widgets.widget import _instances

import cnnwidgets as cw
from cnnwidgets.widgets.stage import has_negative, thumbnail
from tests.pages import state_of, unchanged

VIEWS = (cw.ChannelSlider, cw.DigitPicker, cw.FeatureMaps, cw.Filters, cw.LayerSelector)
ALL = (*VIEWS, cw.Prediction)


def numbers(wire):
    return np.frombuffer(wire["data"], wire["dtype"]).reshape(wire["shape"])


@pytest.mark.parametrize("count", [1, 3])
def test_a_digit_set_in_python_is_one_message_however_many_views_are_open(page, scope, count):
    for _ in range(count):
        cw.Dashboard(scope)
    page.clear()
    scope.index = 7
    (sent,) = page.updates()
    assert len(page.messages) == 1
    assert sent["index"] == 7
    assert (numbers(sent["maps"]) == scope.maps()).all()
    assert (numbers(sent["image"]) == scope.images.images[7]).all()
    assert (numbers(sent["logits"]) == scope.prediction.logits).all()


@pytest.mark.parametrize("name", ["stage", "picker"])
def test_a_digit_chosen_on_the_page_is_one_message_besides_the_echo(page, scope, name):
    dashboard = cw.Dashboard(scope)
    page.clear()
    page.write(scope._stage if name == "stage" else dashboard.picker, {"index": 7})
    assert scope.index == 7
    assert len(page.updates()) == 1
    assert page.echoes() == len(page.messages) - 1 == 1


def test_another_layer_is_one_message_even_where_channel_and_pixel_must_follow(page, scope):
    cw.Dashboard(scope)
    scope.layer = "conv2"
    scope.channel, scope.pixel = 12, (3, 4)
    page.clear()
    scope.layer = "conv1"
    (sent,) = page.updates()
    assert (sent["layer"], sent["channel"]) == ("conv1", 0)
    assert numbers(sent["kernels"]).shape == (8, 1, 5, 5)
    page.clear()
    page.write(scope._stage, {"layer": "fc"})
    assert scope.pixel is None
    assert len(page.updates()) == 1


def test_another_channel_chosen_on_the_page_is_only_echoed(page, scope):
    cw.Dashboard(scope)
    page.clear()
    page.write(scope._stage, {"channel": 3})
    assert scope.channel == 3
    assert (len(page.messages), page.echoes()) == (1, 1)


def test_layer_and_channel_in_one_message_are_set_together(page, scope):
    slider = cw.ChannelSlider(scope)
    page.write(scope._stage, {"channel": 12, "layer": "conv2", "pixel": [1, 2]})
    assert (scope.layer, scope.channel, scope.pixel) == ("conv2", 12, (1, 2))
    assert (slider.channel, slider.pixel, len(slider.maps)) == (12, (1, 2), 16)


def test_selections_held_together_are_one_message(page, scope):
    cw.Dashboard(scope)
    page.clear()
    with scope.hold_trait_notifications():
        scope.layer, scope.channel, scope.index = "conv2", 12, 5
    assert len(page.updates()) == 1


def test_a_refused_choice_is_told_and_taken_back_on_the_page(page, scope):
    slider = cw.ChannelSlider(scope)
    before = state_of(scope)
    page.clear()
    page.write(scope._stage, {"channel": 99, "index": 3})
    assert unchanged(scope, before)
    assert scope._stage.channel == slider.channel == 0
    sent = page.updates()[-1]
    assert (sent["channel"], sent["index"]) == (0, 0)
    assert "from 0 to 7" in sent["error"]
    page.write(scope._stage, {"channel": 2})
    assert scope._stage.error == ""


@pytest.mark.parametrize("view", ALL)
def test_a_views_shared_traits_do_not_travel_with_the_view(page, scope, view):
    bound = view(scope)
    state = bound.get_state()
    assert not state.keys() & {"maps", "image", "kernels", "thumbnails", "logits", "index"}
    assert state["stage"]


def test_a_small_part_of_a_large_layers_kernels_is_sent_and_follows_the_channel(
    page, scope, monkeypatch
):
    monkeypatch.setattr("cnnwidgets.widgets.stage.KERNEL_BYTES", 100)
    filters = cw.Filters(scope)
    for channel in (0, 5):
        scope.channel = channel
        assert (filters.kernels[0] == scope.kernels().weights[channel]).all()
        assert (filters.kernels_from, filters.kernels_count) == (channel, 8)
        assert len(filters.kernels) == 1


def test_another_step_brings_its_kernels(page, scope):
    filters = cw.Filters(scope)
    before = filters.kernels
    scope.step = 0
    assert not (filters.kernels == before).all()
    assert (filters.kernels == scope.kernels().weights).all()


def test_closing_every_view_leaves_nothing_behind(page, scope):
    known = set(_instances)
    views = [view(scope) for view in ALL]
    dashboard = cw.Dashboard(scope)
    dashboard.close()
    assert scope._stage is not None
    for view in views:
        view.close()
        view.close()
    dashboard.close()
    assert scope._stage is None
    left = [widget for name, widget in _instances.items() if name not in known]
    # https://github.com/jupyter-widgets/ipywidgets/issues/1345
    assert all(isinstance(widget, Layout) for widget in left)
    for by_type in scope._trait_notifiers.values():
        assert not any(by_type.values()), "an observer was left on the scope"
    page.clear()
    scope.index = 9
    assert not page.messages


def test_a_view_closes_after_a_users_unobserve_all(page, scope):
    dashboard = cw.Dashboard(scope)
    scope.unobserve_all()
    dashboard.unobserve_all()
    dashboard.close()
    assert scope._stage is None
    assert dashboard.comm is None


def test_a_closed_view_no_longer_follows_or_leads(page, scope):
    closed, other = cw.ChannelSlider(scope), cw.ChannelSlider(scope)
    closed.close()
    scope.channel = 3
    closed.channel = 5
    assert (closed.channel, other.channel, scope.channel) == (5, 3, 3)


def test_a_view_that_could_not_be_made_leaves_no_stage(page, scope):
    with pytest.raises(TypeError, match="did you mean 'colormap'"):
        cw.FeatureMaps(scope, colourmap="viridis")
    with pytest.raises(Exception, match="colormap"):
        cw.FeatureMaps(scope, colormap="red")
    assert scope._stage is None


def test_a_stage_that_is_closed_first_ends_without_its_views(page, scope):
    slider = cw.ChannelSlider(scope)
    scope._stage.close()
    slider.close()
    again = cw.ChannelSlider(scope)
    scope.channel = 4
    assert again.channel == 4


def test_icons_are_small_and_have_zero_in_the_middle_where_values_are_signed():
    maps = np.zeros((6, 60, 90), np.float32)
    maps[0, 0, 0], maps[1, 0, 0], maps[2] = -2, 1, np.nan
    icon = thumbnail(maps, signed=True)
    assert icon.shape[0] == 4
    assert max(icon.shape[1:]) <= 28
    assert (icon[0, 0, 0], icon[1, 0, 0], icon[0, 1, 1], icon[2, 0, 0]) == (1, 192, 128, 128)


def test_icons_without_negative_values_use_all_levels():
    icon = thumbnail(np.array([0, 0.5, 1, np.inf], np.float32), signed=False)
    assert icon.tolist() == [[[0, 128, 255, 0]]]


@pytest.mark.parametrize(
    ("values", "answer"),
    [([1, -1], True), ([0, 1], False), ([np.nan, -1], True), ([np.nan, 1], False), ([], False)],
)
def test_negative_values_are_found_beside_those_that_are_no_numbers(values, answer):
    assert has_negative(np.array(values, np.float32)) is answer


def test_edited_weights_and_those_of_a_step_done_again_reach_the_page(page, scope):
    filters = cw.Filters(scope)
    scope.edits = (cw.SetKernel("conv1", 0, 0, np.full((5, 5), 0.25, np.float32)),)
    assert (filters.kernels[0, 0] == 0.25).all()
    scope.edits = ()
    np.testing.assert_array_equal(filters.kernels, scope.kernels().weights)
    assert not (filters.kernels[0, 0] == 0.25).all()
    filters.close()
