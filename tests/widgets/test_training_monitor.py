"""TrainingMonitor and SlowMotion: what a page asks for happens, and what happens is shown."""

import gc
import re

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from traitlets import TraitError

import cnnwidgets as cw
from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Step
from tests.servers import eventually


@pytest.fixture(scope="module")
def images():
    """2,000 digits to learn from."""
    digits = cw.load("mnist", split="train")
    return cw.ImageSet.from_arrays(digits.images[:2000], digits.labels[:2000], name="few")


@pytest.fixture
def session(images):
    torch.manual_seed(0)
    made = cw.TrainingSession(cw.DigitCNN(), images, epochs=2, batch_size=100, optimizer="sgd")
    yield made
    made.stop().result(10)


@pytest.fixture
def scope(session, images):
    return cw.Microscope(session.model, images, history=session.history)


@pytest.fixture
def monitor(session, scope):
    made = cw.TrainingMonitor(session, scope)
    yield made
    made.close()


def ask(page, widget, **content):
    page.ask(widget, content)


def test_the_page_plays_pauses_and_steps(page, monitor, session):
    ask(page, monitor, do="step")
    eventually(lambda: monitor.steps_done == 1, "one step is shown")
    ask(page, monitor, do="play")
    eventually(lambda: monitor.steps_done > 3, "it trains")
    ask(page, monitor, do="pause")
    eventually(lambda: monitor.status == "paused", "it rests")
    assert monitor.steps_done == session.progress.step
    assert monitor.error == monitor.problem == ""


def test_what_it_shows_is_what_the_history_has(monitor, session):
    session.step(5).result(20)
    eventually(lambda: len(monitor.curve_steps) == 5, "five points")
    known = session.history.metrics
    np.testing.assert_array_equal(monitor.curve_steps, known.step)
    np.testing.assert_array_equal(monitor.curve_first, known.step)
    np.testing.assert_allclose(monitor.curve_loss, known.loss_nats, rtol=1e-6)
    np.testing.assert_allclose(monitor.figures.train_loss.y, known.loss_nats, rtol=1e-6)
    np.testing.assert_allclose(monitor.figures.train_accuracy.y, known.accuracy, rtol=1e-6)
    assert monitor.steps_total == 40
    assert monitor.epochs == 2
    assert monitor.epoch_share == pytest.approx(5 / 20)


def test_its_step_is_the_microscopes(monitor, scope, session):
    session.step(4).result(20)
    eventually(lambda: scope.step == monitor.step == 4, "the microscope follows, and its views")
    monitor.step = 1
    assert scope.step == 1


def test_going_back_forgets_what_came_after(page, monitor, scope, session):
    session.step(6).result(20)
    ask(page, monitor, do="rewind", step=2)
    eventually(lambda: monitor.steps_done == 2, "back at step 2")
    eventually(lambda: list(monitor.curve_steps) == [1, 2], "two points")
    eventually(lambda: scope.step == 2, "the microscope is there too")


def test_fresh_weights_begin_a_new_run_with_the_next_seed(page, monitor, session):
    session.step(2).result(20)
    before = session.model.conv1.weight.detach().clone()
    ask(page, monitor, do="fresh")
    eventually(lambda: session.settings.seed == 1, "the next seed")
    eventually(lambda: monitor.steps_done == 0, "at the start")
    eventually(lambda: len(monitor.curve_steps) == 0, "no curve")
    assert not torch.equal(session.model.conv1.weight, before)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("learning_rate", 0.5, 0.5),
        ("batch_size", 50.0, 50),
        ("optimizer", "adamw", "adamw"),
        ("schedule", "constant", "constant"),
    ],
)
def test_settings_are_changed_from_the_page(page, monitor, name, value, shown):
    ask(page, monitor, do="set", name=name, value=value)
    eventually(lambda: getattr(monitor, name) == shown, f"{name} is {shown}")
    assert monitor.error == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"do": "set", "name": "learning_rate", "value": -1}, r"learning_rate \(=-1\) must be"),
        ({"do": "set", "name": "batch_size", "value": 2.5}, r"batch_size \(=2.5\) must be a whole"),
        ({"do": "set", "name": "batch_size", "value": 2001}, r"\(=2001\) must be at most 2000"),
        ({"do": "set", "name": "optimizer", "value": "best"}, r"optimizer \(='best'\) must be"),
        ({"do": "set", "name": "__class__", "value": 1}, "a page asks a monitor to"),
        ({"do": "_ask"}, "a page asks a monitor to"),
        ({"do": "rewind", "step": "2"}, "a page asks a monitor to"),
        (None, "a page asks a monitor to"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    page, monitor, session, content, words
):
    before = session.settings
    page.ask(monitor, content)
    assert re.search(words, monitor.error)
    assert session.settings == before


def test_a_failure_of_the_training_is_shown_with_the_way_on(monitor, session):
    session.model.conv1.forward = lambda images: 1 / 0
    session.play()
    eventually(lambda: monitor.status == "failed", "the failure is shown")
    assert "ZeroDivisionError" in monitor.problem
    assert "rewind goes back" in monitor.problem
    del session.model.conv1.forward


def test_a_loop_of_ones_own_has_curves_and_no_controls(page):
    history = History()
    monitor = cw.TrainingMonitor(history=history)
    assert monitor.own_loop
    for step in (1, 2, 3):
        history.add_step(Step(step, 1, 1 / step, 0.1 * step, 0.01))
    history.add_snapshot(3, cw.DigitCNN().state_dict())
    eventually(lambda: monitor.steps_done == 3, "three steps are shown")
    assert monitor.steps == [3]
    ask(page, monitor, do="play")
    assert "your own code" in monitor.error
    monitor.close()


def test_it_needs_a_session_or_a_history(images, session):
    with pytest.raises(TypeError, match="needs a session or history="):
        cw.TrainingMonitor()
    with pytest.raises(TypeError, match="needs a session or history="):
        cw.TrainingMonitor(session, history=session.history)
    with pytest.raises(TypeError, match="must be a TrainingSession, and is a ImageSet"):
        cw.TrainingMonitor(images)


def test_closed_it_listens_no_more_and_leaves_nothing(session, scope):
    before = len(session.history._watchers._told)
    monitor = cw.TrainingMonitor(session, scope)
    monitor.close()
    assert len(session.history._watchers._told) == before
    assert session._watchers._told == ()
    session.step().result(20)


def test_slow_motion_shows_the_kernel_its_gradient_and_the_update(page, session, scope):
    slow = cw.SlowMotion(session, scope)
    scope.layer, scope.channel = "conv2", 3
    slow.input = 5
    for phase in ("forward", "loss", "backward", "update"):
        ask(page, slow, do="phase")
        eventually(lambda phase=phase: slow.done == phase, phase)
    known = session.slow
    for trait, tensors in (
        (slow.before, known.weights),
        (slow.gradient, known.gradients),
        (slow.after, known.updated),
    ):
        np.testing.assert_array_equal(trait, tensors["conv2.weight"][3, 5].numpy())
    expected = slow.before - np.float32(slow.rate) * slow.gradient  # plain SGD
    np.testing.assert_allclose(slow.after, expected, atol=1e-6)
    assert slow.kernel == "conv2, filter 3, input channel 5"
    assert slow.loss_nats == pytest.approx(session.history.metrics.loss_nats[-1])
    slow.close()


def test_slow_motion_tells_step_and_loss_where_the_layer_has_no_kernels(page, images):
    torch.manual_seed(0)
    head = torch.nn.Linear(784, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10)
    session = cw.TrainingSession(
        torch.nn.Sequential(torch.nn.Flatten(), *head), images, batch_size=100
    )
    scope = cw.Microscope(session.model, images, history=session.history)
    scope.layer = "3"
    slow = cw.SlowMotion(session, scope)
    session.step(4).result(10)
    for phase in ("forward", "loss"):
        ask(page, slow, do="phase")
        eventually(lambda phase=phase: slow.done == phase, phase)
    assert (slow.kernel, slow.before, slow.slow_step) == ("", None, 5)
    assert slow.loss_nats == pytest.approx(session.slow.loss_nats)
    slow.close()
    session.stop().result(10)


def test_slow_motion_knows_that_a_run_is_finished_and_that_it_goes_on(page, session, scope):
    slow = cw.SlowMotion(session, scope)
    assert not slow.finished
    session.play()
    eventually(lambda: slow.finished, "all epochs are done", 60)
    session.rewind(0)
    eventually(lambda: not slow.finished, "there is a next step")
    ask(page, slow, do="phase")
    eventually(lambda: slow.done == "forward", "it goes on")
    slow.close()


def test_slow_motion_shows_what_a_phase_was_refused_for(page, session, scope):
    slow = cw.SlowMotion(session, scope)
    session.model.conv1.forward = lambda images: 1 / 0
    ask(page, slow, do="phase")
    eventually(lambda: "ZeroDivisionError" in slow.error, "the card says why")
    del session.model.conv1.forward
    ask(page, slow, do="phase")
    eventually(lambda: slow.done == "forward" and not slow.error, "all is well again")
    slow.close()


def test_slow_motion_refuses_an_input_channel_that_is_not_there(session, scope):
    slow = cw.SlowMotion(session, scope)
    with pytest.raises(TraitError, match=r"input \(=1\) must be from 0 to 0"):
        slow.input = 1
    assert slow.input == 0
    scope.layer = "pool1"
    assert slow.kernel.startswith("conv1")
    slow.close()


def test_slow_motion_takes_nothing_else_from_a_page(page, session, scope):
    slow = cw.SlowMotion(session, scope)
    ask(page, slow, do="play")
    assert "and nothing else" in slow.error
    slow.close()


def test_weights_changed_by_hand_have_no_accuracy_of_the_weights_before(page, session, scope):
    session.step(3).result(20)
    time, dashboard = cw.TimeSlider(scope), cw.Dashboard(scope)
    eventually(lambda: scope.step == 3, "the microscope is at step 3")
    assert 0 < time.stage.accuracies[-1] < 1
    eventually(lambda: "of its latest batches" in dashboard.heading, "the heading tells how many")
    session.edit([cw.SetBias("conv1", 0, 1.0)]).result(20)
    eventually(lambda: time.stage.accuracies[-1] is None, "not known")
    assert scope.step == 3
    eventually(lambda: "reads" not in dashboard.heading, "the heading tells none either")


def test_a_monitor_that_is_refused_leaves_no_figures_behind(page, session):
    before = set(_instances)
    for given in ({"windw": 3}, {"scope": session.model}, {"window": 3}):
        with pytest.raises((TypeError, TraitError)):
            cw.TrainingMonitor(session, **given)
    gc.collect()
    assert set(_instances) <= before
