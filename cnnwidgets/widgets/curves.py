"""Loss and accuracy over the steps of a training, thinned, as two bqplot figures."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

with warnings.catch_warnings():  # bqscales, below bqplot, warns of itself
    warnings.simplefilter("ignore", DeprecationWarning)
    import bqplot

POINTS = 400
SHORTEST = 10  # steps of the axis at least
TRAIN_COLOUR = "#0b84d8"
TEST_COLOUR = "#d9730d"
MARGIN = {"top": 8, "bottom": 36, "left": 52, "right": 12}


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values over steps, (point,) each: means of the steps from `first` to each point's own.

    averaged: of how many steps each is the mean; fewer lie before the first points.
    """

    first: np.ndarray
    step: np.ndarray
    loss_nats: np.ndarray
    accuracy: np.ndarray
    averaged: int = 1


def thinned(metrics: Any, window: int = 1, points: int = POINTS) -> Curve:
    """The steps' loss and accuracy in at most `points` points, from first to last.

    metrics: with step, loss_nats and accuracy, (step,) each. window: over how many steps up to a
    point its value is the mean; more where so many lie between two points. What is not a finite
    number is left out, and NaN stands where all was.
    """
    count = len(metrics.step)
    if not count:
        none = np.empty(0, np.float32)
        return Curve(none.astype(np.uint32), none.astype(np.uint32), none, none)
    at = np.unique(np.linspace(0, count - 1, min(count, points)).round().astype(np.int64))
    averaged = max(window, -(-count // points))
    first = np.maximum(0, at + 1 - averaged)

    # Each window is added up by itself: from a running sum, one huge value would take all after it.
    windows = np.stack([first, at + 1], axis=1).ravel()

    def sums(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.append(values, 0.0), windows)[::2]

    def means(values: np.ndarray) -> np.ndarray:
        known = np.isfinite(values)
        seen = sums(known)
        with np.errstate(over="ignore"):  # what is too large becomes inf, and is shown as such
            total = np.where(seen > 0, sums(np.where(known, values, 0)), np.nan)
            return (total / np.maximum(seen, 1)).astype(np.float32)

    of, steps = (metrics.step[ends].astype(np.uint32) for ends in (first, at))
    return Curve(of, steps, means(metrics.loss_nats), means(metrics.accuracy), averaged)


def ticks(last: float, most: int = 5) -> np.ndarray:
    """Round numbers from 0 to at most `last`, equally far apart, and no more than most + 1."""
    exponent = np.floor(np.log10(max(last, 1e-6) / most))
    for gap in np.array([1, 2, 5, 10]) * 10.0**exponent:
        if last / gap <= most:
            break
    return np.arange(0, last + gap * 1e-6, gap)


class Figures:
    """Two bqplot figures over the same steps: loss and accuracy, of training and of test images."""

    def __init__(self) -> None:
        self.steps = bqplot.LinearScale(min=0, max=1)
        self._step_axes: list[bqplot.Axis] = []
        self.loss_scales = {"linear": bqplot.LinearScale(min=0, max=1), "log": bqplot.LogScale()}
        self.share = bqplot.LinearScale(min=0, max=1)
        self._loss_axis = bqplot.Axis(
            scale=self.loss_scales["linear"],
            side="left",
            label="loss (nats)",
            label_offset="38px",
        )
        share_axis = bqplot.Axis(
            scale=self.share,
            side="left",
            label="accuracy",
            tick_format=".0%",
            tick_values=np.linspace(0, 1, 5),
            label_offset="38px",
        )
        self.train_loss, self.test_loss = self._lines(self.loss_scales["linear"])
        self.train_accuracy, self.test_accuracy = self._lines(self.share)
        self.loss = self._figure([self.train_loss, self.test_loss], self._loss_axis)
        self.accuracy = self._figure([self.train_accuracy, self.test_accuracy], share_axis)

    def show(self, train: Curve, test: Curve) -> None:
        """Draws curves over all steps; what did not change is not sent."""
        ends = [int(step) for curve in (train, test) for step in curve.step[-1:]]
        last = max(SHORTEST, *ends, 0)
        if last != self.steps.max:
            self.steps.max = last
            for axis in self._step_axes:
                axis.tick_values = ticks(last)
        losses = np.concatenate([train.loss_nats, test.loss_nats])
        highest = float(losses.max(initial=0, where=np.isfinite(losses))) or 1.0
        self.loss_scales["linear"].max = highest
        if self._loss_axis.scale is self.loss_scales["linear"]:
            self._loss_axis.tick_values = ticks(highest)
        for mark, step, values in (
            (self.train_loss, train.step, train.loss_nats),
            (self.train_accuracy, train.step, train.accuracy),
            (self.test_loss, test.step, test.loss_nats),
            (self.test_accuracy, test.step, test.accuracy),
        ):
            if not np.isfinite(values).any():  # bqplot stumbles over a curve of NaN alone
                step, values = step[:0], values[:0]
            if len(mark.x) != len(step) or not (
                np.array_equal(mark.x, step) and np.array_equal(mark.y, values)
            ):
                with mark.hold_sync():
                    mark.x, mark.y = step, values
                    # A line of one point cannot be seen.
                    if mark in (self.train_loss, self.train_accuracy):
                        mark.marker = "circle" if len(step) == 1 else None

    def set_scale(self, name: str) -> None:
        """Draws the loss on a "linear" or a "log" scale."""
        scale = self.loss_scales[name]
        self._loss_axis.scale = scale
        self._loss_axis.tick_values = None if name == "log" else ticks(scale.max)
        for mark in (self.train_loss, self.test_loss):
            mark.scales = {**mark.scales, "y": scale}

    def close(self) -> None:
        """Ends all that was made."""
        for figure in (self.loss, self.accuracy):
            own = (figure.layout, figure.scale_x, figure.scale_y)
            for part in (*figure.marks, *figure.axes, *own, figure):
                part.close()
        for scale in (self.steps, self.share, *self.loss_scales.values()):
            scale.close()

    def _lines(self, scale: bqplot.Scale) -> list[bqplot.Lines]:
        scales = {"x": self.steps, "y": scale}
        train = bqplot.Lines(
            x=[],
            y=[],
            scales=scales,
            colors=[TRAIN_COLOUR],
            stroke_width=1.6,
            marker_size=24,
            labels=["training"],
        )
        test = bqplot.Lines(
            x=[],
            y=[],
            scales=scales,
            colors=[TEST_COLOUR],
            stroke_width=1.6,
            marker="circle",
            marker_size=24,
            labels=["test"],
        )
        return [train, test]

    def _figure(self, marks: list[bqplot.Lines], axis: bqplot.Axis) -> bqplot.Figure:
        steps = bqplot.Axis(scale=self.steps, label="step", tick_format=",.0f", label_offset="30px")
        self._step_axes.append(steps)
        return bqplot.Figure(
            marks=marks,
            axes=[steps, axis],
            fig_margin=MARGIN,
            animation_duration=0,
            layout={"width": "100%", "height": "180px", "min_width": "0", "margin": "0"},
            padding_x=0,
            padding_y=0,
        )
