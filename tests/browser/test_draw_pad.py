"""The drawing pad in a real browser: mouse and keys, what is drawn, and what is read."""

import re

import numpy as np
from playwright.sync_api import expect

from tests.browser.pads import SEVEN
from tests.servers import eventually


def test_a_seven_drawn_with_the_mouse_is_read_while_it_is_drawn(pad):
    pad.page.mouse.move(*pad.at(*SEVEN[0]))
    pad.page.mouse.down()
    for point in SEVEN[1:]:
        pad.page.mouse.move(*pad.at(*point), steps=12)
    pad.expect_read(7)
    expect(pad.verdict).to_contain_text("no label")
    pad.expect_true()
    pad.page.mouse.up()
    expect(pad.line).to_contain_text("your drawing, centred")
    pad.expect_followed()
    assert pad.ink()[:, 0].max() == 0
    assert pad.ink()[56, 140] == 255


def test_the_stroke_is_painted_in_the_page_without_the_kernel(pad):
    painted = pad.canvas.evaluate(
        """async (canvas, [x, y]) => {
          const event = { clientX: x, clientY: y, pointerId: 1, isPrimary: true, button: 0, buttons: 1, bubbles: true };
          canvas.setPointerCapture = () => {};
          canvas.dispatchEvent(new PointerEvent("pointerdown", event));
          canvas.dispatchEvent(new PointerEvent("pointerup", event));
          delete canvas.setPointerCapture;
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          return canvas.getContext("2d").getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data[0];
        }""",  # noqa: E501
        list(pad.at(0.5, 0.5)),
    )
    assert painted == 255
    pad.expect_true()


def test_the_switch_shows_the_drawing_as_it_lies(pad):
    pad.stroke([(0.1, 0.1), (0.1, 0.4)])
    pad.expect_followed()
    assert pad.truth()[10:18, 12:16].any(), "centred"
    pad.canvas.press("c")
    expect(pad.line).to_contain_text("as it lies on the pad")
    eventually(lambda: not pad.truth()[14:].any(), "the stroke is where it was drawn")
    pad.expect_true()
    assert pad.truth()[4:10, 2:4].min() == 255


def test_what_is_drawn_is_undone_redone_and_cleared(pad):
    pad.stroke(SEVEN)
    first = pad.ink()
    pad.stroke([(0.3, 0.5), (0.7, 0.5)])
    second = pad.ink()
    assert (second != first).any()
    pad.button("Undo").click()
    np.testing.assert_array_equal(pad.ink(), first)
    pad.page.keyboard.press("Control+y")
    np.testing.assert_array_equal(pad.ink(), second)
    pad.canvas.press("Control+z")
    np.testing.assert_array_equal(pad.ink(), first)
    pad.canvas.press("Control+Shift+Z")
    np.testing.assert_array_equal(pad.ink(), second)
    pad.canvas.press("x")
    expect(pad.line).to_contain_text("An empty pad")
    expect(pad.card.locator("[aria-live]")).to_have_text("cleared")
    eventually(lambda: not pad.truth().any(), "the network gets an empty image")
    pad.button("Undo").click()
    np.testing.assert_array_equal(pad.ink(), second)
    expect(pad.card.locator("[aria-live]")).to_contain_text("undone")
    pad.expect_followed()


def test_the_eraser_takes_away_and_the_brush_has_a_size(pad):
    pad.stroke([(0.2, 0.5), (0.8, 0.5)])
    thin = np.count_nonzero(pad.ink()[:, 140])
    pad.card.get_by_role("slider").fill("6")
    pad.stroke([(0.2, 0.5), (0.8, 0.5)])
    assert np.count_nonzero(pad.ink()[:, 140]) > 2 * thin
    pad.button("Eraser").click()
    pad.stroke([(0.5, 0.2), (0.5, 0.8)])
    assert pad.ink()[140, 140] == 0
    assert pad.ink()[140, 80] == 255
    pad.card.get_by_role("slider").fill("2.5")
    pad.expect_followed()


def test_a_seven_is_drawn_and_corrected_by_keyboard_alone(pad):
    keys = pad.page.keyboard
    pad.button("Undo").focus()
    for _ in range(3):
        keys.press("Tab")
    assert pad.canvas.evaluate("node => node === document.activeElement")
    for key in ("PageUp", "Home", *["ArrowDown"] * 6, *["ArrowRight"] * 8):
        keys.press(key)
    keys.down("Shift")
    for key in (*["ArrowRight"] * 12, *(["ArrowDown"] * 2 + ["ArrowLeft"]) * 7):
        keys.press(key)
    keys.up("Shift")
    pad.expect_read(7)
    pad.expect_true()
    spoken = pad.card.locator("[aria-live]")
    expect(spoken).to_have_text("row 20, column 13: ink")
    pad.canvas.blur()  # the cursor is gone
    drawn = pad.ink()
    pad.canvas.focus()
    keys.press("PageDown")
    keys.press("Space")
    expect(spoken).to_have_text("row 27, column 13: ink")
    keys.press("Delete")
    expect(spoken).to_have_text("row 27, column 13: empty")
    keys.press("Control+z")
    keys.press("Control+z")
    expect(spoken).to_contain_text("undone")
    pad.canvas.blur()
    np.testing.assert_array_equal(pad.ink(), drawn)
    pad.canvas.press("Control+z")
    expect(pad.canvas).to_have_accessible_name(re.compile("empty"))


def test_a_brush_of_one_paints_exactly_the_cell(pad):
    pad.card.get_by_role("slider").fill("1")
    pad.card.get_by_role("checkbox").uncheck()
    pad.canvas.press("Home")
    pad.canvas.press("PageUp")
    pad.canvas.press("Enter")
    pad.expect_true()
    eventually(lambda: pad.truth()[0, 0] == 255, "the cell is painted")
    assert np.count_nonzero(pad.truth()) == 1
    pad.card.get_by_role("slider").fill("2.5")


def test_a_picked_digit_leaves_the_drawing_which_the_next_stroke_brings_back(pad):
    pad.stroke(SEVEN)
    drawn = pad.expect_followed()
    pad.images.press("ArrowRight")
    expect(pad.line).to_contain_text("image 1 of MNIST test; your drawing waits")
    pad.expect_read(2)
    pad.expect_true()
    pad.button("Back to my drawing").click()
    expect(pad.line).to_contain_text("your drawing")
    eventually(lambda: np.array_equal(pad.truth(), drawn), "the drawing is back")
    pad.images.press("Home")
    expect(pad.line).to_contain_text("image 0")
    pad.stroke([(0.4, 0.5), (0.7, 0.5)])
    expect(pad.line).to_contain_text("The network sees your drawing")
    assert not np.array_equal(pad.expect_followed(), drawn)


def test_drawing_over_a_digit_starts_from_its_pixels(pad):
    digit = pad.truth()
    pad.button("Draw over this image").click()
    expect(pad.line).to_contain_text("The network sees your drawing")
    np.testing.assert_array_equal(pad.truth(), digit)
    np.testing.assert_array_equal(pad.ink()[5::10, 5::10], digit)
    pad.stroke([(0.1, 0.9), (0.9, 0.9)])
    assert not np.array_equal(pad.expect_followed(), digit)


def test_the_table_has_the_pixels_of_the_image(pad):
    pad.stroke(SEVEN)
    pad.expect_followed()
    pad.card.get_by_text("Numbers as a table").click()
    rows = pad.card.locator("tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].slice(1).map(cell => +cell.textContent))"
    )
    np.testing.assert_array_equal(np.array(rows), pad.truth())
    pad.card.get_by_text("Numbers as a table").click()


def test_the_keys_are_listed_on_a_question_mark(pad):
    pad.canvas.press("?")
    expect(pad.card.get_by_text("draw a line")).to_be_visible()
    pad.canvas.press("?")
    expect(pad.card.get_by_text("draw a line")).to_be_hidden()
