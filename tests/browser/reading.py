"""Reading a page back: grids of tiles, canvases, readouts and tables as the widgets show them."""

import re
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Locator, Page


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

    def corner(self, tile: int) -> tuple[float, float]:
        """Where the top left corner of a tile is in the grid: x and y."""
        x = self.margin + (tile % self.columns) * (self.width + self.gap)
        y = self.margin + (tile // self.columns) * (self.height + self.gap)
        return x, y - self.top


class Grid:
    """A listbox of tiles on one canvas."""

    def __init__(self, root: Locator):
        self.root = root

    @property
    def layout(self) -> Layout:
        return Layout(**self.root.evaluate("root => JSON.parse(root.dataset.layout)"))

    def colours(self, tiles: list[int], rows: int, columns: int) -> np.ndarray:
        """The pixels at the centres of the cells of tiles: (tile, row, column, 4) of 0..255."""
        found = self.in_sight(tiles, rows, columns)
        assert found is not None, "a tile is out of sight"
        return found

    def in_sight(self, tiles: list[int], rows: int, columns: int) -> np.ndarray | None:
        """As `colours`, but None while a tile is out of sight."""
        wanted = {"tiles": tiles, "rows": rows, "columns": columns}
        found = np.array(self.root.evaluate(_READ_CELLS, wanted))
        return found.reshape(len(tiles), rows, columns, 4) if (found >= 0).all() else None

    def at(self, tile: int, u: float = 0.5, v: float = 0.5) -> tuple[float, float]:
        """Where a place of a tile is in the window, scrolled into sight; u and v from 0 to 1."""
        self.root.evaluate("root => root.scrollIntoView({ block: 'center' })")
        layout, box = self.layout, self.root.bounding_box()
        assert box is not None
        x, y = layout.corner(tile)
        return box["x"] + x + u * layout.width, box["y"] + y + v * layout.height

    def hover(self, tile: int, u: float = 0.5, v: float = 0.5) -> None:
        self.root.page.mouse.move(*self.at(tile, u, v))

    def click(self, tile: int, u: float = 0.5, v: float = 0.5) -> None:
        self.root.page.mouse.click(*self.at(tile, u, v))

    @property
    def option(self) -> Locator:
        """What a screen reader is told of the selected tile."""
        return self.root.get_by_role("option")


class Card:
    """What cards of every kind have."""

    def __init__(self, page: Page, kind: str):
        self.page = page
        self.card = page.locator(f".cw-{kind}")
        self.title = self.card.get_by_role("heading")
        self.line = self.card.locator(".cw-line")
        self.readout = self.card.locator(".cw-readout")

    def press(self, name: str) -> None:
        """Click the button of this name."""
        self.card.get_by_role("button", name=name, exact=True).click()


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
