"""A long history keeps its start and its present dense, costs little, and stays in its budget."""

import time

import numpy as np
import torch

from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Step
from cnnwidgets.training.moments import BUDGET_BYTES, Moments
from cnnwidgets.training.pace import EVERY_S, FIRST_STEPS, Pace
from tests.training.small import PATIENCE_S, session_of

WEIGHTS = {"weight": torch.zeros(250)}  # a kilobyte


def test_old_snapshots_go_first_in_the_middle():
    history = History(budget_bytes=60_000)
    for step in range(2000):
        history.add_snapshot(step, WEIGHTS)
    steps = np.array(history.steps)
    assert len(steps) == 60
    assert (steps[0], steps[-1]) == (0, 1999)
    assert steps[:4].tolist() == [0, 1, 2, 3]
    assert steps[-4:].tolist() == [1996, 1997, 1998, 1999]
    gaps = np.diff(steps)
    assert gaps.max() < 300
    assert gaps[:10].sum() < 50
    assert gaps[-10:].sum() < 50


def test_the_first_and_the_last_stay_however_small_the_budget():
    history = History(budget_bytes=1)
    for step in range(50):
        history.add_snapshot(step, WEIGHTS)
    assert history.steps == (0, 49)


def test_a_hundred_thousand_steps_are_cheap_to_add_and_to_read():
    history = History()
    began = time.perf_counter()
    for step in range(1, 100_001):
        history.add_step(Step(step, 1, 0.5, 0.5, 0.1))
    added = time.perf_counter() - began
    began = time.perf_counter()
    metrics = history.metrics
    read = time.perf_counter() - began
    assert len(metrics.step) == 100_000
    assert metrics.step[-1] == 100_000
    # About 0.3 s and 1 ms when nothing else runs; where they grew with their square, minutes.
    assert added < 10
    assert read < 0.5


def test_what_the_optimizer_remembers_counts_in_the_budget_of_a_session():
    session = session_of(optimizer="adam")
    session.step(12).result(PATIENCE_S)
    session.wait(PATIENCE_S)
    moments: Moments = session._engine.moments
    assert moments.rests.keys() == set(session.history.steps)
    own = sum(each.nbytes for each in session.history.at(12).weights.values())
    rest = sum(each.nbytes for each in moments.rests[12].optimizer.values())
    assert rest > 2 * own
    assert session.history.budget_bytes == int(BUDGET_BYTES * own / (own + rest))


def test_a_snapshot_that_takes_long_is_taken_less_often(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("cnnwidgets.training.pace.time.monotonic", lambda: now[0])
    for cost_s, every_s in ((0.0, EVERY_S), (0.001, EVERY_S), (0.1, 5.0)):
        pace = Pace()
        assert all(pace.is_due(step) for step in range(FIRST_STEPS + 1))
        pace.begin()
        now[0] += cost_s
        pace.end()
        assert pace.is_due(FIRST_STEPS)
        now[0] += 0.98 * every_s
        assert not pace.is_due(FIRST_STEPS + 1)
        now[0] += 0.04 * every_s
        assert pace.is_due(FIRST_STEPS + 1)
