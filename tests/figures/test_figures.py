"""Figures show the numbers that the network computed, to everybody, and are the same each time."""

import subprocess
import sys
from collections import OrderedDict

import matplotlib
import numpy as np
import pypdfium2
import pytest
import torch
from PIL import Image
from torch import nn

import cnnwidgets as cw
from cnnwidgets import figures
from cnnwidgets.figures.grids import MOST
from cnnwidgets.figures.sheet import number
from cnnwidgets.figures.style import Scale
from tests.figures.reading import cells, drawn, expected, fits, shows
from tests.samples import small_set

NAMES = [
    "conv1_filters",
    "featuremaps_conv1",
    "featuremaps_conv2",
    "orig_and_conv1_grid",
    "image_through_layers",
    "training_loss",
    "training_accuracy",
]


def test_the_filters_of_conv1_are_its_weights(scope):
    sheet = figures.conv1_filters(scope)
    shows(sheet, sheet.axes[:8], scope.kernels("conv1").weights[:, 0])


@pytest.mark.parametrize(("layer", "count"), [("conv1", 8), ("conv2", 16), ("relu2", 16)])
def test_feature_maps_are_what_the_hook_stored(scope, layer, count):
    sheet = figures.feature_maps(scope, layer)
    shows(sheet, sheet.axes[:count], scope.maps(layer))


def test_the_input_stands_beside_its_maps(scope):
    sheet = figures.orig_and_conv1_grid(scope)
    shows(sheet, sheet.axes[1:9], scope.maps("conv1"))
    grey = cells(drawn(sheet), sheet.axes[0], (28, 28))
    assert np.array_equal(grey, np.repeat(scope.image[0][..., None], 3, axis=2))


def test_an_edited_network_is_said_to_be(scope):
    scope.edits = (cw.Ablate("conv1", 3),)
    sheet = figures.featuremaps_conv1(scope)
    scope.edits = ()
    assert any("step 2,814, with 1 edit;" in text.get_text() for text in sheet.texts)
    assert "edit" not in figures.featuremaps_conv1(scope).texts[1].get_text()


def test_the_filters_of_an_edited_network_are_the_edited_ones(scope):
    flat = np.linspace(-1, 1, 25, dtype=np.float32).reshape(5, 5)
    scope.edits = (cw.SetKernel("conv1", 2, 0, flat),)
    sheet, weights = figures.filters(scope, "relu1"), scope.kernels("conv1").weights
    scope.edits = ()
    assert np.array_equal(weights[2, 0], flat)
    shows(sheet, sheet.axes[:8], weights[:, 0])


def test_the_samples_are_the_first_images(scope):
    sheet = figures.samples(scope.images, count=3)
    pixels = drawn(sheet)
    for axes, image in zip(sheet.axes, scope.images.images[:3], strict=True):
        assert np.array_equal(cells(pixels, axes, (28, 28))[..., 0], image[0])
    assert [axes.get_title("left") for axes in sheet.axes] == ["7", "2", "1"]


def test_dots_are_where_values_are_below_zero_so_that_grey_print_tells(scope):
    sheet = figures.conv1_filters(scope)
    weights = scope.kernels("conv1").weights[:, 0]
    for axes, values in zip(sheet.axes[:8], weights, strict=True):
        dots = {(y, x) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)}
        clearly = np.argwhere(values < -0.05 * np.abs(weights).max())
        assert dots == {tuple(place) for place in clearly.tolist()}


def test_scales_are_centred_on_zero_for_signed_numbers_and_begin_there_for_the_rest():
    signed, plain = Scale(np.array([-1.0, 3.0])), Scale(np.array([0.5, 3.0]))
    assert (signed.norm.vmin, signed.norm.vmax) == (-3, 3)
    assert expected(np.zeros(1), signed).tolist() == [[255, 255, 255]]
    assert (plain.norm.vmin, plain.norm.vmax, plain.colours.name) == (0, 3, "viridis")


def test_every_scale_has_a_unit(scope):
    for name, unit in (("conv1_filters", "weight (no unit)"), ("featuremaps_conv2", "activation")):
        labels = [axes.get_ylabel() for axes in getattr(figures, name)(scope).axes]
        assert any(label.startswith(unit) for label in labels)
    assert figures.training_loss(scope.history).axes[0].get_ylabel() == "loss (nats)"
    assert figures.training_accuracy(scope.history).axes[0].get_ylabel() == "accuracy (%)"


def test_the_curves_are_the_recorded_numbers(scope):
    metrics, tests = scope.history.metrics, scope.history.evaluations
    every, means, dots = figures.training_loss(scope.history).axes[0].lines
    assert np.array_equal(every.get_ydata(), metrics.loss_nats)
    assert means.get_ydata()[0] == pytest.approx(metrics.loss_nats[:28].mean())
    assert np.array_equal(dots.get_xydata(), np.stack([tests.step, tests.loss_nats], axis=1))
    share = figures.training_accuracy(scope.history).axes[0].lines[2].get_ydata()
    assert share == pytest.approx(100 * tests.accuracy)


def test_a_history_without_steps_has_no_curves():
    with pytest.raises(ValueError, match="no steps yet"):
        figures.training_loss(cw.History())


def test_all_figures_are_drawn_by_their_names(scope):
    assert [name for name, _ in figures.draw_all(scope)] == NAMES
    assert [name for name, _ in figures.draw_all(scope, "pool2")] == [
        "pool2_filters",
        "featuremaps_pool2",
        "orig_and_pool2_grid",
    ]


def test_another_model_and_other_images_are_drawn_too(coloured):
    names = {layer.name: dict(figures.draw_all(coloured, layer.name)) for layer in coloured.layers}
    assert set(names["0"]) == {"0_filters", "featuremaps_0", "orig_and_0_grid"}
    assert set(names["3"]) == {"featuremaps_3"}
    maps = names["2"]["featuremaps_2"]
    assert sum(bool(axes.images) for axes in maps.axes) == MOST
    assert any("the first 64 of 80" in text.get_text() for text in maps.texts)
    image = coloured.image.transpose(1, 2, 0)
    sheet = names["0"]["orig_and_0_grid"]
    assert np.array_equal(cells(drawn(sheet), sheet.axes[0], (5, 5)), image)
    kernels = coloured.kernels("0").weights
    shows(names["0"]["0_filters"], names["0"]["0_filters"].axes[:18], kernels.reshape(18, 3, 3))
    assert figures.image_through_layers(coloured).alt.endswith("%.")


def test_a_vector_is_drawn_as_bars(scope):
    bars = figures.feature_maps(scope, "fc").axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx(scope.maps("fc"))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda scope: figures.filters(scope, "conv9"), "conv9.*conv1"),
        (lambda scope: figures.feature_maps(scope, "conv9"), "conv9.*conv1"),
        (lambda scope: figures.image_and_maps(scope, "fc"), "'fc' gives a vector"),
        (lambda scope: figures.samples(scope.images, 0), "count .=0. must be at least 1"),
        (lambda scope: figures.save(figures.conv1_filters(scope), "a.gif"), r"\.png, \.svg, \.pdf"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(scope, draw, words):
    with pytest.raises(ValueError, match=words):
        draw(scope)


@pytest.mark.parametrize(
    ("layer", "words"),
    [("0", "'0' .ReLU. has no filters;"), ("3", "'3' .Linear. .*cannot be laid out as maps;")],
)
def test_a_layer_without_filters_is_refused(layer, words):
    model = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(64, 5), nn.Linear(5, 3))
    with pytest.raises(ValueError, match=words):
        figures.filters(cw.Microscope(model, small_set()), layer)


def test_of_a_long_vector_the_first_units_are_drawn_and_that_is_said():
    scope = cw.Microscope(nn.Sequential(nn.Flatten()), small_set(size=40))
    sheet = figures.feature_maps(scope, "0")
    bars = [bar.get_height() for bar in sheet.axes[0].patches]
    assert bars == pytest.approx(scope.maps("0")[:1024])
    assert sheet.texts[1].get_text().endswith("; the first 1,024 of 1,600")


def test_what_is_not_finite_is_hatched_and_counted():
    model = nn.Sequential(nn.Conv2d(1, 1, 1))
    model[0].weight.data[:] = float("nan")
    images = cw.ImageSet.from_arrays(np.ones((1, 3, 3), np.uint8), [0])
    sheet = figures.feature_maps(cw.Microscope(model, images), "0")
    assert any("hatched: 9 values not finite" in text.get_text() for text in sheet.texts)


def test_files_hold_the_words_for_those_who_cannot_see(scope, tmp_path):
    sheet = figures.conv1_filters(scope)
    png, svg, pdf = (figures.save(sheet, tmp_path / f"new/a.{kind}") for kind in figures.FORMATS)
    with Image.open(png) as picture:
        assert picture.text == {"Title": sheet.title, "Description": sheet.alt}
        assert np.ptp(np.asarray(picture.convert("L"))) > 200, "the picture is not blank"
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert sheet.alt in svg.read_text(encoding="utf-8")
    assert "<text" not in svg.read_text(encoding="utf-8"), "letters are outlines, not fonts"
    with pypdfium2.PdfDocument(pdf) as document:
        assert document.get_metadata_value("Subject") == sheet.alt
        words = document[0].get_textpage().get_text_range().split()
        assert "conv1: 8 filters of 5×5" in " ".join(words)
    assert b"/FontFile2" in pdf.read_bytes()


@pytest.mark.parametrize("kind", figures.FORMATS)
@pytest.mark.parametrize(
    "draw",
    [
        lambda scope: figures.training_loss(scope.history),
        figures.prediction,
        lambda scope: figures.pixel(scope, "conv2", (5, 6, 9)),
        lambda scope: figures.comparison(cw.compare(scope.run, scope.run), "conv2"),
    ],
    ids=["curve", "prediction", "pixel", "comparison"],
)
def test_the_same_figure_gives_the_same_bytes_whatever_the_users_settings(
    scope, tmp_path, draw, kind
):
    first = figures.save(draw(scope), tmp_path / f"a.{kind}")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 50}):
        before = dict(matplotlib.rcParams)
        again = figures.save(draw(scope), tmp_path / f"b.{kind}")
        assert dict(matplotlib.rcParams) == before
    assert first.read_bytes() == again.read_bytes()


def test_the_longest_names_and_many_classes_stay_on_the_page():
    names = [f"class {i} with a name {'that goes on ' * 8}" for i in range(300)]
    torch.manual_seed(0)
    path = OrderedDict(
        a_layer_with_a_very_long_name_indeed=nn.Conv2d(3, 70, 3),
        b=nn.Flatten(),
        c=nn.Linear(2520, 300),
    )
    images = small_set(3)
    images = cw.ImageSet.from_arrays(images.images, [299] * len(images), names)
    scope = cw.Microscope(nn.Sequential(path), images)
    run, layer = scope.run, scope.layers[0].name
    scope.edits = (cw.Ablate(layer, 0),)
    changed = cw.compare(run, scope.run)
    for sheet in (
        figures.prediction(scope),
        figures.pixel(scope, layer, (0, 1, 1)),
        figures.pixel(scope, "c", (7,)),
        figures.comparison(changed, layer, classes=names, names=(names[0], names[1])),
        figures.comparison(changed, "c", classes=names),
        figures.filters(scope, layer),
        figures.samples(images),
        figures.image_through_layers(scope),
    ):
        fits(sheet)


def test_without_matplotlib_one_sentence_says_what_to_install():
    code = "import sys; sys.modules['matplotlib'] = None; import cnnwidgets.figures"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "figures need Matplotlib; install it with: pip install" in done.stderr


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999.4, "999"),
        (999.7, "1,000"),
        (-999.7, "−1,000"),
        (1e7, "1e+07"),
        (0.00012345, "0.000123"),
    ],
)
def test_numbers_keep_three_digits_and_have_no_exponent_where_none_is_needed(value, text):
    assert number(value) == text
