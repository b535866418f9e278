"""The dashboard for everyone: axe-core finds nothing, and every card tells its keys."""

import re
from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.browser.reading import Grid
from tests.browser.scenes import DASHBOARD, EXPLAIN, Dash
from tests.servers import eventually

READY_MS = 40_000
# Its default rules, best practices among them. In JupyterLab the page around ours is not ours.
AXE = """
async (within) => {
  const found = await axe.run(within ? { include: [[within]] } : document);
  return {
    passed: found.passes.length,
    violations: found.violations.map((rule) => [rule.id, ...rule.nodes.map((node) => node.html)]),
  };
}
"""


def violations(page, within=None):
    """What axe-core has against a page, or against what matches `within`."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate(AXE, within)
    assert found["passed"] > 10
    return found["violations"]


def ready(page):
    """The dashboard of a page, painted."""
    page.locator(".cw-dashboard").wait_for(timeout=READY_MS)
    page.wait_for_function("window.stage", timeout=READY_MS)
    dash = Dash(page)
    eventually(lambda: dash.kernel_grid.root.get_attribute("data-layout"), "all is painted")
    return dash


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_app(voila, new_page, scheme):
    page = new_page(scheme)
    dash = ready(voila.open(page, DASHBOARD))
    assert violations(page) == []
    dash.choose_layer("fc")
    for table in page.locator(".cw-twin:visible > summary").all():
        table.click()
    assert violations(page) == []
    page.get_by_role("button", name="Draw one").click()
    page.locator(".cw-pad").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_view_explain(voila, new_page, scheme):
    page = new_page(scheme)
    ready(voila.open(page, EXPLAIN))
    page.locator(".cw-compare").get_by_role("button", name="Pin this as A").click()
    for layer, channel, pixel in (("conv2", 5, [6, 9]), ("pool1", 2, [0, 13]), ("fc", 7, None)):
        choice = {"layer": layer, "channel": channel, "pixel": pixel}
        page.evaluate("choice => { stage.set(choice); stage.save_changes(); }", choice)
        expect(page.locator(".cw-inspector h3")).to_contain_text(f"{layer} · ")
        if layer == "conv2":
            page.get_by_role("button", name="sobel x", exact=True).click()
            expect(page.locator(".cw-edits li")).to_have_count(1)
            page.locator(".cw-ablation").get_by_role("switch").nth(3).click()
            expect(page.locator(".cw-edits li")).to_have_count(2)
            page.get_by_role("button", name="show as PyTorch").click()
        page.evaluate(
            "document.querySelectorAll('.cw-twin').forEach(each => { each.open = true; })"
        )
        assert violations(page) == []


def wear(page, theme):
    """Gives JupyterLab a theme by its menu; it keeps it for later pages."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text=theme).first.click()
    page.locator(f'body[data-jp-theme-name="{theme}"]').wait_for(state="attached")


def test_axe_finds_nothing_on_our_cards_in_jupyterlab_light_and_dark(lab, new_page):
    page = new_page(width=1500, height=1000)
    lab.open(page, DASHBOARD)
    ready(page)
    for table in page.locator(".cw-twin:visible > summary").all():
        table.click()
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            wear(page, theme)
            for way, card in (("Pick an image", ".cw-picker"), ("Draw one", ".cw-pad")):
                page.get_by_role("button", name=way).click()
                expect(page.locator(card)).to_be_visible()
                assert violations(page, ".cw-dashboard") == []
            page.get_by_role("button", name="Explain").click()
            expect(page.locator(".cw-compare")).to_be_visible()
            assert violations(page, ".cw-dashboard") == []
            page.get_by_role("button", name="Look").click()
    finally:
        wear(page, "JupyterLab Light")


def test_axe_would_notice_a_button_without_a_name(voila, page):
    ready(voila.open(page, DASHBOARD))
    page.evaluate("document.querySelector('.cw-tools').append(document.createElement('button'))")
    assert [rule[0] for rule in violations(page)] == ["button-name"]


CARDS = (".cw-picker", ".cw-layers", ".cw-channel", ".cw-filters", ".cw-time", ".cw-pad")
EXPLAINING = (".cw-inspector", ".cw-kernel", ".cw-ablation", ".cw-compare")
CONTROLS = ":is(button, input, select, summary, [tabindex='0']):not(:disabled):visible"


def test_a_question_mark_lists_the_keys_of_the_card_and_escape_gives_the_focus_back(voila, page):
    ready(voila.open(page, DASHBOARD))
    for where in (*CARDS, *EXPLAINING):
        if where == ".cw-pad":
            page.get_by_role("button", name="Draw one").click()
        if where == EXPLAINING[0]:
            page.get_by_role("button", name="Explain").click()
        card = page.locator(where)
        expect(card).to_be_visible()
        controls = card.locator(CONTROLS).all()
        assert len(controls) >= 2
        for control in (controls[0], controls[len(controls) // 2], controls[-1]):
            control.focus()
            height = card.bounding_box()["height"]
            page.keyboard.press("?")
            box = card.get_by_role("dialog")
            expect(box).to_be_visible()
            expect(box.get_by_role("button", name="Close")).to_be_focused()
            assert card.bounding_box()["height"] == height
            page.keyboard.press("Escape")
            expect(box).to_be_hidden()
            expect(control).to_be_focused()


def test_the_help_opens_by_its_button_closes_on_a_second_question_mark_and_rests_the_keys(
    voila, page
):
    dash = ready(voila.open(page, DASHBOARD))
    opener = dash.maps.get_by_role("button", name="words and keys of this card")
    opener.click()
    box = dash.maps.get_by_role("dialog", name="Help · conv1 · 8 feature maps, 28×28")
    expect(box).to_contain_text("Page up, Page down")
    meaning = box.locator("dt", has_text="feature map").locator("+ dd")
    expect(meaning).to_contain_text("what one channel of a layer gives for an image")
    assert violations(page) == []
    page.keyboard.press("End")
    page.keyboard.press("?")
    expect(box).to_be_hidden()
    expect(opener).to_be_focused()
    expect(dash.map_grid.option).to_contain_text("channel 0 ")
    opener.click()
    page.mouse.click(5, 5)
    expect(box).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_menu_that_saves_a_picture(voila, new_page, scheme):
    page = new_page(scheme, width=320)
    dash = ready(voila.open(page, DASHBOARD))
    for card in (dash.maps, dash.prediction):
        card.get_by_role("button", name="save as picture").click()
        box = page.get_by_role("dialog", name="Save as picture")
        expect(box).to_be_visible()
        assert violations(page) == []
        edges = box.bounding_box()
        assert edges["x"] >= 0
        assert edges["x"] + edges["width"] <= 320
        page.keyboard.press("Escape")


def test_each_key_that_the_help_names_does_something(voila, page):
    dash = ready(voila.open(page, DASHBOARD))
    dash.map_grid.root.focus()
    for key, channel in (("End", 7), ("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        expect(dash.map_grid.option).to_contain_text(f"channel {channel} ")
    slider = dash.slider.get_by_role("slider")
    slider.focus()
    for key, channel in (("End", "7"), ("Home", "0"), ("ArrowRight", "1"), ("PageUp", "2")):
        page.keyboard.press(key)
        expect(slider).to_have_value(channel)
    dash.network.get_by_role("listbox").focus()
    for key, layer in (
        ("End", "fc"),
        ("Home", "conv1"),
        ("PageDown", "pool2"),
        ("PageUp", "conv1"),
    ):
        page.keyboard.press(key)
        eventually(lambda layer=layer: dash.chosen_layer() == layer, f"{key} leads to {layer}")
    play = page.locator(".cw-time").get_by_role("button", name="Pla")
    page.locator(".cw-time").get_by_role("slider").press("Home")
    page.keyboard.press(" ")
    expect(page.locator(".cw-time .cw-play")).to_contain_text("Pause")
    page.keyboard.press(" ")
    expect(play).to_be_visible()


SILENT = """
import numpy as np
import ipywidgets
import cnnwidgets as cw
maps = np.random.default_rng(1).random((4, 8, 8)).astype("float32")
maps[1] = 0
ipywidgets.VBox([cw.FeatureMaps(maps=maps, view="all"), cw.ChannelSlider(maps=maps, channel=1)])
"""
# How much of a line three pixels above a tile is painted: the place of the dashes of a silent one.
DASHED = """
(root, tile) => {
  const { margin, columns, width, height, gap } = JSON.parse(root.dataset.layout);
  const x = margin + (tile % columns) * (width + gap);
  const y = margin + Math.floor(tile / columns) * (height + gap) - 3;
  const context = root.querySelector("canvas").getContext("2d");
  const line = context.getImageData(Math.round(x), Math.round(y), Math.round(width), 1).data;
  return line.filter((value, i) => i % 4 === 3 && value > 0).length / width;
}
"""


def test_a_channel_of_zeros_is_marked_by_more_than_its_colour(voila, page):
    voila.open(page, SILENT)
    grid = Grid(page.locator(".cw-maps").get_by_role("listbox"))
    eventually(lambda: grid.root.get_attribute("data-layout"), "the maps are painted")
    painted = [grid.root.evaluate(DASHED, tile) for tile in range(4)]
    assert 0.3 < painted[1] < 0.8
    assert [painted[tile] for tile in (0, 2, 3)] == [0, 0, 0]
    grid.root.press("ArrowRight")
    expect(grid.option).to_have_text("channel 1 · silent: zero everywhere for this image")
    slider = page.locator(".cw-channel")
    expect(slider.locator(".cw-line")).to_contain_text("× where it is silent (1). Here: silent")
    expect(slider.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("silent"))
    slider.get_by_role("slider").press("ArrowRight")
    expect(slider.get_by_role("slider")).not_to_have_attribute(
        "aria-valuetext", re.compile("silent")
    )


def test_a_grid_speaks_while_the_keys_are_in_it_and_only_then(voila, page):
    dash = ready(voila.open(page, DASHBOARD))
    dash.images.root.focus()
    page.keyboard.press("ArrowRight")
    dash.expect_image(1)
    expect(dash.images.option).to_have_attribute("aria-live", "polite")
    expect(dash.images.option).to_contain_text("image 1, labelled 2")
    expect(dash.map_grid.option).to_have_attribute("aria-live", "off")


def test_nothing_moves_by_itself_for_who_wants_reduced_motion(voila, new_page):
    page = new_page(reduced_motion="reduce")
    ready(voila.open(page, DASHBOARD))
    page.get_by_role("button", name="shuffle").click()
    assert page.evaluate("document.getAnimations().length") == 0
