"""Loss and accuracy over the steps of a training."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from cnnwidgets.figures.sheet import WIDTH, Sheet, number

if TYPE_CHECKING:
    from cnnwidgets.training.history import History

HEIGHT = 2.0
POINTS = 100  # over so many parts of the run the training curve is averaged


def training_loss(history: "History", *, log: bool = True) -> Sheet:
    """The loss of every step and on the test images, in nats; on a logarithmic scale or not.

    Raises ValueError if the history has no steps.
    """
    train, test = history.metrics, history.evaluations
    sheet, axes = _sheet(train.step, "Loss while training", "loss")
    with style.settings():
        _draw(axes, train.step, train.loss_nats, test.step, test.loss_nats)
        axes.set_ylabel("loss (nats)")
        if log:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axes.set_ylim(bottom=0)
    sheet.alt += _ends(test.step, test.loss_nats, lambda value: f"{number(value)} nats")
    return sheet


def training_accuracy(history: "History") -> Sheet:
    """The accuracy of every step's images and on the test images, in per cent.

    Raises ValueError if the history has no steps.
    """
    train, test = history.metrics, history.evaluations
    sheet, axes = _sheet(train.step, "Accuracy while training", "accuracy")
    with style.settings():
        _draw(axes, train.step, 100 * train.accuracy, test.step, 100 * test.accuracy)
        axes.set(ylabel="accuracy (%)", ylim=(0, 101))
        axes.legend(loc="lower right")
    sheet.alt += _ends(test.step, test.accuracy, lambda value: f"{100 * value:.4g} %")
    return sheet


def _sheet(steps: np.ndarray, title: str, what: str) -> tuple[Sheet, Axes]:
    if not len(steps):
        raise ValueError(f"history has no steps yet, so there is no {what} to draw; train first")
    each = _window(len(steps))
    line = f"training images: mean of {each} steps (line) and every step (faint)"
    if each == 1:
        line = "training images: every step"
    alt = f"Curves of the {what} over {len(steps):,} steps of training."
    with style.settings():
        sheet = Sheet(HEIGHT, title, line, alt)
        axes = sheet.place(0.6, 0.08, WIDTH - 0.75, HEIGHT - 0.5)
        axes.set_xlabel("step")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.4)
        axes.set_axisbelow(True)
    return sheet, axes


def _draw(
    axes: Axes, step: np.ndarray, train: np.ndarray, at: np.ndarray, test: np.ndarray
) -> None:
    """A line for training and dots for tests: they differ without colours, and nothing is drawn
    between two tests, where nothing was measured."""
    each = _window(len(step))
    if each > 1:
        axes.plot(step, train, color=style.TRAIN_COLOUR, alpha=0.25, linewidth=0.4)
    means = np.convolve(train, np.full(each, 1 / each), "valid")
    middle = step[(each - 1) // 2 : (each - 1) // 2 + len(means)]
    axes.plot(middle, means, color=style.TRAIN_COLOUR, linewidth=1.2, label="training images")
    if len(at):
        marks: dict[str, Any] = {
            "marker": "o",
            "markersize": 4,
            "linestyle": "",
            "markeredgewidth": 0.5,
        }
        marks |= {"markeredgecolor": "white", "clip_on": False, "zorder": 3}
        axes.plot(at, test, color=style.TEST_COLOUR, label="test images", **marks)
    axes.set_xlim(0, max(step[-1], at[-1] if len(at) else 0) * 1.01)
    axes.legend(loc="upper right")


def _window(count: int) -> int:
    return max(1, count // POINTS)


def _ends(steps: np.ndarray, values: np.ndarray, words: Callable[[float], str]) -> str:
    if not len(steps):
        return ""
    first, last = words(float(values[0])), words(float(values[-1]))
    return f" On the test images it goes from {first} to {last}."
