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


TOKENS = """
import cnnwidgets as cw, torch
from collections import OrderedDict
from torch import nn

class Tokens(nn.Module):
    def forward(self, maps):
        return maps.flatten(2).transpose(1, 2)

parts = {"embedding": nn.Conv2d(1, 8, 7, stride=7), "upsample": nn.ConvTranspose2d(8, 8, 1)}
parts |= {"tokens": Tokens(), "norm": nn.LayerNorm(8), "flatten": nn.Flatten()}
scope = cw.Microscope(nn.Sequential(OrderedDict(parts, head=nn.Linear(128, 3))), cw.load("mnist"))
scope.layer, scope.pixel = "embedding", (1, 2)
cw.Dashboard(scope)
"""
# How many lines each text of a layer's tile has beyond its words: above 0 where a word is broken.
BROKEN = """
() => [...document.querySelectorAll(".cw-layer-name, .cw-layer-line")]
  .filter((node) => node.getClientRects().length && node.textContent)
  .map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const lines = new Set([...range.getClientRects()].map(({ top }) => top)).size;
    return [node.textContent, lines - node.textContent.split(" ").length];
  })
"""


def test_no_word_of_a_layers_tile_is_broken(voila, new_page):
    page = new_page(width=360)
    voila.open(page, TOKENS)
    Dash(page).network.get_by_role("option").first.wait_for()
    found = page.evaluate(BROKEN)
    assert {"embedding", "upsample", "1×1, transposed"} <= {text for text, _ in found}
    assert [text for text, lines in found if lines > 0] == []


def test_a_place_of_a_sequence_is_framed_in_its_map_and_not_in_the_picture(voila, page):
    voila.open(page, TOKENS)
    dash = Dash(page)
    caption = dash.large.locator("figcaption").last
    expect(caption).to_have_text("the input, 28×28; framed: the same place")
    strip = dash.network.get_by_role("listbox")
    strip.press("ArrowRight")
    strip.press("ArrowRight")
    expect(dash.maps.get_by_role("heading")).to_have_text("tokens · 1 feature map, 16×8")
    expect(caption).to_have_text("the input, 28×28")
    expect(dash.large.locator(".cw-readout")).to_contain_text("row 1 · column 2")
