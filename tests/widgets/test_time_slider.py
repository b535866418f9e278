"""TimeSlider: the recorded training, alone and over a microscope."""

import pytest
from traitlets import TraitError

import cnnwidgets as cw


@pytest.fixture(scope="module")
def recorded():
    return cw.pretrained()


def test_it_lists_the_recorded_steps_with_their_accuracies(recorded):
    model, history = recorded
    slider = cw.TimeSlider(cw.Microscope(model, cw.load("mnist"), history=history))
    assert slider.steps == list(history.steps)
    assert slider.accuracies == [history.at(step).accuracy for step in history.steps]
    assert slider.step == history.steps[-1]
    slider.close()


def test_its_step_is_the_microscopes_both_ways(recorded):
    model, history = recorded
    scope = cw.Microscope(model, cw.load("mnist"), history=history)
    slider = cw.TimeSlider(scope)
    slider.step = history.steps[3]
    assert scope.step == history.steps[3]
    scope.step = history.steps[5]
    assert slider.step == history.steps[5]
    slider.close()


def test_a_step_between_recorded_ones_becomes_the_nearest(recorded):
    model, history = recorded
    slider = cw.TimeSlider(cw.Microscope(model, cw.load("mnist"), history=history))
    slider.step = history.steps[-1] + 10_000
    assert slider.step == history.steps[-1]
    slider.close()


def test_without_a_history_there_is_nothing_to_go_through(recorded):
    scope = cw.Microscope(recorded[0], cw.load("mnist"))
    slider = cw.TimeSlider(scope)
    assert (slider.steps, slider.step) == ([], None)
    with pytest.raises(TraitError, match="needs a recorded history"):
        slider.step = 0
    assert slider.step is None
    slider.close()


def test_alone_it_refuses_a_step_that_it_does_not_have():
    slider = cw.TimeSlider(steps=[0, 10, 100], accuracies=[0.1, 0.6, 0.9], step=10)
    with pytest.raises(
        TraitError, match=r"step \(=11\) must be one of the 3 recorded steps, 0 to 100"
    ):
        slider.step = 11
    assert slider.step == 10
    slider.close()


@pytest.mark.parametrize("sent", ["10", 1.5, None, [1], {"step": 1}, True])
def test_a_page_that_sends_no_step_changes_nothing_and_is_told_so(recorded, sent):
    model, history = recorded
    scope = cw.Microscope(model, cw.load("mnist"), history=history)
    slider = cw.TimeSlider(scope)
    slider.stage.set_state({"step": sent})
    assert scope.step == slider.step == history.steps[-1]
    assert "step" in slider.stage.error
    slider.close()
