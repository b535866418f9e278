"""What the browser tests share: the truth, worked out apart from the widgets; reading a page.

The truth is plain PyTorch on the MNIST files and the shipped weights; colours are Matplotlib's.
"""

import gzip
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from playwright.sync_api import Locator, Page

import cnnwidgets
from tests.servers import eventually

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc")
DASHBOARD = '''
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
dashboard = cw.Dashboard(scope)

import anywidget

class Probe(anywidget.AnyWidget):
    # Lets a test wait for the kernel's answer; it shows nothing.
    _esm = """export default {
      async render({ model, host }) { window.stage = await host.getModel(model.get("stage")); },
    };"""
    stage = anywidget.WidgetTrait().tag(sync=True)

import ipywidgets
ipywidgets.VBox([dashboard, Probe(stage=dashboard.maps.stage)])
'''
EXPLAIN = DASHBOARD.replace("cw.Dashboard(scope)", 'cw.Dashboard(scope, view="explain")')

# Two steps of 257 on the steepest part of a map (about 3 of 255 a step), plus what 16 straight
# lines stray from viridis.
COLOUR_LEVELS = 10
# Five significant digits are shown; float32 sums may differ in their order by 1e-6 or so.
DIGITS = {"rtol": 0.6e-4, "atol": 2e-6}


@cache
def mnist() -> tuple[np.ndarray, np.ndarray]:
    """The test set from its files: uint8 (image, row, column) and labels (image,)."""
    folder = ROOT / "cnnwidgets" / "data" / "mnist"
    pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    _, count, rows, columns = struct.unpack(">IIII", pixels[:16])
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(count, rows, columns)
    return images, np.frombuffer(labels, np.uint8, offset=8).astype(int)


@cache
def weights() -> dict[str, torch.Tensor]:
    """The shipped network's weights by name."""
    model, _history = cnnwidgets.pretrained()
    return {name: value.detach() for name, value in model.state_dict().items()}


def forward(
    images: np.ndarray, w: dict[str, torch.Tensor] | None = None
) -> dict[str, torch.Tensor]:
    """What every layer of the shipped network makes of images (image, row, column).

    w: other weights than the final ones.
    """
    w = weights() if w is None else w
    x = torch.from_numpy(images.astype(np.float32))[:, None] / 255
    x = (x - 0.13066048) / 0.30810780  # of the 60,000 training images
    out = {}
    for number in "12":
        x = out[f"conv{number}"] = F.conv2d(
            x, w[f"conv{number}.weight"], w[f"conv{number}.bias"], padding=2
        )
        x = out[f"relu{number}"] = x.clamp(min=0)
        x = out[f"pool{number}"] = F.max_pool2d(x, 2)
    out["fc"] = x.flatten(1) @ w["fc.weight"].T + w["fc.bias"]
    return out


@cache
def maps(index: int, layer: str) -> np.ndarray:
    """The maps of a layer for a test image: (channel, row, column), or (unit,)."""
    return forward(mnist()[0][index : index + 1])[layer][0].numpy()


@cache
def read_as() -> np.ndarray:
    """The class that the network reads in each test image."""
    images = mnist()[0]
    parts = [forward(images[at : at + 1000])["fc"].argmax(1) for at in range(0, len(images), 1000)]
    return torch.cat(parts).numpy()


# As documented in paint.js: blue below zero, white, orange above.
STOPS = np.array(
    [
        (0x05, 0x3B, 0x75),
        (0x1F, 0x6F, 0xB4),
        (0x4A, 0xA8, 0xD8),
        (0xA6, 0xD8, 0xEE),
        (0xFF, 0xFF, 0xFF),
        (0xFD, 0xCF, 0xA2),
        (0xF5, 0x94, 0x48),
        (0xE0, 0x5F, 0x0C),
        (0x9C, 0x32, 0x04),
    ],
    float,
)


def diverging(values: np.ndarray, limit: float) -> np.ndarray:
    """Colours of signed values: (..., 3) of 0..255, white at zero, the ends at ± limit."""
    at = (np.clip(values / limit, -1, 1) + 1) / 2 * (len(STOPS) - 1)
    return np.stack([np.interp(at, range(len(STOPS)), STOPS[:, part]) for part in range(3)], -1)


def sequential(values: np.ndarray, limit: float, name: str = "viridis") -> np.ndarray:
    """Colours of values from 0 to limit in one of Matplotlib's maps: (..., 3) of 0..255."""
    share = np.clip(values / limit, 0, 1) if limit else np.zeros_like(values)
    return matplotlib.colormaps[name](share)[..., :3] * 255


def coloured(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Colours of maps as "automatic" promises them: signed data diverge, other data are viridis."""
    finite = values[np.isfinite(values)]
    limit = float(np.abs(finite).max(initial=0)) if limit is None else limit
    return (diverging if (finite < 0).any() else sequential)(values, limit)


def value_in(text: str) -> float:
    """The last number of a text, as the widgets write it."""
    found = re.findall(r"[−-]?(?:\d[\d,]*\.?\d*(?:e[+−-]?\d+)?|∞)|NaN", text)
    assert found, text
    return float(found[-1].replace("−", "-").replace("∞", "inf").replace(",", ""))


_READ_CELLS = """
(root, { tiles, rows, columns }) => {
  const layout = JSON.parse(root.dataset.layout);
  const canvas = root.querySelector("canvas");
  const ratio = window.devicePixelRatio;
  const whole = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const found = [];
  for (const tile of tiles) {
    const left = Math.round(ratio * (layout.margin + (tile % layout.columns) * (layout.width + layout.gap)));
    const top = Math.round(ratio * (layout.margin + Math.floor(tile / layout.columns) * (layout.height + layout.gap) - layout.top));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const x = left + Math.floor(((column + 0.5) / columns) * Math.round(layout.width * ratio));
        const y = top + Math.floor(((row + 0.5) / rows) * Math.round(layout.height * ratio));
        const inside = x >= 0 && y >= 0 && x < canvas.width && y < canvas.height;
        const at = 4 * (y * canvas.width + x);
        found.push(...(inside ? whole.slice(at, at + 4) : [-1, -1, -1, -1]));
      }
    }
  }
  return found;
}
"""  # noqa: E501
_READ_CANVAS = """
(canvas, { rows, columns, u, v }) => {
  const whole = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const found = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = Math.floor(((column + u) / columns) * canvas.width);
      const y = Math.floor(((row + v) / rows) * canvas.height);
      found.push(...whole.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4));
    }
  }
  return found;
}
"""


@dataclass
class Layout:
    """How a grid of tiles is laid out, in CSS pixels."""

    columns: int
    rows: int
    width: float
    height: float
    gap: float
    count: int
    margin: float
    top: float


class Grid:
    """A listbox of tiles on one canvas."""

    def __init__(self, root: Locator):
        self.root = root

    @property
    def layout(self) -> Layout:
        return Layout(**self.root.evaluate("root => JSON.parse(root.dataset.layout)"))

    def colours(self, tiles: list[int], rows: int, columns: int) -> np.ndarray:
        """The pixels at the centres of the cells of tiles: (tile, row, column, 4) of 0..255."""
        wanted = {"tiles": tiles, "rows": rows, "columns": columns}
        found = np.array(self.root.evaluate(_READ_CELLS, wanted))
        assert (found >= 0).all(), "a tile is out of sight"
        return found.reshape(len(tiles), rows, columns, 4)

    def at(self, tile: int, u: float = 0.5, v: float = 0.5) -> tuple[float, float]:
        """Where a place of a tile is in the window, scrolled into sight; u and v from 0 to 1."""
        self.root.evaluate("root => root.scrollIntoView({ block: 'center' })")
        layout, box = self.layout, self.root.bounding_box()
        assert box is not None
        x = layout.margin + (tile % layout.columns) * (layout.width + layout.gap)
        y = layout.margin + (tile // layout.columns) * (layout.height + layout.gap) - layout.top
        return box["x"] + x + u * layout.width, box["y"] + y + v * layout.height

    def hover(self, tile: int, u: float = 0.5, v: float = 0.5) -> None:
        self.root.page.mouse.move(*self.at(tile, u, v))

    def click(self, tile: int, u: float = 0.5, v: float = 0.5) -> None:
        self.root.page.mouse.click(*self.at(tile, u, v))

    @property
    def option(self) -> Locator:
        """What a screen reader is told of the selected tile."""
        return self.root.get_by_role("option")


def canvas_colours(
    canvas: Locator, rows: int, columns: int, u: float = 0.5, v: float = 0.5
) -> np.ndarray:
    """The pixels at a place in each cell of a canvas: (row, column, 4) of 0..255."""
    wanted = {"rows": rows, "columns": columns, "u": u, "v": v}
    return np.array(canvas.evaluate(_READ_CANVAS, wanted)).reshape(rows, columns, 4)


def box_of(locator: Locator) -> dict[str, float]:
    """Where an element is in the window, scrolled into sight."""
    locator.evaluate("node => node.scrollIntoView({ block: 'center' })")
    box = locator.bounding_box()
    assert box is not None
    return {**box}


def grid_of(card: Locator) -> Grid:
    """The tiles of a card."""
    return Grid(card.get_by_role("listbox"))


def readout(card: Locator) -> Locator:
    """Where a card says what is pointed at, or found."""
    return card.get_by_role("status").last


def table_of(card: Locator) -> np.ndarray:
    """The numbers of a card's table twin, opened: (row, column)."""
    details = card.locator("details")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    details.locator("tbody tr").first.wait_for()
    rows = details.locator("tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].slice(1).map(cell => cell.textContent))"
    )
    return np.array([[value_in(text) for text in row] for row in rows])


class Dash:
    """The cards of a dashboard, or of any page with one of each."""

    def __init__(self, page: Page):
        self.page = page
        self.picker = page.locator(".cw-picker")
        self.prediction = page.locator(".cw-prediction")
        self.network = page.locator(".cw-layers")
        self.maps = page.locator('.cw-maps[data-view="all"]')
        self.slider = page.locator(".cw-channel")
        self.large = page.locator('.cw-maps[data-view="one"]')
        self.filters = page.locator(".cw-filters")

    @property
    def images(self) -> Grid:
        return Grid(self.picker.get_by_role("listbox"))

    @property
    def map_grid(self) -> Grid:
        return Grid(self.maps.get_by_role("listbox"))

    @property
    def kernel_grid(self) -> Grid:
        return Grid(self.filters.get_by_role("listbox"))

    @property
    def large_map(self) -> Locator:
        return self.large.get_by_role("application")

    @property
    def jump_box(self) -> Locator:
        return self.picker.get_by_role("spinbutton")

    def jump(self, index: int) -> None:
        """Go to an image, and wait until the page shows what the network makes of it."""
        self.jump_box.fill(str(index))
        self.jump_box.press("Enter")
        self.expect_image(index)

    def logits(self) -> np.ndarray:
        """The logits as shown: (class,)."""
        texts = self.prediction.locator("tbody td:last-child").all_inner_texts()
        return np.array([value_in(text) for text in texts])

    def expect_image(self, index: int) -> None:
        """Wait until the prediction is that of a test image; all cards change with it."""
        expected = maps(index, "fc")
        eventually(
            lambda: np.allclose(self.logits(), expected, rtol=1e-3, atol=0.051),
            f"the logits are those of image {index}",
        )

    def to_top(self) -> None:
        """Scroll the grid of digits to its beginning; a new order may still scroll it elsewhere."""

        def is_there() -> bool:
            self.images.root.evaluate("root => { root.scrollTop = 0; }")
            return self.images.layout.top == 0

        eventually(is_there, "the grid is painted at its beginning")

    def choose_layer(self, name: str) -> None:
        """Choose a layer, and wait until its maps have come and are painted."""
        if self.chosen_layer() == name:
            return
        with self.next_maps():
            option = self.network.get_by_role("option").filter(has_text=re.compile(f"^{name}"))
            option.click()
        self.page.wait_for_function("name => window.stage.get('maps_layer') === name", arg=name)
        self.page.evaluate("new Promise(requestAnimationFrame)")

    @contextmanager
    def next_maps(self) -> Iterator[None]:
        """Wait at the end of the block until the kernel has sent maps, and for the next frame."""
        self.page.evaluate("window.before = window.stage.get('maps')")
        yield
        self.page.wait_for_function("window.stage.get('maps') !== window.before")
        self.page.evaluate("new Promise(requestAnimationFrame)")

    def choose_channel(self, channel: int) -> None:
        box = self.slider.get_by_role("spinbutton")
        box.fill(str(channel))
        box.press("Enter")
        self.slider.get_by_role("heading").filter(
            has_text=re.compile(rf"\b{channel} of ")
        ).wait_for()

    def chosen_layer(self) -> str:
        chosen = self.network.locator('[role="option"][aria-selected="true"]')
        return chosen.locator(".cw-layer-name").inner_text()
