"""The digits of the dashboard in a real browser: the grid, its order, and one by its number."""

from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import expect

from tests.browser.reading import canvas_colours, readout
from tests.browser.scenes import DASHBOARD, Dash
from tests.browser.truth import COLOUR_LEVELS, diverging, maps, mnist, read_as
from tests.servers import eventually


@cache
def digits_of(side):
    """All test images as a canvas draws them `side` pixels wide: (image, pixel)."""
    images = torch.from_numpy(mnist()[0].astype(np.float32))[:, None]
    return F.interpolate(images, size=(side, side), mode="bilinear").flatten(1)


def tiles_shown(dash, first, last):
    """The digits that a part of the picker's grid shows: for each tile the most similar image.

    None at all while a tile is out of sight: a new order scrolls the grid when it comes.
    """
    side = round(dash.images.layout.width)
    seen = dash.images.in_sight(list(range(first, last)), side, side)
    if seen is None:
        return []
    tiles = torch.from_numpy(seen[..., 0].astype(np.float32)).flatten(1)
    return torch.cdist(tiles, digits_of(side)).argmin(1).tolist()


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
    dash.to_top()
    eventually(
        lambda: len(set(tiles_shown(dash, 0, columns)) - set(range(20))) >= columns - 1,
        "other digits come first",
    )
    found = tiles_shown(dash, 0, columns)
    dash.images.click(1)
    dash.expect_image(found[1])
    dash.picker.get_by_role("button", name="in order").click()

    def the_first_are_first():
        dash.to_top()  # again: the selected digit is brought into sight when the order comes
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


def test_a_picture_of_ones_own_is_not_said_to_be_of_the_set(voila, page):
    own = DASHBOARD.replace("dashboard =", "scope.image = 255 - scope.image\ndashboard =")
    voila.open(page, own)
    expect(Dash(page).picker.locator(".cw-line")).to_have_text("an image of its own · 28×28")
