"""The pixel inspector on a page: its scene, its card, and the windows that it should show."""

import re

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.browser.reading import Card, box_of, value_in
from tests.browser.scenes import PROBE
from tests.browser.truth import given, maps, mnist

SCENE = f"""
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer, scope.channel = "conv2", 5
view = cw.PixelInspector(scope)

{PROBE}
ipywidgets.VBox([view, cw.ChannelSlider(scope), Probe(stage=view.stage)])
"""
READY_MS = 40_000


class Inspector(Card):
    """The card of the scene."""

    def __init__(self, page: Page):
        super().__init__(page, "inspector")
        self.map = self.card.locator(".cw-inspect-map")
        self.grids = self.card.locator(".cw-inspect-grids")
        self.go = self.card.get_by_role("button", name=re.compile("^Go "))
        self.trail = self.card.get_by_role("navigation")
        self.ending = self.card.locator(".cw-ending")
        self.image = self.card.locator("figure", has=page.locator(".cw-inspect-input"))

    def at(self, layer: str, *unit: int) -> None:
        """Wait until a value of a layer is explained."""
        names = ("channel", "row", "column") if len(unit) > 1 else ("unit",)
        words = ", ".join(f"{name} {place}" for name, place in zip(names, unit, strict=True))
        expect(self.title).to_contain_text(f"{layer} · {words}")

    def select(self, layer: str, channel: int, pixel: list[int] | None) -> None:
        """Select a place, all of it at once, as another card would."""
        self.page.evaluate(
            "values => { for (const name in values) stage.set(name, values[name]);"
            " stage.save_changes(); }",
            {"layer": layer, "channel": channel, "pixel": pixel},
        )

    def lines(self) -> dict[str, list[float]]:
        """The sum: what is in each line of the table that has numbers, by its name."""
        rows = self.card.locator(".cw-ledger tbody").evaluate(
            "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return {
            name.removesuffix(" ▾"): [value_in(text) for text in cells if text]
            for name, *cells in rows
            if any(cells)
        }

    def fold(self, name: str) -> Locator:
        """The line that opens or folds the sum."""
        return self.card.locator(".cw-ledger").get_by_role("button", name=name, exact=True)

    def click_cell(self, grid: int, row: int, column: int, rows: int, columns: int) -> None:
        box = box_of(self.grids.locator("canvas").nth(grid))
        x = box["x"] + (column + 0.5) * box["width"] / columns
        y = box["y"] + (row + 0.5) * box["height"] / rows
        self.page.mouse.click(x, y)


def open_at(voila, page: Page) -> Inspector:
    voila.open(page, "%%markdown\n# One pixel\n\n## From map to image", SCENE)
    page.wait_for_function("window.stage", timeout=READY_MS)
    card = Inspector(page)
    expect(card.card.locator(".cw-empty")).to_contain_text("Choose a pixel of the map")
    return card


def patch_of(layer: str, row: int, column: int) -> np.ndarray:
    """The 5×5 windows of a layer's maps around a pixel, zeros outside: (channel, 5, 5)."""
    source = given(mnist()[0][:1]) if layer == "input" else maps(0, layer)
    padded = np.pad(source, ((0, 0), (2, 2), (2, 2)))
    return padded[:, row : row + 5, column : column + 5]
