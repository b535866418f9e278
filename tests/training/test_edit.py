"""TrainingSession.edit: weights change between two steps, and the run goes on from them."""

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.training.loop import Phase

EDITS = (cw.SetKernel("conv1", 2, 0, np.full((5, 5), 0.125)), cw.SetBias("conv2", 1, -0.5))


@pytest.fixture(scope="module")
def images():
    digits = cw.load("mnist", split="train")
    return cw.ImageSet.from_arrays(digits.images[:400], digits.labels[:400], name="few")


@pytest.fixture
def session(images):
    torch.manual_seed(0)
    made = cw.TrainingSession(cw.DigitCNN(), images, epochs=2, batch_size=100, optimizer="sgd")
    yield made
    made.stop().result(10)


def test_the_weights_are_the_edits_and_nothing_else_changed(session):
    session.step(3).result(20)
    before = {name: value.clone() for name, value in session.model.state_dict().items()}
    session.edit(EDITS).result(20)
    before["conv1.weight"][2, 0] = 0.125
    before["conv2.bias"][1] = -0.5
    for name, value in session.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    kept = session.history.at(3)
    assert kept.step == 3
    assert all(torch.equal(kept.weights[name], before[name]) for name in before)
    assert session.history.steps == (0, 1, 2, 3)
    assert session.history.metrics.step.tolist() == [1, 2, 3]


def test_nothing_is_said_of_how_well_new_weights_read_before_a_batch_met_them(session):
    session.step(3).result(20)
    assert 0 < session.history.at(3).accuracy < 1
    session.edit(EDITS).result(20)
    assert np.isnan(session.history.at(3).accuracy)
    assert np.isnan(session.history.at(3).loss_nats)
    session.step(1).result(20)
    assert 0 < session.history.at(4).accuracy < 1


def test_the_metrics_of_the_step_stay_also_after_a_rewinding(session):
    session.step(3).result(20)
    session.rewind(2).result(20)
    before = session.history.metrics
    session.edit(EDITS).result(20)
    after = session.history.metrics
    assert after.step.tolist() == [1, 2]
    np.testing.assert_array_equal(after.loss_nats, before.loss_nats)
    assert session.step().result(20).step == 3
    assert session.history.metrics.step.tolist() == [1, 2, 3]


def test_what_was_measured_of_the_old_weights_is_dropped(images):
    made = cw.TrainingSession(cw.DigitCNN(), images, test=images, epochs=2, batch_size=100)
    made.play().result(20)
    made.wait(60)
    made.rewind(4).result(20)
    assert made.history.evaluations.step.tolist() == [0, 4]
    made.edit(EDITS).result(20)
    assert made.history.evaluations.step.tolist() == [0]
    assert not made.history.at(4).tested


def test_who_watches_an_edit_before_the_first_step_never_sees_a_history_without_a_moment(session):
    seen = []
    end = session.history.watch(lambda: seen.append(session.history.steps))
    session.edit(EDITS).result(20)
    end()
    assert seen
    assert set(seen) == {(0,)}


def test_what_follows_is_what_the_same_change_by_hand_gives_and_rewinding_repeats_it(
    session, images
):
    session.step(2).result(20)
    session.edit(EDITS).result(20)
    session.step(3).result(20)
    torch.manual_seed(0)
    other = cw.TrainingSession(cw.DigitCNN(), images, epochs=2, batch_size=100, optimizer="sgd")
    other.step(2).result(20)
    with torch.no_grad():
        other.model.conv1.weight[2, 0] = 0.125
        other.model.conv2.bias[1] = -0.5
    other.step(3).result(20)
    expected = {name: value.clone() for name, value in other.model.state_dict().items()}
    assert all(torch.equal(session.model.state_dict()[name], expected[name]) for name in expected)
    session.rewind(2).result(20)
    session.step(3).result(20)
    assert all(torch.equal(session.model.state_dict()[name], expected[name]) for name in expected)


def test_amid_a_step_the_step_is_given_up(session):
    assert session.phase().result(20) is Phase.FORWARD
    session.edit(EDITS).result(20)
    assert session.progress.phase is None
    assert session.slow is None
    assert session.step().result(20).step == 1


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (cw.Ablate("conv1", 0), "changes what 'conv1' gives, not its weights"),
        (cw.SetBias("conv1", 8, 0.0), "must be from 0 to 7"),
        ("conv1", "edits must be"),
    ],
)
def test_what_no_weight_can_hold_is_refused_and_changes_nothing(session, edit, words):
    before = {name: value.clone() for name, value in session.model.state_dict().items()}
    with pytest.raises((ValueError, TypeError, IndexError), match=words):
        session.edit((*EDITS, edit)).result(20)
    assert words in session.problem
    assert all(torch.equal(session.model.state_dict()[name], before[name]) for name in before)
