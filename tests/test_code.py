"""A view as code: executed, it gives the same view."""

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from tests.pages import page

__all__ = ["page"]

SELECTIONS = ("index", "label", "layer", "channel", "pixel", "step")


@pytest.fixture
def scope():
    model, history = cw.pretrained()
    return cw.Microscope(model, cw.load("mnist"), history=history)


def rebuilt(code, **yours):
    """The dashboard that the lines of code show, the last of them."""
    *lines, last = code.strip().split("\n")
    exec("\n".join(lines), yours)
    return eval(last, yours)


def assert_same_view(one, other):
    for name in SELECTIONS:
        assert getattr(one.scope, name) == getattr(other.scope, name), name
    np.testing.assert_array_equal(one.scope.image, other.scope.image)
    np.testing.assert_array_equal(one.scope.maps(), other.scope.maps())
    np.testing.assert_array_equal(
        one.scope.prediction.probabilities, other.scope.prediction.probabilities
    )
    assert one.input == other.input


def drawing():
    picture = np.zeros((1, 28, 28), np.uint8)
    picture[0, 5:22, 13:16] = np.random.default_rng(3).integers(100, 256, (17, 3))
    return picture


def test_a_fresh_view_of_the_shipped_network_is_four_lines(page, scope):
    assert cw.Dashboard(scope).code == (
        "import cnnwidgets as cw\n"
        "\n"
        "model, history = cw.pretrained()\n"
        'scope = cw.Microscope(model, cw.load("mnist"), history=history)\n'
        "cw.Dashboard(scope)\n"
    )


@pytest.mark.parametrize(
    "selections",
    [
        {},
        {"index": 18},
        {"step": 0, "index": 4, "layer": "conv2", "channel": 9, "pixel": (3, 12)},
        {"layer": "fc", "channel": 7},
        {"index": 7, "label": 2},
        {"image": drawing()},
        {"image": drawing(), "label": 1, "step": 10, "layer": "pool1", "pixel": (0, 0)},
    ],
    ids=lambda chosen: "-".join(chosen) or "fresh",
)
def test_the_code_rebuilds_the_view(page, scope, selections):
    dashboard = cw.Dashboard(scope, input="draw" if "image" in selections else "pick")
    for name, value in selections.items():
        setattr(scope, name, value)
    again = rebuilt(dashboard.code)
    assert again.scope is not scope
    assert_same_view(again, dashboard)
    assert again.code == dashboard.code


def test_only_what_differs_from_a_fresh_view_is_written(page, scope):
    scope.layer, scope.channel = "conv2", 5
    lines = cw.Dashboard(scope).code.splitlines()
    assert lines[-2] == "scope.layer, scope.channel = 'conv2', 5"
    assert len(lines) == 6


def test_what_is_edited_is_rebuilt(page, scope):
    scope.edits = (cw.SetBias("conv1", 0, 0.5), cw.Ablate("conv2", 3))
    dashboard = cw.Dashboard(scope)
    again = rebuilt(dashboard.code)
    assert again.scope.edits == scope.edits
    assert_same_view(again, dashboard)


def test_the_view_is_rebuilt_that_needs_nothing_more(page, scope):
    dashboard = cw.Dashboard(scope, view="explain")
    assert dashboard.code.rstrip().endswith("cw.Dashboard(scope, view='explain')")
    dashboard.view = "look"
    assert dashboard.code.rstrip().endswith("cw.Dashboard(scope)")


def test_how_the_widgets_are_set_is_rebuilt(page, scope):
    dashboard = cw.Dashboard(scope)
    dashboard.maps.colormap, dashboard.filters.view, dashboard.picker.only = "grey", "all", 3
    again = rebuilt(dashboard.code)
    assert again.maps.colormap == again.enlarged.colormap == "grey"
    assert (again.filters.view, again.picker.only) == ("all", 3)


def test_a_model_that_only_resembles_the_shipped_one_is_the_readers_own(page):
    model, history = cw.pretrained()
    images = cw.load("mnist")
    with torch.no_grad():
        model.conv1.weight[0, 0, 0, 0] += 1e-3
    code = cw.Dashboard(cw.Microscope(model, images)).code
    assert "pretrained" not in code
    assert "# To be defined before, as they are behind this view: model.\n" in code
    own = cw.History(history.notes)
    for step in history.steps:
        then = history.at(step)
        weights = {name: value.clone() for name, value in then.weights.items()}
        weights["fc.bias"][0] += 1e-3 if step == history.steps[3] else 0
        own.add_snapshot(step, weights, accuracy=then.accuracy, loss_nats=then.loss_nats)
    code = cw.Dashboard(cw.Microscope(model, images, history=own)).code
    assert "# To be defined before, as they are behind this view: model, history.\n" in code
    assert 'cw.Microscope(model, cw.load("mnist"), history=history)' in code


def test_the_shipped_model_is_known_without_its_history_and_under_a_recreated_one(page):
    images = cw.load("mnist")
    code = cw.Dashboard(cw.Microscope(cw.pretrained()[0], images)).code
    assert "cw.pretrained()" in code
    assert_same_view(rebuilt(code), cw.Dashboard(cw.Microscope(cw.pretrained()[0], images)))
    # Untrained weights do not matter where the history brings its own.
    scope = cw.Microscope(cw.DigitCNN(), images, history=cw.pretrained()[1])
    assert_same_view(rebuilt(cw.Dashboard(scope).code), cw.Dashboard(scope))


def test_images_of_ones_own_are_left_to_the_reader_even_under_mnists_name(page, scope):
    mnist = scope.images
    pixels = mnist.images[:50].copy()
    pixels[0, 0, 0, 0] ^= 1
    few = cw.ImageSet.from_arrays(
        pixels, mnist.labels[:50], mnist.classes, name=mnist.name, mean=mnist.mean, std=mnist.std
    )
    own = cw.Microscope(cw.pretrained()[0], few)
    own.index = 30
    dashboard = cw.Dashboard(own)
    assert "# To be defined before, as they are behind this view: images.\n" in dashboard.code
    assert_same_view(rebuilt(dashboard.code, images=few), dashboard)


def test_the_training_images_are_named_with_their_split(page):
    scope = cw.Microscope(cw.pretrained()[0], cw.load("mnist", split="train"))
    assert 'cw.load("mnist", split="train")' in cw.Dashboard(scope).code


def test_a_picture_too_large_to_write_is_asked_for_in_a_comment(page):
    noise = np.random.default_rng(0).integers(0, 256, (2, 3, 96, 96)).astype(np.uint8)
    images = cw.ImageSet.from_arrays(noise, [0, 1], ("a", "b"), name="noise")
    scope = cw.Microscope(cw.DigitCNN(in_channels=3, image_size=96, classes=2), images)
    scope.image = noise[1]
    code = cw.Dashboard(scope).code
    assert "# To be defined before, as they are behind this view: model, images.\n" in code
    assert "# The picture (3×96×96) is too large to be written here" in code
    assert max(map(len, code.splitlines())) < 200


def test_a_page_asks_for_the_code_and_is_refused_anything_else(page, scope):
    dashboard = cw.Dashboard(scope)
    scope.layer = "conv2"
    page.clear()
    page.ask(dashboard, {"want": "code"})
    assert [content for content, _ in page.replies()] == [{"code": dashboard.code}]
    for odd in ({"want": "more"}, {}, [], "code", None):
        page.clear()
        page.ask(dashboard, odd)
        assert "code" not in page.replies()[0][0]
        assert "asks a dashboard for" in dashboard.error
