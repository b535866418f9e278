"""The pictures of the dashboard in a real browser: every pixel and number is the truth."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.reading import box_of, canvas_colours, readout, table_of, value_in
from tests.browser.truth import (
    COLOUR_LEVELS,
    DIGITS,
    LAYERS,
    diverging,
    maps,
    mnist,
    read_as,
    sequential,
    weights,
)
from tests.servers import eventually


def numbers_in(text):
    """The whole numbers of a readout, such as channel, row and column."""
    return [
        int(found) for found in re.findall(r"(?:channel|row|column|filter|from|unit) (\d+)", text)
    ]


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_each_pixel_of_the_maps_has_the_colour_of_its_number(dash, layer):
    dash.jump(61)
    dash.choose_layer(layer)
    truth = maps(61, layer)
    tiles = list(range(min(len(truth), dash.map_grid.layout.columns)))  # the first row is in sight
    seen = dash.map_grid.colours(tiles, *truth.shape[1:])
    limit = float(np.abs(truth).max())
    expected = (diverging if truth.min() < 0 else sequential)(truth[tiles], limit)
    np.testing.assert_allclose(seen[..., :3], expected, atol=COLOUR_LEVELS)
    assert (seen[..., 3] == 255).all()


def test_each_channel_has_its_own_colours_when_its_scale_is_its_own(dash):
    dash.choose_layer("relu2")
    dash.maps.get_by_role("button", name="per channel").click()
    truth = maps(0, "relu2")
    tiles = list(range(dash.map_grid.layout.columns))
    expected = np.stack([sequential(truth[tile], float(truth[tile].max())) for tile in tiles])
    seen = dash.map_grid.colours(tiles, 14, 14)
    np.testing.assert_allclose(seen[..., :3], expected, atol=COLOUR_LEVELS)
    dash.choose_channel(3)
    assert "channel 3" in dash.maps.locator(".cw-legend").inner_text()
    shown = value_in(dash.maps.locator(".cw-legend span").nth(1).inner_text())
    assert shown == pytest.approx(truth[3].max(), rel=0.6e-2)  # a legend has three digits


def test_the_legend_says_the_limits_of_the_colours(dash):
    limit = float(np.abs(maps(0, "conv1")).max())
    low, high = dash.maps.locator(".cw-legend > span").all_inner_texts()[:2]
    assert value_in(low) == pytest.approx(-limit, rel=0.6e-2)  # three digits
    assert value_in(high) == pytest.approx(limit, rel=0.6e-2)
    assert low.startswith("−")
    assert "shared" in dash.maps.locator(".cw-legend").inner_text()


@pytest.mark.parametrize("name", ["cividis", "viridis", "grey"])
def test_a_chosen_colour_map_colours_the_small_maps_and_the_large(dash, name):
    dash.choose_layer("relu1")
    dash.maps.get_by_role("combobox").select_option(name)
    truth = maps(0, "relu1")
    limit = float(truth.max())
    levels = 13 if name == "cividis" else COLOUR_LEVELS  # it strays further from its 16 stops
    expected = sequential(truth[:2], limit, "gray" if name == "grey" else name)
    small = dash.map_grid.colours([0, 1], 28, 28)[..., :3]
    np.testing.assert_allclose(small, expected, atol=levels)
    large = canvas_colours(dash.large_map, 28, 28)[..., :3]
    np.testing.assert_allclose(large, expected[0], atol=levels)


def test_a_hover_reads_channel_row_column_and_value(dash):
    for layer in ("conv1", "pool2"):
        dash.choose_layer(layer)
        truth = maps(0, layer)
        rows, columns = truth.shape[1:]
        for channel, row, column in [(0, 0, 0), (1, rows - 1, 2), (2, rows // 2, columns - 1)]:
            dash.map_grid.hover(channel, (column + 0.5) / columns, (row + 0.5) / rows)
            expect(readout(dash.maps)).to_contain_text(f"row {row} ")
            text = readout(dash.maps).inner_text()
            assert numbers_in(text) == [channel, row, column]
            np.testing.assert_allclose(value_in(text), truth[channel, row, column], **DIGITS)


def test_the_large_map_is_the_selected_channel_beside_its_input(dash):
    dash.jump(4)
    dash.choose_layer("pool1")
    dash.choose_channel(5)
    truth = maps(4, "pool1")
    # A number may stand in the middle of a large cell: its corner shows the colour.
    seen = canvas_colours(dash.large_map, 14, 14, 0.16, 0.16)[..., :3]
    expected = sequential(truth[5], float(truth.max()))
    np.testing.assert_allclose(seen, expected, atol=COLOUR_LEVELS)
    shown = canvas_colours(dash.large.locator(".cw-one-input"), 28, 28)
    for part in range(3):
        np.testing.assert_array_equal(shown[..., part], mnist()[0][4])


def test_the_large_map_reads_any_pixel_by_hover_and_by_key(dash):
    truth = maps(0, "conv1")[0]
    box = box_of(dash.large_map)
    at = [box["x"] + box["width"] * 20.5 / 28, box["y"] + box["height"] * 9.5 / 28]
    dash.page.mouse.move(*at)
    expect(readout(dash.large)).to_contain_text("row 9 · column 20")
    np.testing.assert_allclose(value_in(readout(dash.large).inner_text()), truth[9, 20], **DIGITS)
    dash.page.mouse.click(*at)
    dash.page.mouse.move(5, 5)
    for key, row, column in [
        ("ArrowRight", 9, 21),
        ("ArrowDown", 10, 21),
        ("ArrowLeft", 10, 20),
        ("ArrowUp", 9, 20),
        ("Home", 0, 0),
        ("ArrowLeft", 0, 0),
        ("End", 27, 27),
        ("ArrowRight", 27, 27),
    ]:
        dash.large_map.press(key)
        expect(readout(dash.large)).to_contain_text(f"row {row} · column {column} ")
        shown = value_in(readout(dash.large).inner_text())
        np.testing.assert_allclose(shown, truth[row, column], **DIGITS)
    # The other card reads the same pixel: it was selected, not only pointed at.
    expect(readout(dash.maps)).to_contain_text("row 27 · column 27")
    dash.large_map.press("Escape")
    row, column = np.unravel_index(truth.argmax(), truth.shape)
    expect(readout(dash.maps)).to_contain_text(f"row {row} · column {column}")


def test_the_place_that_is_read_out_is_framed(dash):
    def framed(canvas, row, column):
        cell = canvas.evaluate(
            """(canvas, [row, column]) => {
              const cell = canvas.width / 28;
              const pixel = canvas.getContext("2d").getImageData(
                Math.round(column * cell), Math.round((row + 0.5) * cell), 1, 1);
              return [...pixel.data];
            }""",
            [row, column],
        )
        return max(cell[:3]) < 60  # the dark line of the frame, at the cell's left edge

    peak = np.unravel_index(maps(0, "conv1")[0].argmax(), (28, 28))
    strongest, other = [int(place) for place in peak], [9, 20]
    caption = dash.large.locator("figcaption").last
    assert framed(dash.large_map, *strongest)
    assert not framed(dash.large_map, *other)
    expect(caption).to_have_text("the input, 28×28")
    box = box_of(dash.large_map)
    dash.page.mouse.click(box["x"] + box["width"] * 20.5 / 28, box["y"] + box["height"] * 9.5 / 28)
    dash.page.mouse.move(5, 5)
    eventually(lambda: framed(dash.large_map, *other), "the frame moves")
    assert not framed(dash.large_map, *strongest)
    expect(caption).to_have_text("the input, 28×28; framed: the same place")


def test_the_tables_hold_every_number_of_their_picture(dash):
    dash.choose_layer("conv2")
    dash.choose_channel(7)
    truth = maps(0, "conv2")
    np.testing.assert_allclose(table_of(dash.large), truth[7], **DIGITS)
    peaks = truth.reshape(len(truth), -1).max(1)
    np.testing.assert_allclose(table_of(dash.slider)[:, 0], peaks, **DIGITS)
    kernels = weights()["conv2.weight"][7].reshape(-1, 5).numpy()
    np.testing.assert_allclose(table_of(dash.filters), kernels, **DIGITS)
    dash.choose_channel(8)  # an open table stays true
    np.testing.assert_allclose(table_of(dash.large), truth[8], **DIGITS)


def test_the_prediction_is_the_softmax_of_the_network(dash):
    wrong = int(np.flatnonzero(read_as() != mnist()[1])[0])
    for index in (0, 8, wrong):
        dash.jump(index)
        logits = maps(index, "fc")
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        shown = dash.prediction.locator("tbody td:nth-child(3)").all_inner_texts()
        for text, share in zip(shown, shares, strict=True):
            if text.startswith(">"):
                assert share > 0.9995
            else:
                assert float(text.split()[0]) == pytest.approx(100 * share, abs=0.051)  # one digit
        bars = dash.prediction.locator(".cw-fill").evaluate_all(
            "bars => bars.map(bar => bar.getBoundingClientRect().width"
            " / bar.parentElement.clientWidth)"
        )
        np.testing.assert_allclose(bars, shares, atol=0.01)  # a pixel or so of a short track
        line = dash.prediction.locator(".cw-line")
        assert f"reads {logits.argmax()} " in line.inner_text()
        expect(line).to_contain_text("wrong" if index == wrong else "right")


def test_the_units_of_the_last_layer_are_named_values(dash):
    dash.choose_layer("fc")
    truth = maps(0, "fc")
    for unit in (0, 7):
        dash.map_grid.hover(unit)
        expect(readout(dash.maps)).to_contain_text(f"unit {unit} ")
        np.testing.assert_allclose(value_in(readout(dash.maps).inner_text()), truth[unit], **DIGITS)
    corner = np.array([dash.map_grid.colours([unit], 9, 9)[0, 0, 0, :3] for unit in range(3)])
    expected = diverging(truth[:3], float(np.abs(truth).max()))
    np.testing.assert_allclose(corner, expected, atol=COLOUR_LEVELS)
    dash.choose_channel(7)
    np.testing.assert_allclose(table_of(dash.maps)[:, 0], truth, **DIGITS)
    expect(dash.large).to_be_hidden()  # a single value has no map to enlarge


def test_the_icons_of_the_layers_are_their_first_maps(dash):
    dash.jump(2)
    icon = dash.network.get_by_role("option").filter(has_text="relu1").locator("canvas")
    side, truth = int(icon.evaluate("icon => icon.width")), maps(2, "relu1")[:4]
    seen = np.array(
        icon.evaluate(
            "icon => [...icon.getContext('2d').getImageData(0, 0, icon.width, icon.height).data]"
        )
    ).reshape(side, side, 4)[..., :3]
    half = (side - 1) // 2
    expected = sequential(truth, float(truth.max()))
    for channel, (top, left) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        top, left = top * (half + 1), left * (half + 1)
        found = Image.fromarray(seen[top : top + half, left : left + half].astype(np.uint8))
        small = np.asarray(found.resize((7, 7), Image.Resampling.BOX), float)
        whole = Image.fromarray(expected[channel].astype(np.uint8))
        # Drawn 28 → 27 pixels and averaged over 4×4: edges move by half a pixel.
        wanted = np.asarray(whole.resize((7, 7), Image.Resampling.BOX), float)
        assert np.abs(small - wanted).mean() < 12, f"channel {channel}"


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_each_filter_has_the_colours_and_numbers_of_its_weights(dash, layer):
    dash.choose_layer(layer)
    dash.choose_channel(3)
    kernels = weights()[f"{layer}.weight"].numpy()
    limit = float(np.abs(kernels).max())
    inputs = kernels.shape[1]
    grid = dash.kernel_grid
    assert grid.layout.count == inputs
    # Numbers stand in the middle of a large cell: the corner shows the colour.
    cell = grid.colours(list(range(inputs)), 25, 25)[:, 1::5, 1::5, :3]
    np.testing.assert_allclose(cell, diverging(kernels[3], limit), atol=COLOUR_LEVELS)
    for tile, row, column in [(0, 0, 0), (inputs - 1, 4, 2), (inputs // 2, 2, 4)]:
        grid.hover(tile, (column + 0.5) / 5, (row + 0.5) / 5)
        expect(readout(dash.filters)).to_contain_text(f"row {row} · column {column}")
        text = readout(dash.filters).inner_text()
        assert numbers_in(text) == [3, tile, row, column]
        np.testing.assert_allclose(value_in(text), kernels[3, tile, row, column], **DIGITS)


def test_the_whole_layer_of_filters_can_be_shown_and_chosen_from(dash):
    dash.choose_layer("conv2")
    dash.filters.get_by_role("button", name="whole layer").click()
    grid = dash.kernel_grid
    kernels = weights()["conv2.weight"].numpy()
    eventually(lambda: grid.layout.count == 128, "16 filters of 8 kernels")
    tiles = [8 * 2 + 5, 8 * 3]
    grid.click(tiles[0])
    dash.slider.get_by_role("heading").filter(has_text=re.compile("Channel 2 of")).wait_for()
    seen = grid.colours(tiles, 5, 5)[..., :3]
    expected = diverging(kernels[[2, 3], [5, 0]], float(np.abs(kernels).max()))
    np.testing.assert_allclose(seen, expected, atol=COLOUR_LEVELS)
    grid.hover(tiles[0], 0.1, 0.1)
    expect(readout(dash.filters)).to_contain_text("filter 2")


def test_a_layer_without_weights_of_its_own_has_those_that_make_its_maps(dash):
    for layer, owner in [("relu1", "conv1"), ("relu2", "conv2"), ("fc", "fc")]:
        dash.choose_layer(layer)
        expect(dash.filters.get_by_role("heading")).to_contain_text(f"of {owner}")


def test_a_unit_of_the_last_layer_has_a_kernel_for_each_map_before_it(dash):
    dash.choose_layer("fc")
    dash.choose_channel(4)
    kernels = weights()["fc.weight"].numpy().reshape(10, 16, 7, 7)
    grid = dash.kernel_grid
    eventually(lambda: grid.layout.count == 16, "a kernel for each map")
    tiles = list(range(grid.layout.columns))
    seen = grid.colours(tiles, 7, 7)[..., :3]
    expected = diverging(kernels[4, tiles], float(np.abs(kernels).max()))
    np.testing.assert_allclose(seen, expected, atol=COLOUR_LEVELS)
