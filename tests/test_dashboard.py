"""The dashboard: all widgets on one microscope."""

import pytest

import cnnwidgets as cw
from tests.pages import page, scope, shipped

__all__ = ["page", "scope", "shipped"]


def test_all_its_widgets_show_the_one_microscope(page, scope):
    dashboard = cw.Dashboard(scope)
    scope.index, scope.layer = 3, "conv2"
    assert (dashboard.maps.maps == scope.maps()).all()
    assert (dashboard.enlarged.view, dashboard.maps.view) == ("one", "all")
    assert dashboard.picker.index == dashboard.prediction.index == 3
    assert dashboard.layers.layer == dashboard.filters.layer == "conv2"
    assert len({part.stage for part in dashboard.parts}) == 1


def test_the_large_map_has_the_colours_of_the_small_ones(page, scope):
    dashboard = cw.Dashboard(scope)
    page.write(dashboard.maps, {"colormap": "cividis", "scale": "channel"})
    assert (dashboard.enlarged.colormap, dashboard.enlarged.scale) == ("cividis", "channel")
    dashboard.enlarged.colormap = "grey"
    assert dashboard.maps.colormap == "grey"


def test_the_heading_tells_the_model_its_size_and_how_well_it_reads_at_the_step(
    page, scope, shipped
):
    model, history, images = shipped
    dashboard = cw.Dashboard(scope)
    for step in (history.steps[0], history.steps[-1]):
        scope.step = step
        percent = f"{100 * history.at(step).accuracy:.1f} %"
        assert (
            dashboard.heading == f"DigitCNN · 11,274 weights · reads {percent} of the test images"
        )
    assert cw.Dashboard(cw.Microscope(model, images)).heading == "DigitCNN · 11,274 weights"


def test_the_heading_of_an_edited_network_tells_no_accuracy_of_another(page, scope):
    dashboard = cw.Dashboard(scope)
    before = dashboard.heading
    scope.edits = (cw.Ablate("conv1", 3),)
    assert dashboard.heading == "DigitCNN · 11,274 weights · edited: 1 change"
    scope.edits = (*scope.edits, cw.Scale("conv2", 5, 0.5))
    assert dashboard.heading.endswith("edited: 2 changes")
    scope.edits = ()
    assert dashboard.heading == before


def test_closing_it_closes_its_widgets_and_ends_the_stage(page, scope):
    dashboard = cw.Dashboard(scope)
    other = cw.Prediction(scope)
    dashboard.close()
    dashboard.close()
    assert all(part.comm is None for part in dashboard.parts)
    assert scope._stage is other.stage
    other.close()
    assert scope._stage is None


def test_a_page_may_write_nothing_to_it(page, scope):
    dashboard = cw.Dashboard(scope)
    before = dashboard.heading
    page.write(dashboard, {"heading": "mine", "picker": "IPY_MODEL_nothing"})
    assert dashboard.heading == before
    assert "may not write heading, picker" in dashboard.error


def test_what_is_no_microscope_is_refused_in_words(page):
    with pytest.raises(TypeError, match="Dashboard shows a Microscope"):
        cw.Dashboard(cw.DigitCNN())
