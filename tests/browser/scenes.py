"""The dashboard as a scene, and its cards."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Locator, Page

from tests.browser.reading import Grid, value_in
from tests.browser.truth import maps
from tests.servers import eventually

PROBE = '''
import anywidget, ipywidgets

class Probe(anywidget.AnyWidget):
    # Lets a test select, and wait for the kernel's answer; it shows nothing.
    _esm = """export default {
      async render({ model, host }) { window.stage = await host.getModel(model.get("stage")); },
    };"""
    stage = anywidget.WidgetTrait().tag(sync=True)
'''
DASHBOARD = f"""
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
dashboard = cw.Dashboard(scope)

{PROBE}
ipywidgets.VBox([dashboard, Probe(stage=dashboard.maps.stage)])
"""
EXPLAIN = DASHBOARD.replace("cw.Dashboard(scope)", 'cw.Dashboard(scope, view="explain")')


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
        self.inspector = page.locator(".cw-inspector")
        self.editor = page.locator(".cw-kernel")
        self.board = page.locator(".cw-ablation")
        self.time = page.locator(".cw-time")

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
