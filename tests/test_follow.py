"""A microscope over a history that grows follows its newest moment, or stays where it is put."""

import gc
import weakref

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.training.history import History
from cnnwidgets.traits import LOCK
from tests.servers import eventually


def add(history, step, value, **measured):
    torch.manual_seed(value)
    history.add_snapshot(step, cw.DigitCNN().state_dict(), **measured)


def maps_of_plain_torch(scope, step):
    model = cw.DigitCNN().eval()
    model.load_state_dict(scope.history.at(step).weights)
    batch = torch.from_numpy(scope.images.normalize(scope.image[None]))
    with torch.no_grad():
        return model.conv1(batch)[0].numpy()


@pytest.fixture
def scope():
    history = History()
    for step in (0, 10):
        add(history, step, step)
    return cw.Microscope(cw.DigitCNN(), cw.load("mnist", split="test"), history=history)


def test_at_the_newest_moment_it_goes_on_with_each_newer_one(scope):
    add(scope.history, 20, 20)
    eventually(lambda: scope.step == 20, "the microscope is at step 20")
    assert scope.steps == (0, 10, 20)
    np.testing.assert_allclose(scope.maps("conv1"), maps_of_plain_torch(scope, 20), atol=1e-5)


def test_put_back_in_time_it_stays_there_and_learns_of_newer_moments(scope):
    scope.step = 0
    add(scope.history, 20, 20)
    eventually(lambda: scope.steps == (0, 10, 20), "the microscope knows of step 20")
    assert scope.step == 0
    scope.step = 20
    add(scope.history, 30, 30)
    eventually(lambda: scope.step == 30, "back at the newest, it follows again")


def test_put_back_in_time_it_shows_the_weights_of_its_step_as_they_are_recorded_now(scope):
    scope.step = 0
    add(scope.history, 20, 20)
    eventually(lambda: scope.steps == (0, 10, 20), "the microscope knows of step 20")
    scope.step = 10
    with LOCK:  # rewound and played on before the microscope comes to look
        scope.history.forget_after(0)
        for step in (10, 20, 30):
            add(scope.history, step, 50 + step)
    eventually(lambda: scope.steps == (0, 10, 20, 30), "the microscope knows of step 30")
    assert scope.step == 10
    np.testing.assert_allclose(scope.maps("conv1"), maps_of_plain_torch(scope, 10), atol=1e-5)


def test_a_step_that_is_done_again_with_other_weights_is_shown_anew(scope):
    scope.history.forget_after(0)
    add(scope.history, 10, 99)
    expected = maps_of_plain_torch(scope, 10)
    eventually(lambda: np.allclose(scope.maps("conv1"), expected, atol=1e-5), "the new step 10")
    assert scope.step == 10


def test_a_moment_that_is_forgotten_gives_way_to_the_newest(scope):
    scope.step = 10
    scope.history.forget_after(0)
    eventually(lambda: scope.step == 0, "the microscope is at step 0")


def test_a_moment_that_was_thinned_away_can_still_be_looked_at(scope):
    for step in range(20, 60, 10):
        add(scope.history, step, step)
    eventually(lambda: scope.steps[-1] == 50, "all moments are known")
    scope.step = 20
    scope.history.budget_bytes = 1
    add(scope.history, 60, 60)
    eventually(lambda: scope.steps == (0, 60), "the middle is gone")
    before = scope.maps("conv1")
    scope.index = 3
    assert scope.step == 20
    scope.index = 0
    np.testing.assert_array_equal(scope.maps("conv1"), before)


def test_the_stage_tells_the_page_the_moments_with_what_is_known_of_each(scope):
    slider = cw.TimeSlider(scope)
    add(scope.history, 20, 20, accuracy=0.5, loss_nats=1.0, tested=False)
    eventually(lambda: slider.steps == [0, 10, 20], "the slider has three moments")
    assert slider.accuracies == [None, None, 0.5]
    assert slider.tested == [True, True, False]


def test_a_history_keeps_no_microscope_alive(scope):
    history, gone = scope.history, weakref.ref(scope)
    del scope
    gc.collect()
    assert gone() is not None  # the fixture has it
    one = cw.Microscope(cw.DigitCNN(), cw.load("mnist", split="test"), history=history)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    assert len(history._watchers._told) == 1


def test_weights_of_another_network_are_told_on_the_page(scope, monkeypatch):
    slider = cw.TimeSlider(scope)
    scope.slide._model.fc = torch.nn.Linear(784, 5)  # as if the history were of another network
    add(scope.history, 20, 20)
    eventually(lambda: scope._stage.error, "the page is told")
    assert "history does not fit DigitCNN" in scope._stage.error
    assert scope.step == 10
    slider.close()
