"""The drawing pad elsewhere: by touch, alone and in colour, twice on a page, and in JupyterLab."""

import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pads import CELLS, SEVEN, TRUTH, Pad, open_pad
from tests.servers import eventually


def test_a_seven_is_drawn_by_touch_on_a_small_dark_page_that_does_not_scroll(voila, new_page):
    page = new_page("dark", width=320, height=640, has_touch=True, device_scale_factor=2)
    pad = open_pad(voila, page)
    pad.canvas.scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    devtools = page.context.new_cdp_session(page)

    def touch(kind, *point):
        points = [dict(zip("xy", pad.at(*point), strict=True))] if point else []
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", *SEVEN[0])
    for start, end in pairwise(SEVEN):
        for share in np.linspace(0, 1, 12):
            touch("touchMove", *(a + (b - a) * share for a, b in zip(start, end, strict=True)))
    touch("touchEnd")
    pad.expect_read(7)
    pad.expect_true()
    assert page.evaluate("scrollY") == scrolled
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sizes = pad.card.locator("button:visible, summary:visible, input:visible").evaluate_all(
        "nodes => nodes.map(node => (node.closest('label') ?? node).getBoundingClientRect().height)"
    )
    assert min(sizes) >= 24


COLOUR = """
import numpy as np, cnnwidgets as cw
images = cw.ImageSet.from_arrays(np.zeros((2, 3, 32, 32), "uint8"), [0, 1], std=1.0, mean=0.5)
pad = cw.DrawPad(images=images)
pad
"""
MIDDLE = """canvas => {
  const { width, height } = canvas;
  return [...canvas.getContext("2d").getImageData(width / 2, height / 2, 1, 1).data];
}"""


def test_an_ink_is_chosen_by_keys_alone(voila, page):
    voila.open(page, COLOUR, "pad")
    mine, other = (page.locator(".cw-pad").nth(number) for number in (0, 1))
    canvas, focused = mine.get_by_role("application"), page.locator(":focus")
    drawn = other.get_by_role("application")  # without the cursor
    canvas.focus()
    page.keyboard.press("Space")
    eventually(lambda: drawn.evaluate(MIDDLE) == [255, 255, 255, 255], "white ink")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    expect(focused).to_have_attribute("aria-label", "white")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-label", "red")
    expect(focused).to_be_checked()
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", "other ink")
    expect(focused).to_have_value("#e02020")
    canvas.focus()
    page.keyboard.press("Space")
    eventually(lambda: drawn.evaluate(MIDDLE) == [224, 32, 32, 255], "red ink")


def test_a_pad_alone_draws_in_colour_and_all_its_views_are_one_drawing(voila, page):
    voila.open(page, COLOUR, "pad")
    one, other = Pad(page), Pad(page)
    for number, view in enumerate((one, other)):
        view.card = page.locator(".cw-pad").nth(number)
        view.canvas = view.card.get_by_role("application")
    expect(one.card.get_by_role("checkbox")).to_be_hidden()
    one.card.locator('input[type="color"]').fill("#ff0000")
    one.stroke([(0.3, 0.5), (0.7, 0.5)])
    expect(other.card.locator(".cw-line")).to_contain_text("The network sees your drawing")
    seen = other.card.get_by_role("img")
    expect(seen).to_have_accessible_name(re.compile("32×32, [1-9]"))
    assert other.canvas.evaluate(MIDDLE) == [255, 0, 0, 255]
    other.card.get_by_role("button", name="Undo").click()
    expect(seen).to_have_accessible_name(re.compile("32×32, 0 of"))
    assert one.canvas.evaluate(MIDDLE)[0] != 255


READY_MS = 40_000
SHOWN = "import ipywidgets\nipywidgets.VBox([pad, cw.Prediction(scope)])"


@pytest.fixture
def lab_pad(lab, new_page):
    """A pad and what is read of it, in JupyterLab."""
    page = new_page(width=1500, height=1200)
    lab.open(page, CELLS.replace("\ncw.DrawPad", "\npad = cw.DrawPad"), SHOWN, TRUTH)
    pad = Pad(page)
    pad.canvas.wait_for(timeout=READY_MS)
    page.locator(".truth").wait_for(timeout=READY_MS)
    return pad


def test_in_lab_a_seven_is_drawn_by_mouse_and_by_keys_and_no_key_reaches_the_notebook(lab_pad):
    pad, page = lab_pad, lab_pad.page
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    before = cells.count()
    pad.stroke(SEVEN)
    pad.expect_read(7)
    by_mouse = pad.expect_followed()
    for key in "xbecdo":
        page.keyboard.press(key)
    page.keyboard.press("c")
    page.keyboard.press("b")
    expect(pad.canvas).to_be_focused()
    page.keyboard.press("x")
    eventually(lambda: not pad.truth().any(), "the pad is cleared")
    for key in ("PageUp", "Home", *["ArrowDown"] * 6, *["ArrowRight"] * 8):
        page.keyboard.press(key)
    page.keyboard.down("Shift")
    for key in (*["ArrowRight"] * 12, *(["ArrowDown"] * 2 + ["ArrowLeft"]) * 7):
        page.keyboard.press(key)
    page.keyboard.up("Shift")
    pad.expect_read(7)
    pad.canvas.blur()  # the cursor is gone
    assert not np.array_equal(pad.expect_followed(), by_mouse)
    assert cells.count() == before
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() == 0


def test_in_lab_the_ink_is_the_same_in_a_view_that_comes_later_and_after_a_reload(lab_pad):
    pad, page = lab_pad, lab_pad.page
    pad.stroke(SEVEN)
    drawn = pad.expect_followed()
    ink, sent = pad.ink(), pad.small_ink()

    pad.canvas.evaluate("canvas => { canvas.dataset.old = 'true'; }")
    page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(1).click()
    page.keyboard.press("Control+Enter")
    page.locator("canvas.cw-ink:not([data-old])").wait_for(timeout=READY_MS)
    expect(page.locator("canvas.cw-ink")).to_have_count(1)
    eventually(lambda: np.array_equal(pad.ink(), ink), "the later view has the same ink")
    assert np.array_equal(pad.truth(), drawn)
    pad.button("Undo").click()
    expect(pad.canvas).to_have_accessible_name(re.compile("empty"))
    pad.button("Redo").click()
    pad.expect_followed()

    page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(1).click()
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    page.reload(wait_until="commit")
    pad.canvas.wait_for(timeout=READY_MS)
    page.locator(".truth").wait_for(timeout=READY_MS)
    eventually(lambda: np.array_equal(pad.small_ink(), sent), "the reloaded page has the same ink")
    assert np.array_equal(pad.truth(), drawn)
    expect(pad.line).to_contain_text("The network sees your drawing")
    pad.stroke([(0.2, 0.9), (0.8, 0.9)])
    assert not np.array_equal(pad.expect_followed(), drawn)
