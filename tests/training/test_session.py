"""A session does what it is told, in the order it was told, and says what came of it."""

import pytest

from cnnwidgets.training.loop import Loop, Phase
from cnnwidgets.training.session import Settings, Status
from tests.training.small import (
    PATIENCE_S,
    SETTINGS,
    Breakable,
    network,
    rows,
    same,
    session_of,
    sides,
    state_of,
    until,
)

TOTAL = 12  # steps of three epochs of 50 images, 16 at a time


def result(future):
    return future.result(PATIENCE_S)


@pytest.fixture
def session():
    made = session_of(test=sides(20, seed=1))
    yield made
    made.stop()
    made.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def whole():
    """The run that every session here should make: its steps, and its weights at the end."""
    loop = Loop(network(), sides(), Settings(**SETTINGS))
    return list(loop), state_of(loop.model)


def test_a_session_begins_paused_with_its_first_moment(session):
    assert session.status is Status.PAUSED
    assert session.history.steps == (0,)
    assert (session.progress.step, session.progress.total) == (0, TOTAL)
    assert session.problem == ""
    assert session.slow is None
    assert repr(session) == "<TrainingSession: paused at step 0>"


def test_playing_to_the_end_is_the_bare_loop_bit_for_bit(session, whole):
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    steps, weights = whole
    assert same(session.model, weights)
    assert session.history.metrics.loss_nats.tolist() == [step.loss_nats for step in steps]
    assert session.history.evaluations.step.tolist() == [0, 4, 8, 12]
    assert session.history.last_step == TOTAL
    assert (session.progress.epoch, session.progress.epoch_images) == (3, 50)


def test_step_does_so_many_and_rests_and_gives_the_last(session, whole):
    assert result(session.step(5)) == whole[0][4]
    assert session.wait(PATIENCE_S) is Status.PAUSED
    assert session.progress.step == 5
    assert result(session.step()) == whole[0][5]
    result(session.play())
    session.wait(PATIENCE_S)
    assert same(session.model, whole[1])


def test_steps_that_are_asked_for_one_upon_the_other_add_up(session):
    asked = [session.step() for _ in range(TOTAL - 2)]
    assert result(asked[-1]).step == TOTAL - 2
    assert session.wait(PATIENCE_S) is Status.PAUSED
    result(session.rewind(1))
    assert result(session.step()).step == 2  # nothing is left of what was asked before


def test_the_last_step_finishes_the_session(session):
    assert result(session.step(99)).step == TOTAL
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert session.history.evaluations.step.tolist() == [0, 4, 8, 12]
    exact = session_of()
    assert result(exact.step(TOTAL)).step == TOTAL
    assert exact.wait(PATIENCE_S) is Status.FINISHED


def test_phases_of_a_session_are_its_steps(session, whole):
    for step in range(TOTAL):
        seen = [result(session.phase()) for _ in Phase]
        assert seen == list(Phase)
        assert session.slow.step == step + 1
        assert session.slow.updated.keys() == dict(session.model.named_parameters()).keys()
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert same(session.model, whole[1])
    assert session.history.steps == tuple(range(TOTAL + 1))


def test_amid_a_step_progress_says_what_comes_next(session):
    result(session.phase())
    assert session.progress.phase is Phase.LOSS
    assert session.slow.done is Phase.FORWARD
    assert result(session.step()).step == 1  # what is left of it
    assert session.progress.phase is None
    assert session.slow is None


def test_commands_are_done_in_their_order(session, whole):
    futures = [session.step(2), session.phase(), session.rewind(1), session.step(3)]
    # The phase comes before the second step could be done: a step that is asked for gives way.
    for future in futures[1:]:
        result(future)
    session.wait(PATIENCE_S)
    assert session.progress.step == session.history.last_step
    assert rows(session.history.metrics) == rows_of(whole[0][: session.progress.step])


def rows_of(steps):
    return [(s.step, s.epoch, s.loss_nats, s.accuracy, s.learning_rate) for s in steps]


def test_a_pause_ends_step_early_and_gives_it_the_last_one_done():
    model = Breakable()
    session = session_of(model, epochs=100)
    asked = session.step(300)
    until(lambda: session.progress.step >= 2)
    model.gate.clear()
    paused = session.pause()
    model.gate.set()
    result(paused)
    assert session.status is Status.PAUSED
    assert 2 <= result(asked).step == session.progress.step < 300


def test_a_step_that_gives_way_before_it_began_says_so():
    model = Breakable()
    session = session_of(model)
    model.gate.clear()
    session.play()
    assert model.entered.wait(PATIENCE_S)  # the worker is amid a step: what is asked now waits
    asked = session.step(5)
    session.pause()
    model.gate.set()
    with pytest.raises(RuntimeError, match="no step was done, since something else was asked"):
        result(asked)
    assert session.wait(PATIENCE_S) is Status.PAUSED
    assert session.progress.step == 1


def test_playing_twice_is_playing(session, whole):
    result(session.play())
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert same(session.model, whole[1])


def test_playing_on_after_the_end_is_refused_until_there_are_more_epochs(session):
    result(session.play())
    session.wait(PATIENCE_S)
    with pytest.raises(ValueError, match=r"all 3 epochs are done; train more with play\(epochs=1"):
        result(session.play())
    assert "train more with play(epochs=1)" in session.problem
    assert session.wait(PATIENCE_S) is Status.FINISHED
    result(session.play(epochs=1))
    assert session.problem == ""
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert session.progress.step == TOTAL + 4
    assert session.settings.epochs == 4


def test_more_epochs_by_set_wake_a_finished_session(session):
    result(session.play())
    session.wait(PATIENCE_S)
    assert result(session.set(epochs=4)).epochs == 4
    assert session.status is Status.PAUSED
    result(session.set(epochs=2))
    assert session.status is Status.FINISHED
    result(session.play(epochs=1))
    session.wait(PATIENCE_S)
    assert session.progress.step == TOTAL + 4  # one more than now, not than was set


def test_settings_hold_from_the_next_step(session):
    result(session.step(2))
    result(session.set(learning_rate=0.002, schedule="constant", optimizer="sgd"))
    assert session.settings.learning_rate == 0.002
    assert result(session.step()).learning_rate == 0.002


def test_settings_given_amid_a_step_begin_it_anew(session):
    result(session.phase())
    result(session.phase())
    result(session.set(learning_rate=0.002, schedule="constant"))
    assert session.progress.phase is None
    assert session.slow is None
    assert result(session.step()).learning_rate == 0.002
    assert session.progress.step == 1


@pytest.mark.parametrize(
    ("named", "kind", "words"),
    [
        ({"learning_rate": -1}, ValueError, r"learning_rate \(=-1\)"),
        ({"speed": 1}, TypeError, "no setting 'speed'; there are epochs"),
        ({"seed": 4}, ValueError, r"seed \(=4\) belongs to the run; start one with fresh"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(session, named, kind, words):
    with pytest.raises(kind, match=words):
        session.set(**named)
    assert session.settings == Settings(**SETTINGS)


@pytest.mark.parametrize("command", ["play", "step"])
def test_numbers_that_cannot_work_are_refused_in_words(session, command):
    with pytest.raises(ValueError, match=r"\(=0\) must be at least 1"):
        result(getattr(session, command)(0))
    assert "(=0) must be at least 1" in session.problem
    assert session.status is Status.PAUSED


def test_stop_ends_and_play_begins_again(session, whole):
    result(session.step(3))
    result(session.stop())
    assert session.status is Status.STOPPED
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert same(session.model, whole[1])


def test_fresh_is_a_new_run_in_the_same_history(session):
    history, first = session.history, state_of(session.model)
    result(session.step(6))
    counts = []
    session.history.watch(lambda: counts.append(len(history.steps)))
    result(session.fresh(seed=5))
    assert min(counts) == 1  # never without a moment to look at
    assert session.history is history
    assert (history.steps, len(history.metrics.step)) == ((0,), 0)
    assert len(history.evaluations.step) == 0
    assert not same(session.model, first)
    assert same(session.model, network(seed=5))
    assert session.settings.seed == 5
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    other = session_of(network(seed=5), seed=5)
    result(other.play())
    other.wait(PATIENCE_S)
    assert same(session.model, other.model)


def test_waiting_too_long_says_what_is_under_way():
    model = Breakable()
    session = session_of(model)
    model.gate.clear()
    session.play()
    assert model.entered.wait(PATIENCE_S)
    with pytest.raises(TimeoutError, match=r"still playing after 0\.01 s"):
        session.wait(0.01)
    model.gate.set()
    assert session.wait(PATIENCE_S) is Status.FINISHED


def test_a_watcher_is_told_of_every_step_until_it_ends_that(session):
    seen = []
    end = session.watch(lambda: seen.append(session.progress.step))
    result(session.step(4))
    session.wait(PATIENCE_S)
    assert {1, 2, 3, 4} <= set(seen)
    end()
    count = len(seen)
    result(session.step(2))
    session.wait(PATIENCE_S)
    assert len(seen) == count
