"""The pixel inspector in a real browser: down from conv2 to the image and back, number by number.

The truth is plain PyTorch on the shipped weights.
"""

import re

import numpy as np
import pytest
import torch.nn.functional as F
from playwright.sync_api import expect

from tests.browser.inspector import open_at, patch_of
from tests.browser.reading import box_of, canvas_colours, table_of, value_in
from tests.browser.test_access import violations
from tests.browser.truth import DIGITS, forward, given, maps, mnist, weights
from tests.servers import eventually


@pytest.mark.parametrize("way", ["mouse", "keys"])
def test_a_pixel_is_followed_from_conv2_down_to_the_image_and_back(voila, new_page, way):
    page = new_page(width=1360, height=1000)
    card = open_at(voila, page)
    keys = page.keyboard
    if way == "mouse":
        box = box_of(card.map)
        page.mouse.click(box["x"] + 9.5 / 14 * box["width"], box["y"] + 6.5 / 14 * box["height"])
    else:
        card.map.focus()
        for key in ("Home", "ArrowRight", *["ArrowDown"] * 6, *["ArrowRight"] * 8):
            keys.press(key)
    card.at("conv2", 5, 6, 9)
    assert value_in(card.title.inner_text()) == pytest.approx(maps(0, "conv2")[5, 6, 9], rel=1e-4)
    expect(card.ending).to_contain_text("matches the stored value")

    # The sum, with plain PyTorch: products of each channel, the largest first, and the bias.
    kernel, bias = weights()["conv2.weight"][5].numpy(), float(weights()["conv2.bias"][5])
    patch = patch_of("pool1", 6, 9)
    sums = (patch * kernel).sum((1, 2))
    order = np.argsort(-np.abs(sums))
    folded, opened = card.fold("the 2 others"), card.fold("only the 6 largest")
    if way == "mouse":
        folded.click()
        opened.click()
    else:
        folded.focus()
        keys.press("Enter")
        expect(card.card.get_by_role("button", name=f"channel {order[6]}")).to_be_focused()
        keys.press("End")
        expect(opened).to_be_focused()
        keys.press("Enter")
    expect(folded).to_be_focused()
    assert list(card.lines()) == [
        *(f"channel {each}" for each in order[:6]),
        "the 2 others",
        "bias",
    ]
    np.testing.assert_allclose(card.lines()["the 2 others"][0], sums[order[6:]].sum(), **DIGITS)
    keys.press("Enter")
    expect(opened).to_be_visible()
    lines = card.lines()
    assert list(lines) == [*(f"channel {channel}" for channel in order), "bias"]
    shown = np.array([lines[f"channel {channel}"] for channel in order])
    np.testing.assert_allclose(shown[:, 0], sums[order], **DIGITS)
    np.testing.assert_allclose(shown[:, 1], np.cumsum(sums[order]), **DIGITS)
    np.testing.assert_allclose(lines["bias"], [bias, sums.sum() + bias], **DIGITS)

    # One channel, number by number.
    third = card.card.get_by_role("button", name=f"channel {order[2]}", exact=True)
    if way == "mouse":
        third.click()
    else:
        keys.press("Home")
        keys.press("ArrowDown")
        keys.press("ArrowDown")
        expect(third).to_be_focused()
    expect(third).to_have_attribute("aria-pressed", "true")
    chosen = int(order[2])
    flat = np.stack([patch[chosen], kernel[chosen], patch[chosen] * kernel[chosen]], -1)
    np.testing.assert_allclose(table_of(card.card), flat.reshape(25, 3), **DIGITS)

    # Down: to the pool's pixel in the middle of the patch, to who won there, and on.
    if way == "mouse":
        card.click_cell(2, 2, 2, 5, 5)  # on the product; its partners light
        expect(card.readout).to_contain_text(f"pool1 · channel {chosen}, row 6, column 9 ·")
        product = float(patch[chosen, 2, 2] * kernel[chosen, 2, 2])
        np.testing.assert_allclose(value_in(card.readout.inner_text()), product, **DIGITS)
        card.go.click()
    else:
        card.grids.focus()
        keys.press("Home")
        for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
            keys.press(key)
    card.at("pool1", chosen, 6, 9)
    window = maps(0, "relu1")[chosen, 12:14, 18:20]
    row, column = (int(at) for at in np.unravel_index(window.argmax(), (2, 2)))
    expect(card.card.locator(".cw-deed")).to_contain_text(
        f"wins: channel {chosen}, row {12 + row}, column {18 + column} of relu1"
    )
    down = card.go.click if way == "mouse" else lambda: keys.press("Enter")
    for layer in ("relu1", "conv1"):
        down()
        card.at(layer, chosen, 12 + row, 18 + column)
    number = float(maps(0, "conv1")[chosen, 12 + row, 18 + column])
    np.testing.assert_allclose(card.lines()["bias"][1], number, **DIGITS)
    products = (
        patch_of("input", 12 + row, 18 + column)[0] * weights()["conv1.weight"][chosen, 0].numpy()
    )
    np.testing.assert_allclose(card.lines()["channel 0"][0], products.sum(), **DIGITS)
    place = np.unravel_index(np.abs(products).argmax(), (5, 5))
    pixel = (10 + row + place[0], 16 + column + place[1])
    expect(card.image).to_contain_text(
        f"rows {10 + row} to {14 + row}, columns {16 + column} to {20 + column}: 5×5 of 28×28"
    )
    down()
    expect(card.title).to_have_text(f"input · channel 0, row {pixel[0]}, column {pixel[1]}")
    byte, share = card.card.locator(".cw-bottom p").all()
    expect(byte).to_have_text(re.compile(rf"^{mnist()[0][0][pixel]} of 255 "))
    expect(share).to_contain_text("=")
    np.testing.assert_allclose(value_in(share.inner_text()), given(mnist()[0][0])[pixel], **DIGITS)

    # And back up, to where it began.
    if way == "mouse":
        expect(card.trail.get_by_role("button")).to_have_count(4)
        card.trail.get_by_role("button", name="pool1").click()
        card.at("pool1", chosen, 6, 9)
        card.trail.get_by_role("button", name="conv2").click()
    else:
        for key, layer in (("Escape", "conv1"), ("Backspace", "relu1"), ("Escape", "pool1")):
            keys.press(key)
            expect(card.title).to_contain_text(layer)
        keys.press("Backspace")
    card.at("conv2", 5, 6, 9)
    expect(card.readout).to_contain_text(f"pool1 · channel {chosen}, row 6, column 9 ·")
    expect(card.trail.get_by_role("button")).to_have_count(0)
    assert violations(page) == []


def test_padding_is_no_way_down_and_a_vector_is_explained_in_the_dark_on_a_phone(voila, new_page):
    page = new_page("dark", width=360, height=800)
    card = open_at(voila, page)
    card.map.focus()
    page.keyboard.press("Enter")  # the strongest
    strongest = np.unravel_index(maps(0, "conv2")[5].argmax(), (14, 14))
    card.at("conv2", 5, *map(int, strongest))
    page.keyboard.press("Home")
    card.at("conv2", 5, 0, 0)
    # Rows and columns 0 to 7 can reach it; all others are veiled with 38 % of a blue.
    grey = np.repeat(mnist()[0][0][..., None], 3, -1).astype(float)
    veiled = 0.62 * grey + 0.38 * np.array([70, 140, 220])
    inside = np.zeros((28, 28, 1), bool)
    inside[:8, :8] = True
    cut = "node => node.scrollWidth - node.clientWidth"
    assert card.card.locator(".cw-ledger").evaluate(cut) == 0
    seen = canvas_colours(card.card.locator(".cw-inspect-input"), 28, 28)[..., :3]
    edge = np.zeros((28, 28), bool)
    edge[:9, :9], edge[:7, :7] = True, False  # where the frame is
    edge[:1], edge[:, :1] = True, True
    assert np.abs(seen - np.where(inside, grey, veiled))[~edge].max() <= 2
    card.click_cell(0, 0, 0, 5, 5)
    expect(card.readout).to_contain_text("padding ·")
    expect(card.go).to_be_disabled()
    page.keyboard.press("Tab")
    card.grids.press("Enter")
    expect(card.readout).to_contain_text("This is padding: nothing lies below it.")
    assert violations(page) == []
    card.select("fc", 7, None)
    card.at("fc", 7)
    lines = card.lines()
    kernel = weights()["fc.weight"][7].numpy().reshape(16, 7, 7)
    sums = (maps(0, "pool2") * kernel).sum((1, 2))
    order = np.argsort(-np.abs(sums))
    np.testing.assert_allclose(lines[f"channel {order[0]}"][0], sums[order[0]], **DIGITS)
    np.testing.assert_allclose(lines["the 10 others"][0], sums[order[6:]].sum(), rtol=1e-3)
    np.testing.assert_allclose(lines["bias"][1], forward(mnist()[0][:1])["fc"][0, 7], **DIGITS)
    expect(card.image).to_contain_text("the whole image")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []

    # A channel that the layer before has not: no card stumbles until its maps have come.
    card.select("pool2", 15, [3, 3])
    card.at("pool2", 15, 3, 3)
    expect(page.locator(".cw-channel").get_by_role("heading")).to_have_text("Channel 15 of 16")


def test_it_slides_over_the_map_when_asked_and_a_step_a_press_for_who_wants_no_motion(
    voila, new_page
):
    page = new_page(width=1024, height=900, reduced_motion="reduce")
    card = open_at(voila, page)
    step = card.card.get_by_role("button", name="Next position")
    step.click()
    card.at("conv2", 5, 0, 0)
    step.click()
    card.at("conv2", 5, 0, 1)
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate("stage.set('channel', 6)")
    play = card.card.get_by_role("button", name="Slide over the map")
    play.click()
    eventually(lambda: page.evaluate("stage.get('pixel')[1]") >= 3, "it slides on")
    card.card.get_by_role("button", name="Pause").click()
    held = page.evaluate("stage.get('pixel')")
    card.at("conv2", 6, *held)
    expect(play).to_be_visible()
    kernel = weights()["conv2.weight"][6:7]
    map6 = F.conv2d(
        forward(mnist()[0][:1])["pool1"], kernel, weights()["conv2.bias"][6:7], padding=2
    )
    shown = value_in(card.ending.inner_text())
    np.testing.assert_allclose(shown, map6[0, 0, held[0], held[1]], **DIGITS)
