"""The figure of one value's arithmetic: the numbers that the network stored, and their sum."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets import figures
from cnnwidgets.figures.sheet import number
from tests.figures.reading import cells, drawn, shows, written
from tests.samples import small_set


def pictures(sheet):
    """The axes that show arrays: of maps, the map; then column by column of the arithmetic."""
    return [axes for axes in sheet.axes if axes.images][1:]


def one(*layers, channels=1, size=8):
    torch.manual_seed(0)
    return cw.Microscope(nn.Sequential(*layers), small_set(channels, size))


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_patch_kernel_and_products_are_those_that_were_multiplied(scope, layer):
    unit = (5, 6, 9)
    sheet = figures.pixel(scope, layer, unit)
    terms = scope.explain(layer, unit).terms
    order = np.argsort(-abs(terms.products.sum((1, 2))), kind="stable")[:3]
    grid, *grids = pictures(sheet)
    for frame in [*grid.patches]:
        frame.remove()  # it covers what is beside the value
    shows(sheet, [grid], scope.maps(layer)[5][None])
    count = len(order)
    for at, values in enumerate((terms.patch, terms.weights, terms.products)):
        shows(sheet, grids[at * count : (at + 1) * count], values[order])


def test_the_sum_goes_from_the_largest_channel_to_the_stored_value(scope):
    sheet = figures.pixel(scope, "conv2", (5, 6, 9))
    found = scope.explain("conv2", (5, 6, 9))
    sums = found.sums[np.argsort(-abs(found.sums))]
    running = np.cumsum(sums)
    told = {number(value) for value in (*sums[:6], *running[:6], sums[6:].sum(), found.stored)}
    assert told <= written(sheet)
    assert {"the 2 others", "bias", "the stored value: the same ✓"} <= written(sheet)
    assert number(found.stored) in sheet.title


def test_numbers_are_written_into_cells_that_have_room(scope):
    weights = scope.explain("conv1", (3, 13, 19)).terms.weights
    sheet = figures.pixel(scope, "conv1", (3, 13, 19))
    kernel = pictures(sheet)[2]
    texts = [text.get_text().replace("−", "-") for text in kernel.texts]
    assert texts == [f"{value:.2f}" for value in weights.ravel()]
    assert not kernel.lines, "dots and numbers would hide each other"
    wide = pictures(figures.pixel(scope, "fc", (7,)))
    assert not any(axes.texts for axes in wide), "7×7 cells are too small to read"


def test_the_frames_are_what_the_value_sees_and_the_value(scope):
    sheet = figures.pixel(scope, "conv2", (5, 6, 9))
    box = scope.receptive_field("conv2", (5, 6, 9)).box
    image, values = (axes for axes in sheet.axes if axes.images and axes.patches)
    frame, place = image.patches[-1], values.patches[-1]
    assert frame.get_xy() == (box.column - 0.5, box.row - 0.5)
    assert frame.get_width() == box.column_stop - box.column
    assert frame.get_height() == box.row_stop - box.row
    assert place.get_xy() == (8.5, 5.5)
    assert any("rows 6 to 19, columns 12 to 25" in text for text in written(sheet))


def test_a_linear_layer_is_drawn_as_the_maps_it_reads(scope):
    terms = scope.explain("fc", (7,)).terms
    order = np.argsort(-abs(terms.products.sum((1, 2))), kind="stable")[:3]
    sheet = figures.pixel(scope, "fc", (7,))
    shows(sheet, pictures(sheet)[:3], terms.patch[order])


def test_a_sum_of_single_numbers_is_told_number_by_number():
    scope = one(nn.Flatten(), nn.Linear(64, 20), nn.Linear(20, 3))
    sheet = figures.pixel(scope, "2", (1,))
    found = scope.explain("2", (1,))
    columns = pictures(sheet)
    assert len(columns) == 3 * 10
    products = found.terms.products.ravel()
    largest = products[np.argsort(-abs(products), kind="stable")][:10]
    assert [axes.texts[0].get_text() for axes in columns[20:]] == [*map(number, largest)]
    rest = found.sums.sum() - largest.sum()
    assert f"the 10 others: {number(rest)}" in written(sheet)
    assert number(found.stored) in written(sheet)


def test_a_maximum_frames_the_number_that_won(scope):
    sheet = figures.pixel(scope, "pool1", (3, 6, 9))
    found = scope.explain("pool1", (3, 6, 9))
    patch, result = pictures(sheet)[1:]
    shows(sheet, [patch], found.terms.patch)
    _, row, column = found.terms.winner
    assert patch.patches[-1].get_xy() == (column - 0.5, row - 0.5)
    assert [text.get_text() for text in result.texts] == [number(found.stored)]
    place = found.unit_at(*found.terms.winner)
    wins = f"{number(found.stored)} wins: channel {place[0]}, row {place[1]}, column {place[2]}"
    assert f"{wins} of relu1" in written(sheet)
    padded = figures.pixel(one(nn.MaxPool2d(3, 2, 1)), "0", (0, 0, 0))
    assert "hatched: padding, outside of the input" in written(padded)


def test_a_relu_says_what_it_did(scope):
    maps = scope.maps("conv1")
    for place, word in ((maps.argmax(), "unchanged"), (maps.argmin(), "cut to zero")):
        unit = tuple(map(int, np.unravel_index(place, maps.shape)))
        sheet = figures.pixel(scope, "relu1", unit)
        assert {number(maps[unit]), word} <= written(sheet)


def test_other_layers_come_out_too():
    layers = (
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.AvgPool2d(2),
        nn.LayerNorm([4, 4, 4]),
        nn.Flatten(),
        nn.Linear(64, 3),
        nn.Softmax(1),
    )
    scope = one(*layers, channels=3)
    said = {}
    for layer in scope.layers:
        unit = (1, 0, 0)[: len(layer.shape)]
        sheet = figures.pixel(scope, layer.name, unit)
        assert np.ptp(drawn(sheet)) > 200, "the picture is not blank"
        assert number(scope.maps(layer.name)[unit]) in written(sheet)
        said[layer.kind] = " ".join(written(sheet))
    assert "crossed: padding" in said["Conv2d"]
    assert "variance 1" in said["BatchNorm2d"]
    assert "divisor 4" in said["AvgPool2d"]
    assert "slopes need not add up to it" in said["LayerNorm"]
    assert "the share of unit 1" in said["Softmax"]


def test_of_many_shares_the_one_that_is_explained_comes_first():
    scope = one(nn.Flatten(), nn.Linear(64, 40), nn.Softmax(1))
    least = int(scope.maps("2").argmin())
    sheet = figures.pixel(scope, "2", (least,))
    powers = scope.explain("2", (least,)).terms.products.ravel()
    first = pictures(sheet)[10]
    assert [text.get_text() for text in first.texts] == [number(powers[least])]


def test_the_input_is_drawn_in_its_colours():
    scope = one(nn.Conv2d(3, 2, 3), channels=3)
    sheet = figures.pixel(scope, "0", (0, 5, 5))
    image = scope.image.transpose(1, 2, 0)
    found = cells(drawn(sheet), sheet.axes[0], (8, 8))
    assert np.array_equal(found[:4, :4], image[:4, :4]), "beside the frame"


def test_an_edit_of_the_result_is_told(scope):
    scope.edits = (cw.Ablate("conv1", 3),)
    sheet = figures.pixel(scope, "conv1", (3, 13, 19))
    scope.edits = ()
    assert "Ablate(layer='conv1', channel=3)" in written(sheet)
    assert sheet.title.endswith(": 0")


def test_what_is_not_finite_is_hatched():
    scope = one(nn.Conv2d(1, 1, 3))
    scope.edits = (cw.SetBias("0", 0, 3e38), cw.Scale("0", 0, 3e38))
    assert "∞" in figures.pixel(scope, "0", (0, 0, 0)).title
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    model[0].weight.data[0, 0, 1, 1] = float("nan")
    sheet = figures.pixel(cw.Microscope(model, small_set()), "0", (0, 0, 0))
    drawn(sheet)
    assert "hatched: not finite" in written(sheet)
    assert sheet.title.endswith("NaN")


def test_the_words_tell_the_sum(scope):
    alt = figures.pixel(scope, "conv2", (5, 6, 9)).alt
    found = scope.explain("conv2", (5, 6, 9))
    first = int(abs(found.sums).argmax())
    assert f"channel {first} {number(found.sums[first])}" in alt
    assert f"the stored value: the same ✓ {number(found.stored)}" in alt


def test_the_selected_value_is_taken(scope):
    scope.layer, scope.channel, scope.pixel = "conv1", 2, (3, 4)
    assert figures.pixel(scope).title.startswith("conv1, channel 2, row 3, column 4")
    assert figures.pixel(scope, "fc").title.startswith("fc, unit 2")
    scope.pixel = None
    with pytest.raises(ValueError, match=r"no pixel is chosen; set scope\.pixel"):
        figures.pixel(scope)
    with pytest.raises(ValueError, match=r"conv9.*conv1"):
        figures.pixel(scope, "conv9", (0, 0, 0))
    with pytest.raises(IndexError, match="channel 8 must be from 0 to 7"):
        figures.pixel(scope, "conv1", (8, 0, 0))


def test_the_selected_place_is_drawn_in_a_layer_of_two_axes_too():
    model = nn.Sequential(nn.Flatten(2), nn.Conv1d(1, 4, 3), nn.Identity(), nn.Flatten())
    scope = cw.Microscope(model, small_set())
    scope.layer, scope.pixel = "2", (3, 5)
    sheet = figures.pixel(scope)
    assert sheet.title.startswith("2, unit 3, 5: ")
    assert scope.explain().unit == (3, 5)
