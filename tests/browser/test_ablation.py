"""Channels silenced in a real browser: the tiles' numbers and the bars are plain PyTorch's."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.reading import value_in
from tests.browser.scenes import Dash
from tests.browser.test_access import violations
from tests.browser.truth import forward, mnist, weights
from tests.servers import eventually

TITLE = "%%markdown\n# Editing\n\n## Channels"
SCENE = """
import cnnwidgets as cw, ipywidgets
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer = "conv1"
ipywidgets.VBox([cw.AblationBoard(scope, sample=200), cw.Prediction(scope)])
"""
READY_MS = 60_000


def without(channels, images):
    """The logits of plain PyTorch with channels of conv1 silent: a filter and bias of zeros."""
    changed = {name: value.clone() for name, value in weights().items()}
    changed["conv1.weight"][channels] = 0
    changed["conv1.bias"][channels] = 0
    return forward(images, changed)["fc"].numpy()


def opened(voila, page):
    voila.open(page, TITLE, SCENE)
    card = page.locator(".cw-ablation")
    expect(card.locator(".cw-readout")).to_contain_text("with all channels", timeout=READY_MS)
    return card


def expect_silent(page, channels):
    """Wait until the bars are those of the network without these channels."""
    expected = without(channels, mnist()[0][:1])[0]
    shown = Dash(page).logits
    eventually(
        lambda: np.allclose(shown(), expected, rtol=1e-3, atol=0.051),
        f"the logits without {channels}",
    )


def changes_told(card):
    """The changes of accuracy in the card's table, in percentage points: (channel,)."""
    card.locator("details summary").click()
    cells = card.locator("tbody tr td:nth-of-type(1)")
    cells.first.wait_for()
    return [value_in(text) for text in cells.all_inner_texts()]


@pytest.fixture
def card(voila, page):
    return opened(voila, page)


def test_tiles_tell_the_truth_and_switch_channels_off(card):
    images, labels = mnist()[0][:200], mnist()[1][:200]
    usual = (without([], images).argmax(1) == labels).mean()
    changes = [(without([each], images).argmax(1) == labels).mean() - usual for each in range(8)]
    # Points with one decimal are shown, and called so.
    expect(card.locator(".cw-line")).to_contain_text("in percentage points")
    assert "%" not in card.get_by_role("switch").first.inner_text()
    np.testing.assert_allclose(changes_told(card), 100 * np.array(changes), atol=0.051)
    switch = card.get_by_role("switch")
    switch.nth(2).click()
    expect_silent(card.page, [2])
    switch.nth(4).click(modifiers=["Shift"])
    expect_silent(card.page, [2, 3, 4])
    card.get_by_role("button", name="undo").click()
    expect_silent(card.page, [2])
    card.get_by_label("order of the channels").select_option("most needed first")
    first = int(np.argsort(changes, kind="stable")[0])
    expect(switch.first).to_contain_text(str(first))
    card.get_by_label("order of the channels").select_option("what does 8 need?")
    expect(switch.first).to_contain_text("8:")


def test_keys_alone_silence_a_range_and_let_all_speak(card):
    switch, keys = card.get_by_role("switch"), card.page.keyboard
    switch.first.focus()
    keys.press("End")
    expect(switch.nth(7)).to_be_focused()
    keys.press("ArrowLeft")
    keys.press("Space")
    expect_silent(card.page, [6])
    expect(switch.nth(6)).to_have_attribute("aria-checked", "false")
    keys.press("ArrowLeft")
    keys.press("Shift+Space")
    expect_silent(card.page, [5, 6])
    keys.press("Escape")
    expect_silent(card.page, [])
    keys.press("Control+z")
    expect_silent(card.page, [5, 6])
    keys.press("Home")
    expect(switch.first).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut_at_360_pixels(voila, new_page, scheme):
    page = new_page(scheme, width=360, height=900)
    card = opened(voila, page)
    card.get_by_role("switch").nth(1).click()
    expect_silent(page, [1])
    assert len(changes_told(card)) == 8
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
