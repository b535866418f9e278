"""The drawing pad on a page: its cards, what was drawn, and what the microscope has of it."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from cnnwidgets.data.fit import like_mnist
from tests.browser.reading import Card
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


class Pad(Card):
    """The cards of a page with a DrawPad, a Prediction, a DigitPicker and the truth."""

    def __init__(self, page):
        super().__init__(page, "pad")
        self.canvas = self.card.get_by_role("application")
        self.seen = self.card.get_by_role("img")
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


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def one():
    """A one, dark on light, as a scanned picture."""
    pixels = np.full((90, 90), 240, np.uint8)
    pixels[12:78, 41:49] = 20
    return pixels
