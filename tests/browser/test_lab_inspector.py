"""The pixel inspector in JupyterLab: down and up again, and no key reaches the notebook."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.inspector import SCENE, Inspector, patch_of
from tests.browser.reading import box_of
from tests.browser.truth import DIGITS, maps, weights

READY_MS = 40_000


def test_a_pixel_is_explained_in_jupyterlab_and_its_keys_stay_in_the_card(lab, new_page):
    page = new_page(width=1500, height=1000)
    lab.open(page, SCENE, "'the last cell'")
    page.wait_for_function("window.stage", timeout=READY_MS)
    card, keys = Inspector(page), page.keyboard
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(2)

    box = box_of(card.map)
    page.mouse.click(box["x"] + 9.5 / 14 * box["width"], box["y"] + 6.5 / 14 * box["height"])
    card.at("conv2", 5, 6, 9)
    kernel, bias = weights()["conv2.weight"][5].numpy(), float(weights()["conv2.bias"][5])
    sums = (patch_of("pool1", 6, 9) * kernel).sum((1, 2))
    largest = int(np.abs(sums).argmax())
    lines = card.lines()
    np.testing.assert_allclose(lines[f"channel {largest}"][0], sums[largest], **DIGITS)
    np.testing.assert_allclose(lines["bias"], [bias, maps(0, "conv2")[5, 6, 9]], **DIGITS)
    expect(card.ending).to_contain_text("matches the stored value")

    # Letters are Lab's commands: cells above, below, cut, deleted twice, made Markdown.
    for control in (card.map, card.grids, card.card.locator(".cw-ledger button").first, card.go):
        control.focus()
        for key in ("a", "b", "x", "d", "d", "m", "j", "z"):
            keys.press(key)
        assert control.evaluate("node => node === document.activeElement")
    card.at("conv2", 5, 6, 9)

    card.grids.focus()
    keys.press("Home")
    keys.press("ArrowRight")
    keys.press("Enter")
    card.at("pool1", largest, 4, 8)
    keys.press("Enter")
    expect(card.title).to_contain_text(f"relu1 · channel {largest}, ")
    for layer in ("pool1", "conv2"):
        keys.press("Backspace")
        expect(card.title).to_contain_text(f"{layer} · ")
    card.at("conv2", 5, 6, 9)
    expect(card.trail.get_by_role("button")).to_have_count(0)
    expect(card.grids).to_be_focused()
    expect(cells).to_have_count(2)
    expect(page.locator(".jp-Notebook .jp-MarkdownCell")).to_have_count(0)
    # Here the same key does reach the notebook.
    cells.last.locator(".jp-InputPrompt").click()
    keys.press("Escape")
    keys.press("b")
    expect(cells).to_have_count(3)
