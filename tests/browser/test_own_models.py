"""Models that people bring, in a real browser: what no digit's network has."""

from playwright.sync_api import expect

from tests.browser.scenes import Dash

PASSED_ON = """
import cnnwidgets as cw, torch
from torch import nn
layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(2704, 3)]
cw.Dashboard(cw.Microscope(nn.Sequential(*layers), cw.load("mnist")))
"""


def test_maps_that_a_layer_passes_on_unchanged_have_its_name(voila, page):
    voila.open(page, PASSED_ON)
    dash = Dash(page)
    strip = dash.network.get_by_role("listbox")
    for key, layer in [("Home", "0"), ("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1")]:
        strip.press(key)
        expect(dash.maps.get_by_role("heading")).to_have_text(f"{layer} · 4 feature maps, 26×26")
        expect(dash.large.get_by_role("heading")).to_have_text(f"{layer} · channel 0 of 4")
