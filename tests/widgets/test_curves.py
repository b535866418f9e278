"""Curves: many steps in few points, and each point the mean that it is said to be."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from cnnwidgets.widgets.curves import SHORTEST, Curve, Figures, thinned, ticks


def metrics(count):
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        step=np.arange(1, count + 1), loss_nats=rng.random(count), accuracy=rng.random(count)
    )


@pytest.mark.parametrize("count", [1, 2, 399, 400, 401, 5_000, 100_000])
@pytest.mark.parametrize("window", [1, 50])
def test_each_point_is_the_mean_of_the_steps_up_to_it(count, window):
    given = metrics(count)
    curve = thinned(given, window)
    assert len(curve.step) <= 400
    assert (curve.step[0], curve.step[-1]) == (1, count)
    assert curve.averaged == max(window, -(-count // 400))
    for first, step, loss, accuracy in zip(
        curve.first, curve.step, curve.loss_nats, curve.accuracy, strict=True
    ):
        assert first == max(1, int(step) - curve.averaged + 1)
        part = slice(int(first) - 1, int(step))
        assert loss == pytest.approx(given.loss_nats[part].mean(), rel=1e-5)
        assert accuracy == pytest.approx(given.accuracy[part].mean(), rel=1e-5)


def test_what_is_not_a_number_is_left_out():
    given = metrics(4)
    given.accuracy[:] = [np.nan, 0.5, np.nan, 0.25]
    np.testing.assert_allclose(thinned(given, 1).accuracy, [np.nan, 0.5, np.nan, 0.25])
    np.testing.assert_allclose(thinned(given, 10).accuracy, [np.nan, 0.5, 0.5, 0.375])


def test_one_huge_value_changes_the_means_that_it_is_part_of_alone():
    given = metrics(2000)
    given.loss_nats[:] = 0.5
    given.loss_nats[100] = 1e18
    loss = thinned(given).loss_nats
    assert np.count_nonzero(loss > 1) == 1
    np.testing.assert_array_equal(loss[loss < 1], np.float32(0.5))


def test_what_a_point_is_the_mean_of_is_told_by_the_steps_that_there_are():
    given = metrics(4)
    given.step[:] = [10, 20, 40, 80]  # of a loop that tells of a few steps only
    curve = thinned(given, 3)
    np.testing.assert_array_equal(curve.first, [10, 10, 10, 20])
    assert curve.loss_nats[-1] == pytest.approx(given.loss_nats[1:].mean(), rel=1e-5)


@pytest.mark.parametrize(("count", "marker"), [(0, None), (1, "circle"), (2, None)])
def test_a_curve_of_one_point_can_be_seen(count, marker):
    figures = Figures()
    figures.show(thinned(metrics(1)), thinned(metrics(0)))
    figures.show(thinned(metrics(count)), thinned(metrics(0)))
    assert figures.train_loss.marker == figures.train_accuracy.marker == marker
    assert figures.test_loss.marker == "circle"
    figures.close()


def test_no_steps_are_no_points():
    assert len(thinned(metrics(0)).step) == 0


def test_a_hundred_thousand_steps_draw_in_milliseconds():
    given = metrics(100_000)
    began_s = time.perf_counter()
    thinned(given)
    assert time.perf_counter() - began_s < 0.25  # 3 ms on a quiet machine


@pytest.mark.parametrize(
    ("last", "expected"),
    [(10, [0, 2, 4, 6, 8, 10]), (2814, [0, 1000, 2000]), (2.3, [0, 0.5, 1, 1.5, 2]), (0, [0])],
)
def test_ticks_are_few_round_numbers(last, expected):
    np.testing.assert_allclose(ticks(last), expected)


def curve(steps):
    steps = np.array(steps, np.uint32)
    return Curve(steps, steps, steps / np.float32(10), steps / np.float32(100))


def test_the_figures_hold_the_curves_and_end_where_the_longer_one_does():
    figures = Figures()
    figures.show(curve([1, 20]), curve([0, 30]))
    np.testing.assert_array_equal(figures.train_loss.x, [1, 20])
    np.testing.assert_allclose(figures.train_loss.y, [0.1, 2])
    np.testing.assert_allclose(figures.test_accuracy.y, [0, 0.3])
    assert figures.steps.max == 30
    figures.show(curve([1]), curve([]))
    assert figures.steps.max == SHORTEST
    figures.close()


def test_a_curve_without_any_number_is_not_drawn():
    figures = Figures()
    steps, nothing = np.arange(1, 4, dtype=np.uint32), np.full(3, np.nan, np.float32)
    train = Curve(steps, steps, np.float32([3, 2, np.nan]), nothing)
    figures.show(train, Curve(steps[:0], steps[:0], nothing[:0], nothing[:0]))
    assert len(figures.train_loss.x) == 3, "a gap stays a gap"
    assert len(figures.train_accuracy.x) == len(figures.train_accuracy.y) == 0
    figures.close()


def test_the_scale_of_the_loss_is_that_of_its_axis_and_lines():
    figures = Figures()
    figures.set_scale("log")
    scale = figures.loss_scales["log"]
    assert figures.loss.axes[1].scale is scale
    assert figures.train_loss.scales["y"] is figures.test_loss.scales["y"] is scale
    assert figures.train_accuracy.scales["y"] is not scale
    figures.close()


def test_closing_leaves_none_of_its_widgets():
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    Figures().close()
    assert set(_instances) == before
