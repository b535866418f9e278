"""The drawing pad in a real browser: mouse, touch, keys and pictures, and what is read."""

import base64
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cnnwidgets.data.fit import like_mnist
from tests.browser.conftest import Watch
from tests.servers import eventually

CELLS = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
cw.DrawPad(scope)
"""
# The image as Python has it, as text, apart from every widget of the package.
TRUTH = """
import ipywidgets
truth = ipywidgets.Label()
truth.add_class("truth")
def tell(*_):
    truth.value = scope.image.tobytes().hex()
scope.observe(tell, "run")
tell()
truth
"""
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]


class Pad:
    """The cards of a page with a DrawPad, a Prediction, a DigitPicker and the truth."""

    def __init__(self, page):
        self.page = page
        self.card = page.locator(".cw-pad")
        self.canvas = self.card.get_by_role("application")
        self.seen = self.card.get_by_role("img")
        self.line = self.card.locator(".cw-line")
        self.verdict = page.locator(".cw-prediction .cw-line")
        self.images = page.locator(".cw-picker").get_by_role("listbox")

    def button(self, name):
        return self.card.get_by_role("button", name=re.compile(f"^{name}"))

    def at(self, u, v):
        box = self.canvas.bounding_box()
        return box["x"] + u * box["width"], box["y"] + v * box["height"]

    def stroke(self, points, steps=12):
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=steps)
        self.page.mouse.up()

    def ink(self):
        """The ink as it is painted: (row, column) of bytes."""
        return _grey(self.canvas, 280)

    def small_ink(self):
        """The mean of each 2×2 pixels of the ink, as it is sent."""
        means = self.ink().reshape(140, 2, 140, 2).mean((1, 3))
        return np.floor(means + 0.5).astype(np.uint8)

    def shown(self):
        """The image that the pad says the network gets: (row, column) of bytes."""
        return _grey(self.seen, 28)

    def truth(self):
        """The image that the microscope has: (row, column) of bytes."""
        text = self.page.locator(".truth").inner_text()
        return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(28, 28)

    def expect_true(self):
        """Wait until the image shown is the microscope's, pixel by pixel."""
        eventually(lambda: np.array_equal(self.shown(), self.truth()), "the image is scope.image")

    def expect_followed(self):
        """Wait until the microscope has all that is drawn; returns that image."""
        # The page may still be drawing what the mouse did, so its ink is read anew each time.
        eventually(
            lambda: np.array_equal(self.truth(), like_mnist(self.small_ink())),
            "the kernel has the last ink",
        )
        self.expect_true()
        return self.truth()

    def expect_read(self, digit):
        expect(self.verdict).to_contain_text(f"reads {digit} with")


def _grey(canvas, count):
    """The red of count × count places of a canvas: (row, column) of bytes."""
    code = f"""canvas => {{
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const found = [];
      for (let row = 0; row < {count}; row++)
        for (let column = 0; column < {count}; column++) {{
          const [x, y] = [column, row].map(at => Math.floor(((at + 0.5) * canvas.width) / {count}));
          found.push(data[4 * (y * canvas.width + x)]);
        }}
      return found;
    }}"""
    return np.array(canvas.evaluate(code), np.uint8).reshape(count, count)


def open_pad(voila, page):
    voila.open(page, CELLS, "cw.Prediction(scope)", "cw.DigitPicker(scope)", TRUTH)
    pad = Pad(page)
    pad.canvas.wait_for()
    return pad


@pytest.fixture(scope="module")
def shared(browser, voila):
    """One page for the module: a page with a kernel takes seconds to start."""
    context = browser.new_context(
        viewport={"width": 1024, "height": 1400},
        permissions=["clipboard-read", "clipboard-write"],
    )
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    yield open_pad(voila, page), watch
    context.close()


@pytest.fixture
def pad(shared):
    """An empty pad with its brush, while the microscope looks at digit 0, a seven."""
    pad, watch = shared
    before = len(watch.problems)
    pad.canvas.press("b")
    pad.canvas.press("x")
    pad.card.get_by_role("slider").fill("2.5")
    pad.card.get_by_role("checkbox").check()
    expect(pad.canvas).to_have_accessible_name(re.compile("empty"))
    pad.images.press("Home")
    expect(pad.line).to_contain_text("image 0 of MNIST test")
    expect(pad.canvas).to_have_accessible_name(re.compile("empty"))
    yield pad
    assert watch.problems[before:] == []


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def one():
    """A one, dark on light, as a scanned picture."""
    pixels = np.full((90, 90), 240, np.uint8)
    pixels[12:78, 41:49] = 20
    return pixels


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


def test_a_picture_is_opened_and_read(pad):
    with pad.page.expect_file_chooser() as chooser:
        pad.button("Open a picture").click()
    chooser.value.set_files({"name": "one.png", "mimeType": "image/png", "buffer": png(one())})
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.expect_true()


def test_a_picture_is_pasted_and_read(pad):
    pad.page.evaluate(
        """async text => {
          const bytes = Uint8Array.from(atob(text), each => each.charCodeAt(0));
          const blob = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(png(one())).decode(),
    )
    pad.canvas.focus()
    pad.page.keyboard.press("Control+v")
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.page.evaluate("navigator.clipboard.writeText('words')")
    pad.page.keyboard.press("Control+v")
    expect(pad.card.get_by_role("alert")).to_contain_text("The clipboard holds no picture")
    pad.stroke(SEVEN)
    expect(pad.card.get_by_role("alert")).to_have_count(0)


@pytest.fixture
def drop(pad, tmp_path):
    """`drop(name, bytes)`: drops a file on the card as a person would."""
    devtools = pad.page.context.new_cdp_session(pad.page)

    def act(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        x, y = pad.at(0.5, 0.5)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    yield act
    devtools.detach()


def test_a_picture_is_dropped_and_read(pad, drop):
    drop("one.png", png(one()))
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.expect_true()


def test_what_is_no_picture_is_refused_in_a_sentence_and_nothing_is_lost(pad, drop):
    pad.stroke(SEVEN)
    drawn = pad.expect_followed()
    drop("notes.png", b"these are words")
    alert = pad.card.get_by_role("alert")
    expect(alert).to_contain_text("PNG")
    np.testing.assert_array_equal(pad.truth(), drawn)
    drop("huge.png", bytes(10_000_001))
    expect(alert).to_have_text(re.compile("huge.png has 10.1 MB, and may have 10 MB"))
    for _ in range(2):  # the second refusal has the words of the first
        drop("notes.png", b"these are words")
        expect(alert).to_contain_text("PNG")
        drop("empty.png", b"")
        expect(alert).to_have_text(re.compile("empty.png is empty"))
    np.testing.assert_array_equal(pad.truth(), drawn)
    expect(pad.line).to_contain_text("The network sees your drawing")
    pad.stroke([(0.3, 0.5), (0.7, 0.5)])
    expect(alert).to_have_count(0)


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
