"""The dashboard in a real browser: every card clicked, dragged and keyed, and found to be true."""

import re
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Watch
from tests.browser.scenes import (
    COLOUR_LEVELS,
    DASHBOARD,
    DIGITS,
    LAYERS,
    Dash,
    box_of,
    canvas_colours,
    coloured,
    diverging,
    maps,
    mnist,
    read_as,
    sequential,
    table_of,
    value_in,
    weights,
)
from tests.servers import eventually


@pytest.fixture(scope="module")
def shared(browser, voila):
    """One dashboard for the whole module: a page with a kernel takes seconds to start."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    voila.open(page, DASHBOARD)
    page.wait_for_function("window.stage")
    yield Dash(page), watch
    context.close()


@pytest.fixture
def dash(shared):
    """The dashboard on image 0, conv1, channel 0, whatever the test before did to it."""
    dash, watch = shared
    before = len(watch.problems)
    dash.picker.get_by_role("button", name="all", exact=True).click()
    dash.picker.get_by_role("button", name="in order").click()
    dash.jump(0)
    to_top(dash)
    dash.choose_layer("conv1")
    dash.choose_channel(0)
    dash.maps.get_by_role("combobox").select_option("auto")
    dash.maps.get_by_role("button", name="shared scale").click()
    dash.large_map.press("Escape")
    dash.filters.get_by_role("button", name="this filter").click()
    yield dash
    assert watch.problems[before:] == []


def readout(card):
    return card.get_by_role("status").last


def numbers_in(text):
    """The whole numbers of a readout, such as channel, row and column."""
    return [
        int(found) for found in re.findall(r"(?:channel|row|column|filter|from|unit) (\d+)", text)
    ]


def test_a_pad_that_was_never_shown_takes_no_part(dash):
    assert dash.page.locator(".cw-pad").count() == 0


def test_every_canvas_has_a_name_or_is_decoration(dash):
    nameless = dash.page.evaluate(
        """[...document.querySelectorAll('.cw canvas')].filter(node =>
          !node.closest('[hidden]') && node.getAttribute('aria-hidden') !== 'true' &&
          !node.getAttribute('aria-label')).length"""
    )
    assert nameless == 0


# The truth of pixels and numbers


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
    seen = canvas_colours(dash.large_map, 14, 14, 0.1, 0.1)[..., :3]
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


# Digits


@cache
def digits_of(side):
    """All test images as a canvas draws them `side` pixels wide: (image, pixel)."""
    images = torch.from_numpy(mnist()[0].astype(np.float32))[:, None]
    return F.interpolate(images, size=(side, side), mode="bilinear").flatten(1)


def tiles_shown(dash, first, last):
    """The digits that a part of the picker's grid shows: for each tile the most similar image."""
    side = round(dash.images.layout.width)
    seen = dash.images.colours(list(range(first, last)), side, side)[..., 0]
    tiles = torch.from_numpy(seen.astype(np.float32)).flatten(1)
    return torch.cdist(tiles, digits_of(side)).argmin(1).tolist()


def to_top(dash):
    """Scroll the grid of digits to its beginning; a new order may still scroll it elsewhere."""

    def is_there():
        dash.images.root.evaluate("root => { root.scrollTop = 0; }")
        return dash.images.layout.top == 0

    eventually(is_there, "the grid is painted at its beginning")


def tiles_have_come(dash, expected, first, last):
    eventually(lambda: tiles_shown(dash, first, last) == list(expected), "the tiles have come")


def test_the_grid_of_digits_shows_the_images_of_mnist(dash):
    columns = dash.images.layout.columns
    tiles_have_come(dash, range(4 * columns), 0, 4 * columns)


def test_the_grid_scrolls_to_the_last_of_ten_thousand(dash):
    layout = dash.images.layout
    dash.images.root.evaluate("root => { root.scrollTop = root.scrollHeight; }")
    eventually(lambda: dash.images.layout.top > 1000, "it is painted at its end")
    first = (9999 // layout.columns - 2) * layout.columns
    tiles_have_come(dash, range(first, 10_000), first, 10_000)
    dash.images.click(9998)
    dash.expect_image(9998)


def test_a_click_on_a_digit_changes_every_card(dash):
    before = dash.map_grid.colours([0], 28, 28)
    dash.images.click(3)
    dash.expect_image(3)
    assert dash.jump_box.input_value() == "3"
    truth = maps(3, "conv1")
    expected = diverging(truth[:1], float(np.abs(truth).max()))
    seen = dash.map_grid.colours([0], 28, 28)
    np.testing.assert_allclose(seen[..., :3], expected, atol=COLOUR_LEVELS)
    assert (seen != before).any()
    large = canvas_colours(dash.picker.locator(".cw-large"), 28, 28)[..., 0]
    np.testing.assert_array_equal(large, mnist()[0][3])
    expect(dash.images.option).to_contain_text(f"image 3, labelled {mnist()[1][3]}")


def test_keys_walk_through_the_digits(dash):
    grid = dash.images
    columns = grid.layout.columns
    pages = int(grid.root.bounding_box()["height"] // (grid.layout.height + grid.layout.gap))
    steps = [
        ("ArrowRight", 1),
        ("ArrowDown", 1 + columns),
        ("ArrowLeft", columns),
        ("ArrowUp", 0),
        ("ArrowUp", 0),
        ("PageDown", pages * columns),
        ("PageUp", 0),
        ("End", 9999),
        ("ArrowRight", 9999),
        ("Home", 0),
    ]
    for key, index in steps:
        grid.root.press(key)
        expect(dash.jump_box).to_have_value(str(index))
    grid.root.press("End")
    dash.expect_image(9999)
    eventually(lambda: grid.layout.top > 1000, "the grid follows the selection")


def test_the_digits_can_be_filtered_by_label(dash):
    dash.picker.get_by_role("button", name="4", exact=True).click()
    fours = np.flatnonzero(mnist()[1] == 4)
    expect(readout(dash.picker)).to_have_text(f"{len(fours)} images")
    tiles_have_come(dash, fours[:12], 0, 12)
    dash.images.click(2)
    dash.expect_image(int(fours[2]))
    dash.images.root.press("ArrowRight")
    dash.expect_image(int(fours[3]))


def test_the_digits_that_the_network_misreads_can_be_shown(dash):
    misread = dash.picker.get_by_role("button", name="misread")
    misread.click()
    wrong = np.flatnonzero(read_as() != mnist()[1])
    expect(readout(dash.picker)).to_have_text(f"{len(wrong)} images", timeout=30_000)
    tiles_have_come(dash, wrong[:12], 0, 12)
    dash.images.click(1)
    dash.expect_image(int(wrong[1]))
    expect(dash.prediction.locator(".cw-line")).to_contain_text("wrong")
    misread.click()
    expect(readout(dash.picker)).to_have_text("10,000 images")


def test_the_digits_can_be_shuffled_and_put_in_order_again(dash):
    columns = dash.images.layout.columns
    dash.picker.get_by_role("button", name="shuffle").click()
    eventually(lambda: dash.images.layout.top > 1000, "the selected digit stays in sight")
    to_top(dash)
    eventually(
        lambda: len(set(tiles_shown(dash, 0, columns)) - set(range(20))) >= columns - 1,
        "other digits come first",
    )
    found = tiles_shown(dash, 0, columns)
    dash.images.click(1)
    dash.expect_image(found[1])
    dash.picker.get_by_role("button", name="in order").click()

    def the_first_are_first():
        to_top(dash)  # again: the selected digit is brought into sight when the order comes
        shown = dash.images.layout.top == 0 and tiles_shown(dash, 0, columns)
        return shown == list(range(columns))

    eventually(the_first_are_first, "the set is in its own order")


@pytest.mark.parametrize("bad", ["10000", "-1", "99999999"])
def test_an_index_that_is_not_there_is_refused_in_words_and_nothing_changes(dash, bad):
    dash.jump(5)
    dash.jump_box.fill(bad)
    dash.jump_box.press("Enter")
    alert = dash.picker.get_by_role("alert")
    expect(alert).to_be_visible()
    assert bad in alert.inner_text()
    assert "9999" in alert.inner_text().replace(",", "")
    dash.expect_image(5)
    dash.jump(6)
    expect(alert).to_be_hidden()


@pytest.mark.parametrize("nonsense", ["", "2.5", "-"])
def test_an_index_that_is_no_whole_number_leaves_the_image(dash, nonsense):
    dash.jump(5)
    dash.jump_box.fill("")
    dash.jump_box.press_sequentially(nonsense)
    dash.jump_box.press("Enter")
    dash.jump_box.blur()
    expect(dash.jump_box).to_have_value("5")
    dash.expect_image(5)


# Where to look


def test_layers_are_chosen_by_click_and_by_key(dash):
    options = dash.network.get_by_role("option")
    assert [text.split()[0] for text in options.all_inner_texts()] == list(LAYERS)
    strip = dash.network.get_by_role("listbox")
    strip.focus()
    for key, layer in [
        ("ArrowRight", "relu1"),
        ("ArrowDown", "pool1"),
        ("ArrowLeft", "relu1"),
        ("End", "fc"),
        ("ArrowRight", "fc"),
        ("Home", "conv1"),
        ("ArrowUp", "conv1"),
    ]:
        dash.page.keyboard.press(key)
        eventually(lambda layer=layer: dash.chosen_layer() == layer, f"{key} leads to {layer}")
        size = "×".join(map(str, maps(0, layer).shape[1:])) or "values"
        expect(dash.maps.get_by_role("heading")).to_contain_text(size)
    assert strip.evaluate("strip => strip === document.activeElement")


def test_a_channel_beyond_the_next_layer_falls_back_to_the_first(dash):
    dash.choose_layer("conv2")
    dash.choose_channel(15)
    dash.choose_layer("conv1")
    expect(dash.slider.get_by_role("heading")).to_contain_text("0 of 8")
    expect(dash.slider.get_by_role("slider")).to_have_value("0")


def test_the_channel_is_chosen_by_slider_number_buttons_and_marks(dash):
    slider, box = dash.slider.get_by_role("slider"), dash.slider.get_by_role("spinbutton")
    heading = dash.slider.get_by_role("heading")
    edges = box_of(slider)
    y, step = edges["y"] + edges["height"] / 2, (edges["width"] - 16) / 7
    dash.page.mouse.move(edges["x"] + 8, y)
    dash.page.mouse.down()
    dash.page.mouse.move(edges["x"] + 8 + 3 * step, y, steps=5)
    expect(heading).to_contain_text("3 of 8")  # while it is held
    dash.page.mouse.move(edges["x"] + 8 + 6 * step, y, steps=5)
    dash.page.mouse.up()
    expect(heading).to_contain_text("6 of 8")
    expect(box).to_have_value("6")
    expect(dash.map_grid.option).to_contain_text("channel 6")
    dash.slider.get_by_role("button", name="previous").click()
    expect(heading).to_contain_text("5 of 8")
    dash.slider.get_by_role("button", name="next").click()
    dash.slider.get_by_role("button", name="next").click()
    expect(heading).to_contain_text("7 of 8")
    expect(dash.slider.get_by_role("button", name="next")).to_be_disabled()
    box.fill("2")
    box.press("Enter")
    expect(slider).to_have_value("2")
    box.fill("99")
    box.press("Enter")
    expect(box).to_have_value("7")
    marks = dash.slider.locator("canvas.cw-marks")
    marks.click(position={"x": 8 + 4 * step, "y": 20})
    expect(heading).to_contain_text("4 of 8")
    slider.press("ArrowRight")
    expect(heading).to_contain_text("5 of 8")
    slider.press("Home")
    expect(heading).to_contain_text("0 of 8")


def test_the_marks_are_as_tall_as_the_channels_respond(dash):
    dash.choose_layer("conv2")
    peaks = maps(0, "conv2").reshape(16, -1).max(1)
    marks = dash.slider.locator("canvas.cw-marks")
    columns = np.array(
        marks.evaluate(
            """marks => {
              const { width, height } = marks;
              const data = marks.getContext("2d").getImageData(0, 0, width, height).data;
              const tall = [];
              for (let channel = 0; channel < 16; channel++) {
                const x = Math.round((8 + channel * (width / devicePixelRatio - 16) / 15)
                  * devicePixelRatio);
                let count = 0;
                for (let y = 0; y < height; y++) count += data[4 * (y * width + x) + 3] > 127;
                tall.push(count / height);
              }
              return tall;
            }"""
        )
    )
    # A pixel of 44, and at least one so that each channel has its mark.
    np.testing.assert_allclose(columns, np.maximum(peaks / peaks.max(), 0), atol=1.5 / 44)


def test_maps_are_chosen_by_click_and_by_key(dash):
    grid = dash.map_grid
    columns = grid.layout.columns
    heading = dash.slider.get_by_role("heading")
    grid.click(1)
    expect(heading).to_contain_text("1 of 8")
    for key, channel in [
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("ArrowDown", 1 + columns),
        ("ArrowUp", 1),
        ("End", 7),
        ("Home", 0),
    ]:
        grid.root.press(key)
        expect(heading).to_contain_text(f"{channel} of 8")
        expect(grid.option).to_contain_text(f"channel {channel} ")
    row, column = np.unravel_index(maps(0, "conv1")[0].argmax(), (28, 28))
    expect(grid.option).to_contain_text(f"row {row} · column {column}")


def test_the_maps_grow_and_shrink_with_the_zoom(dash):
    larger = dash.maps.get_by_role("button", name="larger")
    smaller = dash.maps.get_by_role("button", name="smaller")
    dash.choose_layer("pool2")
    before = dash.map_grid.layout.width
    larger.click()
    eventually(lambda: dash.map_grid.layout.width > before, "larger maps")
    truth = maps(0, "pool2")
    seen = dash.map_grid.colours([0, 1], 7, 7)[..., :3]
    np.testing.assert_allclose(seen, coloured(truth)[:2], atol=COLOUR_LEVELS)
    smaller.click()
    eventually(lambda: dash.map_grid.layout.width == before, "as before")
    smaller.click()
    eventually(lambda: dash.map_grid.layout.width < before, "smaller maps")
    larger.click()
    eventually(lambda: dash.map_grid.layout.width == before, "as before")


def test_every_control_can_be_reached_with_tab_and_shows_its_focus(dash):
    page = dash.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.click(3, 3)
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """(() => {
              const node = document.activeElement;
              const card = node.closest("section.cw-panel");
              if (!card) return null;
              const { outlineStyle, outlineWidth } = getComputedStyle(node);
              return [card.className.split(" ").at(-1), node.tagName + (node.getAttribute("role") ?? node.type ?? ""),
                node.getAttribute("aria-label") ?? node.textContent.slice(0, 20),
                outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
            })()"""  # noqa: E501
        )
        if found is None and seen:
            break
        if found is not None:
            seen.append(tuple(found))
    assert [stop for stop in seen if not stop[3]] == []
    cards = [card for at, (card, *_rest) in enumerate(seen) if at == 0 or seen[at - 1][0] != card]
    last = ["cw-layers", "cw-maps", "cw-time", "cw-channel", "cw-maps", "cw-filters"]
    assert cards in (["cw-picker", *last], ["cw-picker", "cw-prediction", *last])
