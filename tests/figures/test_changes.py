"""The figures of what differs: between two runs, without a channel, after one step."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets import figures
from cnnwidgets.figures.sheet import number
from cnnwidgets.figures.style import Scale
from cnnwidgets.network.ablation import Ablations, ablations
from tests.figures.reading import cells, drawn, expected, shows, written
from tests.samples import small_set


@pytest.fixture(scope="module")
def found(scope):
    """What silencing a channel of conv1 changes, and both runs' maps of conv2."""
    run, maps = scope.run, scope.maps("conv2")
    scope.edits = (cw.Ablate("conv1", 3),)
    result = cw.compare(run, scope.run), maps, scope.maps("conv2")
    scope.edits = ()
    return result


def bars(axes):
    return [[bar.get_width() for bar in part] for part in axes.containers]


def test_both_maps_and_their_difference_are_drawn_with_its_sign(found):
    comparison, before, after = found
    sheet = figures.comparison(comparison, "conv2", 4)
    panels = [axes for axes in sheet.axes if axes.images]
    shows(sheet, panels[:2], [before[4], after[4]])
    less = after[4] - before[4]
    colours = cells(drawn(sheet), panels[2], less.shape).astype(float)
    assert np.abs(colours - expected(less, Scale(less, signed=True))).max() <= 3
    assert {"before", "after", "after − before"} <= written(sheet)


def test_a_difference_that_only_grows_is_still_centred_on_zero():
    assert Scale(np.array([0.0, 2.0]), signed=True).norm.vmin == -2


def test_the_channel_that_differs_most_is_taken_and_named(found):
    comparison, before, after = found
    sizes = np.abs(after - before).max((1, 2))
    most = int(sizes.argmax())
    sheet = figures.comparison(comparison, "conv2")
    assert sheet.title.startswith(f"conv2, channel {most}:")
    line = sheet.texts[1].get_text()
    assert line.startswith(f"16 of 16 channels differ, most of all {most} ({number(sizes[most])})")


def test_the_prediction_is_told_before_and_after(found, scope):
    comparison, *_ = found
    classes = [f"digit {i}" for i in range(10)]
    sheet = figures.comparison(comparison, "conv2", classes=classes, names=("whole", "edited"))
    axes = next(axes for axes in sheet.axes if axes.containers)
    one, other = bars(axes)
    assert one == pytest.approx(comparison.before.probabilities)
    assert other == pytest.approx(comparison.after.probabilities)
    assert [label.get_text() for label in axes.get_yticklabels()] == classes
    assert axes.get_xlabel() == "probability (above: whole, below: edited)"
    assert "whole: digit 7, with > 99.9 %; edited: digit 7" in sheet.alt


def test_a_vector_is_drawn_whole(found):
    comparison, *_ = found
    sheet = figures.comparison(comparison, "fc")
    panels = [axes for axes in sheet.axes if axes.images]
    change = comparison["fc"]
    shows(sheet, panels[:2], [change.before[None], change.after[None]])
    assert len(panels[2].texts) == 10
    with pytest.raises(ValueError, match="'fc' gives a vector, drawn whole"):
        figures.comparison(comparison, "fc", 3)


def test_runs_that_are_the_same_are_said_to_be(scope):
    sheet = figures.comparison(cw.compare(scope.run, scope.run), "conv1")
    assert "no channel of this layer differs" in written(sheet)


def test_runs_without_scores_and_with_nan_are_compared_too():
    model = nn.Sequential(nn.Conv2d(3, 2, 3))
    scope = cw.Microscope(model, small_set(3))
    run = scope.run
    model[0].weight.data[1, 0, 0, 0] = float("nan")
    other = cw.Microscope(model, small_set(3)).run
    sheet = figures.comparison(cw.compare(run, other), "0")
    assert sheet.title.startswith("0, channel 1"), "what is no number differs most"
    assert "hatched: not finite" in sheet.texts[1].get_text()
    assert not any(axes.containers for axes in sheet.axes)
    assert np.ptp(drawn(sheet)) > 200, "the picture is not blank"


def test_what_cannot_be_compared_is_refused(found):
    with pytest.raises(ValueError, match="no layer 'conv9' in both runs"):
        figures.comparison(found[0], "conv9")
    with pytest.raises(ValueError, match=r"channel .=16. must be from 0 to 15"):
        figures.comparison(found[0], "conv2", 16)


@pytest.fixture(scope="module")
def silenced(scope):
    model, _ = cw.pretrained()
    images = torch.from_numpy(scope.images.normalize(scope.images.images[:200]))
    return ablations(model.eval(), "conv1", images, scope.images.labels[:200])


def test_bars_are_the_changes_of_accuracy_the_most_needed_first(silenced):
    sheet = figures.ablation(silenced)
    (axes,) = sheet.axes
    order = np.argsort(silenced.changes, kind="stable")
    assert bars(axes)[0] == pytest.approx(100 * silenced.changes[order])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"channel {at}" for at in order]
    assert drawn(sheet).shape[1] == 1950


def test_the_class_that_loses_most_stands_behind_its_bar(silenced):
    classes = [f"digit {i}" for i in range(10)]
    sheet = figures.ablation(silenced, classes)
    rows = {}
    for text in sheet.axes[0].texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    first = int(silenced.changes.argmin())
    worst = silenced.worst[first]
    loss = f"−{abs(100 * silenced.by_class[first, worst]):.1f}"
    change = f"−{abs(100 * silenced.changes[first]):.1f}"
    assert rows[0] == [change, classes[worst], loss]
    assert f"channel {first} {change} points, most of all class {classes[worst]}" in sheet.alt


def test_of_many_channels_the_most_needed_are_shown():
    labels = np.zeros(10, np.int64)
    after = np.zeros((100, 10), np.int64)
    after[:3, :5] = 1
    sheet = figures.ablation(Ablations("wide", labels, 2, labels, after))
    assert [label.get_text() for label in sheet.axes[0].get_yticklabels()][:4] == [
        f"channel {i}" for i in range(4)
    ]
    assert "the 32 most needed of 100" in sheet.texts[1].get_text()
    assert {"−50.0", "none"} <= written(sheet)


@pytest.mark.parametrize("read", [0, 1])
def test_channels_that_change_nothing_or_only_help_are_drawn(read):
    labels = np.zeros(4, np.int64)
    found = Ablations("idle", labels, 2, np.full(4, read), np.zeros((3, 4), np.int64))
    sheet = figures.ablation(found)
    drawn(sheet)
    assert written(sheet) >= ({"+100.0"} if read else {"0.0"})


@pytest.fixture(scope="module")
def session():
    digits = cw.load("mnist")
    few = cw.ImageSet.from_arrays(digits.images[:20], digits.labels[:20], digits.classes)
    made = cw.TrainingSession(cw.DigitCNN(), few, batch_size=10, optimizer="sgd")
    yield made
    made.stop().result()


def test_a_slow_step_shows_weights_gradient_change_and_new_weights(session):
    scope = cw.Microscope(session.model, session.images, history=session.history)
    with pytest.raises(ValueError, match="no step is done phase by phase"):
        figures.slow_step(session, scope)
    for _ in range(4):
        session.phase().result()
    scope.layer, scope.channel = "relu2", 5
    sheet = figures.slow_step(session, scope, 2)
    slow = session.slow
    before, after = (w["conv2.weight"][5, 2].numpy() for w in (slow.weights, slow.updated))
    gradient = slow.gradients["conv2.weight"][5, 2].numpy()
    panels = [axes for axes in sheet.axes if axes.images]
    shows(sheet, [panels[0], panels[3]], [before, after])
    pixels = drawn(sheet)
    for axes, values in ((panels[1], gradient), (panels[2], after - before)):
        colours = cells(pixels, axes, (5, 5)).astype(float)
        assert np.abs(colours - expected(values, Scale(values, signed=True))).max() <= 3
    assert sheet.title == "Step 1: conv2, filter 5, input channel 2"
    with pytest.raises(ValueError, match=r"input .=8. must be from 0 to 7"):
        figures.slow_step(session, scope, 8)
    images = small_set()
    with pytest.raises(ValueError, match="layer '0' has no kernels"):
        figures.slow_step(session, cw.Microscope(nn.Sequential(nn.ReLU()), images))
    with pytest.raises(ValueError, match="the session trains no layer '0'"):
        figures.slow_step(session, cw.Microscope(nn.Sequential(nn.Conv2d(1, 2, 3)), images))


def test_of_a_frozen_layer_there_is_no_slow_step():
    model, images = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3)), small_set()
    model[0].requires_grad_(False)
    session = cw.TrainingSession(model, images)
    for _ in range(4):
        session.phase().result()
    scope = cw.Microscope(model, images, history=session.history)
    scope.layer = "0"
    with pytest.raises(ValueError, match=r"trains no layer '0'.*not frozen"):
        figures.slow_step(session, scope)
