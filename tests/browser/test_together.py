"""Several widgets on one microscope, without a dashboard, in a real browser."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.reading import grid_of
from tests.servers import eventually

PICKY = """
import cnnwidgets as cw, numpy as np, torch, ipywidgets
from torch import nn

class Picky(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Linear(4 * 64, 3)

    def forward(self, images):
        if images.amax() > 100:
            raise RuntimeError("too bright for this network")
        maps = self.conv(images)
        return self.head(maps.flatten(1))

torch.manual_seed(3)
pixels = np.random.default_rng(1).integers(0, 50, (6, 8, 8), dtype="uint8")
pixels[3, 0, 0] = 255
images = cw.ImageSet.from_arrays(pixels, np.arange(6) % 3, mean=0.0, std=0.005)
scope = cw.Microscope(Picky(), images)
label = ipywidgets.Label()
scope.observe(lambda change: setattr(label, "value", f"kernel: image {scope.index}"), "run")
"""
TWO = """
def named(name, widget):
    box = ipywidgets.VBox([widget])
    box.add_class(name)
    return box
ipywidgets.VBox([
    named("picker", cw.DigitPicker(scope)),
    named("first", cw.FeatureMaps(scope)),
    named("second", cw.FeatureMaps(scope, colormap="grey")),
    named("says", cw.Prediction(scope)),
    named("kernel", label),
])
"""


def test_widgets_on_one_microscope_follow_each_other_and_an_error_is_told(voila, page, watch):
    voila.open(page, PICKY, TWO)
    picker, first, second = (
        page.locator(f".{name} section") for name in ("picker", "first", "second")
    )
    grid_of(first).click(2)
    expect(grid_of(second).option).to_contain_text("channel 2 ")
    grid_of(second).root.press("ArrowRight")
    expect(grid_of(first).option).to_contain_text("channel 3 ")
    second.get_by_role("application").press("End")
    expect(first.get_by_role("status")).to_contain_text("channel 3 · row 7 · column 7")
    # What belongs to a view stays its own.
    second.get_by_role("button", name="per channel").click()
    expect(second.locator(".cw-legend")).to_contain_text("channel 3")
    assert "shared" in first.locator(".cw-legend").inner_text()

    box = picker.get_by_role("spinbutton")
    before = grid_of(first).colours([0, 1, 2, 3], 8, 8)
    box.fill("3")
    box.press("Enter")
    alert = picker.get_by_role("alert")
    expect(alert).to_contain_text("too bright for this network")
    np.testing.assert_array_equal(grid_of(first).colours([0, 1, 2, 3], 8, 8), before)
    expect(picker.locator(".cw-line")).to_contain_text("image 0")
    assert page.get_by_role("alert").filter(visible=True).count() == 1

    box.fill("4")
    box.press("Enter")
    expect(page.locator(".kernel")).to_contain_text("kernel: image 4")
    expect(alert).to_be_hidden()
    eventually(
        lambda: (grid_of(first).colours([0, 1, 2, 3], 8, 8) != before).any(), "the next image"
    )
