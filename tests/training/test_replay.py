"""From any recorded moment a run goes on as it did the first time, to the last bit."""

import pytest

from cnnwidgets.training.loop import Loop, Phase
from cnnwidgets.training.moments import Moments
from cnnwidgets.training.session import Settings, Status
from tests.training.small import (
    OPTIMIZERS,
    PATIENCE_S,
    SETTINGS,
    network,
    restless,
    rows,
    same,
    session_of,
    sides,
    state_of,
)


def result(future):
    return future.result(PATIENCE_S)


def played(session):
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    return (
        state_of(session.model),
        rows(session.history.metrics),
        rows(session.history.evaluations),
    )


def same_run(one, other):
    return same(one[0], other[0]) and one[1:] == other[1:]


@pytest.mark.parametrize("make", [network, restless])
@pytest.mark.parametrize("schedule", ["one_cycle", "constant"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rewind_and_replay_is_bit_identical(optimizer, schedule, make):
    session = session_of(
        make(), optimizer=optimizer, schedule=schedule, test=sides(20, seed=1), learning_rate=1e-3
    )
    first = played(session)
    for step in (11, 8, 5, 3, 0):  # amid an epoch, between two, amid one before, and the start
        assert result(session.rewind(step)) == step
        assert session.progress.step == step
        assert session.history.last_step == step
        assert len(session.history.metrics.step) == step
        assert same_run(played(session), first)


def test_every_recorded_moment_has_the_weights_of_its_step():
    loop = Loop(restless(), sides(), Settings(**SETTINGS))
    moments = Moments()
    moments.keep(loop)
    weights = {0: state_of(loop.model)}
    for step in loop:
        moments.history.add_step(step)
        moments.keep_now_and_then(loop)
        weights[step.step] = state_of(loop.model)
    assert moments.history.steps == tuple(range(13))
    for step, expected in weights.items():
        assert same(dict(moments.history.at(step).weights), expected)
    for step in (9, 4, 2):
        assert moments.go_back(loop, step) == step
        assert same(loop.model, weights[step])
        assert moments.rests.keys() == set(range(step + 1))


def test_another_course_can_be_taken_from_there_and_gone_back_on():
    session = session_of(restless())
    first = played(session)
    result(session.rewind(6))
    result(session.set(learning_rate=1e-4))
    other = played(session)
    assert other[1][:6] == first[1][:6]
    assert not same(other[0], first[0])
    result(session.rewind(5))
    assert session.settings.learning_rate == SETTINGS["learning_rate"]
    assert same_run(played(session), first)


def test_what_was_set_at_a_moment_is_part_of_it():
    session = session_of(restless())
    result(session.step(6))
    result(session.set(learning_rate=1e-4, optimizer="momentum", batch_size=7, epochs=2))
    first = played(session)
    result(session.rewind(6))
    assert session.settings.learning_rate == 1e-4
    assert same_run(played(session), first)


def test_going_back_amid_a_step_forgets_the_step():
    session = session_of(restless())
    first = played(session)
    result(session.rewind(4))
    for _ in range(3):
        result(session.phase())
    assert session.progress.phase is Phase.UPDATE
    assert result(session.rewind(4)) == 4
    assert session.progress.phase is None
    assert same_run(played(session), first)


def test_going_back_to_the_end_is_finished_and_further_than_it_is_the_end():
    session = session_of()
    played(session)
    assert result(session.rewind(12)) == 12
    assert session.status is Status.FINISHED
    assert result(session.rewind(999)) == 12


@pytest.mark.parametrize(("step", "kind"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_step_that_is_none_is_refused(step, kind):
    session = session_of()
    with pytest.raises(kind, match="step"):
        result(session.rewind(step))
    assert session.history.steps == (0,)


def test_two_sessions_at_once_train_as_each_would_alone():
    alone = played(session_of(restless(), sides(200), epochs=6))
    pair = [session_of(restless(), sides(200), epochs=6) for _ in range(2)]
    for session in pair:
        session.play()
    for session in pair:
        session.wait(PATIENCE_S)
    assert [same(session.model, alone[0]) for session in pair] == [True, True]
