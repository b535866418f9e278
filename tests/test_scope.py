"""The microscope against plain PyTorch, and what it refuses."""

import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traitlets import TraitError, link

import cnnwidgets as cw
from tests.pages import page, scope, shipped, state_of, unchanged, wait_for
from tests.samples import small_set

__all__ = ["page", "scope", "shipped"]

# Same operations on the same numbers, but torch.nn.functional may choose another kernel.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def by_hand(weights, image):
    """Every layer of DigitCNN, written with torch.nn.functional."""
    maps = {}
    x = torch.from_numpy((image.astype(np.float32) / 255 - 0.1307) / 0.3081)[None].float()
    maps["conv1"] = x = F.conv2d(x, weights["conv1.weight"], weights["conv1.bias"], padding=2)
    maps["relu1"] = x = F.relu(x)
    maps["pool1"] = x = F.max_pool2d(x, 2)
    maps["conv2"] = x = F.conv2d(x, weights["conv2.weight"], weights["conv2.bias"], padding=2)
    maps["relu2"] = x = F.relu(x)
    maps["pool2"] = x = F.max_pool2d(x, 2)
    maps["fc"] = F.linear(x.flatten(1), weights["fc.weight"], weights["fc.bias"])
    return {name: values[0].numpy() for name, values in maps.items()}


def test_maps_equal_a_forward_pass_written_by_hand(scope, shipped):
    model, _, images = shipped
    for index in (0, 17, 199):
        scope.index = index
        expected = by_hand(model.state_dict(), images.images[index])
        assert [layer.name for layer in scope.layers] == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(scope.maps(name), values, **CLOSE)
        np.testing.assert_allclose(scope.prediction.logits, expected["fc"], **CLOSE)
        assert scope.prediction.probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert scope.label == images.labels[index]


def test_a_step_shows_exactly_the_weights_of_its_snapshot(scope, shipped):
    _, history, images = shipped
    for step in (history.steps[0], history.steps[5], history.steps[-1]):
        scope.step = step
        expected = by_hand(history.at(step).weights, images.images[0])
        np.testing.assert_allclose(scope.maps("fc"), expected["fc"], **CLOSE)
        recorded = history.at(step).weights["conv1.weight"].numpy()
        assert (scope.kernels("conv1").weights == recorded).all()


def test_a_step_that_was_not_recorded_becomes_the_nearest(scope, shipped):
    steps = shipped[1].steps
    scope.step = steps[-1] + 1000
    assert scope.step == steps[-1]
    scope.step = steps[3] + (1 if steps[4] - steps[3] > 2 else 0)
    assert scope.step == steps[3]


def test_looking_changes_nothing_in_the_users_model(shipped):
    images = shipped[2]
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten())
    model.append(nn.Linear(4 * 26 * 26, 10)).train()
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append(1))
    model(torch.zeros(2, 1, 28, 28)).sum().backward()
    calls.clear()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    grads = [parameter.grad.clone() for parameter in model.parameters()]
    flags = [module.training for module in model.modules()]
    hooks = [(list(m._forward_hooks), list(m._forward_pre_hooks)) for m in model.modules()]
    torch.manual_seed(3)
    random = torch.get_rng_state()

    scope = cw.Microscope(model, images)
    for index in (3, 4):
        scope.index = index
    for layer in scope.layers:
        scope.layer = layer.name
        scope.kernels()
    scope.predicted()

    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
    assert [module.training for module in model.modules()] == flags
    assert hooks == [(list(m._forward_hooks), list(m._forward_pre_hooks)) for m in model.modules()]
    assert torch.equal(torch.get_rng_state(), random)


def test_training_the_users_model_does_not_move_what_is_looked_at(shipped):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    scope = cw.Microscope(model, shipped[2])
    before = scope.maps("1").copy()
    with torch.no_grad():
        model[1].weight.add_(1)
    scope.index = 1
    scope.index = 0
    assert (scope.maps("1") == before).all()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("index", 200, r"index \(=200\) must be from 0 to 199, the images of 'digits'"),
        ("index", -1, "from 0 to 199"),
        ("index", True, "whole number"),
        ("index", 10**40, "from 0 to 199"),
        ("index", 1.5, "whole number"),
        ("image", None, "image must be a picture"),
        (
            "image",
            np.zeros((3, 28, 28), np.uint8),
            r"\(3, 28, 28\); give \(1, row, column\), .* 'digits' are$",
        ),
        ("image", np.zeros((28, 28, 1), np.uint8), r"image\.transpose\(2, 0, 1\)$"),
        ("image", np.full((28, 28), np.nan), "784 NaN"),
        ("image", np.zeros((28, 28), np.int64), "dtype int64"),
        ("image", np.zeros((9, 9), np.uint8), "'fc' takes 784"),
        ("image", "a picture", "image of Microscope"),
        ("layer", "conv9", "no layer 'conv9'; did you mean 'conv"),
        ("channel", 8, "from 0 to 7, the channels of 'conv1'"),
        ("channel", True, "whole number"),
        ("pixel", (28, 0), "28 rows and 28 columns"),
        ("pixel", (0, -1), "outside"),
        ("pixel", (1,), "2 elements"),
        ("label", 10, "from 0 to 9"),
        ("step", None, "recorded step"),
        ("run", None, "read-only"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words_and_changes_nothing(scope, name, value, words):
    scope.pixel = (2, 3)
    before = state_of(scope)
    with pytest.raises(TraitError, match=words):
        setattr(scope, name, value)
    assert unchanged(scope, before)
    scope.index = 5
    assert scope.label == scope.images.labels[5]


def test_a_vector_has_no_pixels(scope):
    scope.layer = "fc"
    with pytest.raises(TraitError, match="single values"):
        scope.pixel = (0, 0)


def test_another_layer_keeps_channel_and_pixel_only_where_they_exist(scope):
    scope.layer = "conv2"
    scope.channel, scope.pixel = 12, (10, 11)
    scope.layer = "relu2"
    assert (scope.channel, scope.pixel) == (12, (10, 11))
    scope.layer = "pool2"
    assert (scope.channel, scope.pixel) == (12, None)
    scope.layer = "conv1"
    assert scope.channel == 0


def test_a_smaller_image_takes_back_a_pixel_that_it_does_not_have():
    scope = cw.Microscope(nn.Conv2d(1, 2, 3), small_set(size=12))
    scope.pixel = (9, 9)
    scope.image = np.zeros((6, 6), np.uint8)
    assert scope.pixel is None
    assert scope.maps().shape == (2, 4, 4)


def test_an_image_of_ones_own_has_no_index_and_no_label(scope):
    scope.image = np.zeros((28, 28), bool)
    assert (scope.index, scope.label, scope.image.shape) == (None, None, (1, 28, 28))
    scope.label = 3
    assert scope.label == 3
    scope.index = 2
    assert scope.label == scope.images.labels[2]


def test_selections_set_together_are_measured_once_and_told_when_all_hold(scope):
    seen = []
    scope.observe(
        lambda _: seen.append((scope.index, scope.layer, scope.channel, len(scope.maps()))),
        ["index", "layer", "channel", "run"],
    )
    with scope.hold_trait_notifications():
        scope.channel = 12
        scope.index = 7
        scope.layer = "conv2"
        scope.step = 0
    assert set(seen) == {(7, "conv2", 12, 16)}
    assert scope.step == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"index": 7, "channel": 99},
        {"channel": 3, "layer": "nope"},
        {"step": 0, "index": 1000},
        {"step": 0, "layer": "nope"},
        {"index": 3, "layer": 5},
    ],
)
def test_selections_set_together_are_refused_together(scope, wanted):
    def set_together():
        with scope.hold_trait_notifications():
            for name, value in wanted.items():
                setattr(scope, name, value)

    before = state_of(scope)
    with pytest.raises(TraitError):
        set_together()
    assert unchanged(scope, before)
    recorded = scope.history.at(scope.step).weights["conv2.weight"].numpy()
    assert (scope.kernels("conv2").weights == recorded).all()
    expected = scope.maps("fc").copy()
    scope.index = 1
    scope.index = 0
    assert (scope.maps("fc") == expected).all(), "the weights of another step stayed in the slide"


def test_no_observer_sees_one_image_with_the_maps_of_another(scope, shipped):
    model, _, images = shipped
    expected = [by_hand(model.state_dict(), images.images[i])["conv1"] for i in range(3)]
    wrong = []

    def check(_):
        if not np.allclose(scope.maps("conv1"), expected[scope.index], **CLOSE):
            wrong.append(scope.index)

    scope.observe(check, ["index", "image", "label", "run", "prediction"])
    for index in (1, 2, 0):
        scope.index = index
    assert not wrong


def test_two_microscopes_can_be_linked(shipped):
    model, history, images = shipped
    one = cw.Microscope(model, images)
    other = cw.Microscope(model, images, history=history)
    link((one, "channel"), (other, "channel"))
    link((one, "index"), (other, "index"))
    one.channel, other.index = 5, 9
    assert (other.channel, one.index) == (5, 9)


def test_the_set_is_read_as_a_plain_loop_reads_it(scope, shipped):
    model, _, images = shipped
    with torch.no_grad():
        expected = model(torch.from_numpy(images.normalize(images.images))).argmax(1).numpy()
    assert (scope.predicted() == expected).all()


def test_a_step_selected_while_the_set_is_read_is_the_one_answered_for(scope, shipped, monkeypatch):
    _, history, images = shipped
    monkeypatch.setattr("cnnwidgets.scope.BATCH_IMAGES", 50)
    done, went_on = [], []

    def progress(count):
        done.append(count)
        if count == 100 and not went_on:
            went_on.append(True)
            scope.step = history.steps[0]

    answer = scope.predicted(progress)
    assert went_on
    for step, found in ((history.steps[0], answer), (history.steps[-1], None)):
        fresh = cw.Microscope(cw.DigitCNN(), images, history=history)
        fresh.step = step
        scope.step = step
        assert (scope.predicted() == fresh.predicted()).all()
        assert found is None or (found == fresh.predicted()).all()


def test_two_threads_leave_one_consistent_state(scope, shipped):
    model, _, images = shipped
    problems = []

    def drag(first):
        try:
            for index in range(first, 200, 8):
                scope.index = index
                scope.layer = ("conv1", "conv2")[index % 2]
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=drag, args=(first,)) for first in (0, 1, 2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: not any(thread.is_alive() for thread in threads))
    assert not problems
    expected = by_hand(model.state_dict(), images.images[scope.index])
    np.testing.assert_allclose(scope.maps("fc"), expected["fc"], **CLOSE)
    assert scope.label == images.labels[scope.index]
