"""What goes wrong in a session is said, with what to try, and nothing recorded is lost."""

import math

import pytest
import torch

from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.history import History
from cnnwidgets.training.session import Status, TrainingSession
from tests.training.small import (
    PATIENCE_S,
    Breakable,
    network,
    same,
    session_of,
    sides,
    state_of,
)


def result(future):
    return future.result(PATIENCE_S)


@pytest.mark.parametrize("problem", [KeyError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_a_forward_pass_that_raises_fails_the_session_which_can_go_on(problem):
    model = Breakable()
    session, straight = session_of(model), session_of(Breakable())
    result(session.step(5))
    before = state_of(model)
    model.problem = problem
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FAILED
    assert session.problem.startswith(f"step 6 failed: {type(problem).__name__}: ")
    assert session.problem.endswith("kept: play tries the step again, rewind goes back")
    assert same(model, before)
    assert session.history.steps == tuple(range(6))
    model.problem = None
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert session.problem == ""
    result(straight.play())
    straight.wait(PATIENCE_S)
    assert same(model, straight.model)


def test_who_asked_for_steps_gets_what_a_step_raised():
    model = Breakable()
    session = session_of(model)
    model.problem = LookupError("no weights today")
    with pytest.raises(LookupError, match="no weights today"):
        result(session.step(3))
    assert session.wait(PATIENCE_S) is Status.FAILED
    assert "step 1 failed: LookupError: no weights today" in session.problem


def test_a_phase_that_raises_fails_the_session_too():
    model = Breakable()
    session = session_of(model)
    model.problem = LookupError("no weights today")
    with pytest.raises(LookupError):
        result(session.phase())
    assert session.status is Status.FAILED
    assert "step 1 failed: LookupError" in session.problem
    assert session.slow is None
    model.problem = None
    assert result(session.step()).step == 1
    assert session.problem == ""


@pytest.mark.parametrize("how", ["play", "step", "phase"])
def test_a_loss_that_is_no_number_pauses_and_says_what_to_try(how):
    session = session_of()
    result(session.step(4))
    with torch.no_grad():
        session.model.fc.bias[0] = math.nan
    if how == "play":
        result(session.play())
    elif how == "step":
        with pytest.raises(FloatingPointError):
            result(session.step(2))
    else:
        result(session.phase())
        with pytest.raises(FloatingPointError):
            result(session.phase())
    assert session.wait(PATIENCE_S) is Status.PAUSED
    assert session.problem.startswith("the loss became nan at step 5; go back to an earlier step")
    tenth = session.settings.learning_rate / 10
    assert session.problem.endswith(f"a smaller learning rate, such as {tenth:.1g}")
    assert result(session.rewind(3)) == 3
    assert session.problem == ""
    result(session.set(learning_rate=1e-3))
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED


def test_a_model_that_gives_no_number_from_the_start_is_not_blamed_on_the_learning_rate():
    session = session_of()
    with torch.no_grad():
        session.model.fc.bias[0] = math.nan
    with pytest.raises(FloatingPointError):
        result(session.step())
    assert session.problem.startswith("the loss is nan at step 1, before a step changed a weight")
    assert "learning rate" not in session.problem


class Auxiliary(Breakable):
    """Gives a second output while it trains, as GoogLeNet and Inception do."""

    def forward(self, images):
        logits = super().forward(images)
        return (logits, logits) if self.training else logits


def test_auxiliary_outputs_are_refused_with_the_remedy():
    session = session_of(Auxiliary())
    with pytest.raises(ValueError, match=r"gives a tuple while it trains, .*aux_logits=False"):
        result(session.step())
    assert session.status is Status.FAILED


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: TrainingSession("model", sides()),
            r"must be a torch\.nn\.Module, and is a str",
        ),
        (lambda: TrainingSession(Breakable(), [1, 2]), "a list is no ImageSet, .*from_arrays"),
        (lambda: TrainingSession(Breakable(), sides(), test="x"), "a str is no ImageSet"),
    ],
    ids=["model", "images", "test"],
)
def test_what_is_no_model_or_no_set_is_refused_at_once(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_measuring_that_raises_fails_the_session():
    session = session_of(test=sides(20, seed=1))

    def broken(batch):
        raise OSError(5, "Input/output error")

    forward, session.model.forward = session.model.forward, broken
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FAILED
    assert "Input/output error" in session.problem
    session.model.forward = forward
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED


def test_a_measuring_is_given_up_for_a_command_and_done_later():
    session = session_of(test=sides(3000, seed=1))  # in six parts
    parts = []

    def looks(module, inputs):
        if not module.training and len(inputs[0]) > 1:
            parts.append(session.progress.measuring)
            if len(parts) == 2:
                session.pause()

    session.model.register_forward_pre_hook(looks)
    session.play()
    assert session.wait(PATIENCE_S) is Status.PAUSED
    assert parts == [True, True]
    assert session.progress.step == 0
    assert len(session.history.evaluations.step) == 0
    assert not session.progress.measuring
    result(session.step())
    session.wait(PATIENCE_S)
    assert session.history.evaluations.step.tolist() == [0]
    assert len(parts) == 2 + 6


def test_a_watcher_that_raises_ends_alone_and_is_named():
    session = session_of()
    told = []

    def fails():
        told.append(1)
        raise KeyError("page is gone")

    session.watch(fails)
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert len(told) == 1
    assert session.problem.startswith("who watched failed, and is told no more: KeyError: ")


def test_who_watches_the_history_and_raises_is_warned_of_and_the_training_goes_on():
    session = session_of()

    def fails():
        raise KeyError("page is gone")

    session.history.watch(fails)
    with pytest.warns(RuntimeWarning, match="who watched a history failed: KeyError"):
        result(session.step(12))
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert session.problem == ""


def test_a_model_that_cannot_be_drawn_anew_is_refused_before_anything_is_lost():
    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(64, 2))

        def forward(self, batch):
            return batch.flatten(1) @ self.weight

    session = session_of(Own())
    result(session.step(2))
    before = state_of(session.model)
    with pytest.raises(TypeError, match="'weight' has no way to be drawn anew; make a new model"):
        result(session.fresh())
    assert same(session.model, before)
    assert session.history.steps == (0, 1, 2)


def test_a_history_of_another_network_is_refused_in_words():
    history = History()
    history.add_snapshot(0, DigitCNN().state_dict())
    with pytest.raises(ValueError, match=r"weights differ from the snapshots before at 'fc\.bias'"):
        TrainingSession(network(), sides(), history=history)
