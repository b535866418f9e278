"""The dashboard in JupyterLab: its pictures stay true, and answer while the kernel is busy."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.reading import canvas_colours, value_in
from tests.browser.scenes import DASHBOARD, Dash
from tests.browser.truth import COLOUR_LEVELS, DIGITS, diverging, maps, sequential
from tests.servers import eventually

READY_MS = 40_000


@pytest.fixture
def wide(new_page):
    """A page that leaves the notebook room for three columns."""
    return new_page(width=1500, height=1000)


def opened(lab, page, *cells):
    lab.open(page, *cells)
    page.locator(".cw-dashboard").wait_for(timeout=READY_MS)
    page.wait_for_function("window.stage", timeout=READY_MS)
    dash = Dash(page)
    eventually(lambda: dash.map_grid.root.get_attribute("data-layout"), "the maps are painted")
    return dash


def test_what_the_page_holds_changes_while_the_kernel_is_busy(lab, wide, tmp_path):
    go_on = tmp_path / "go on"
    busy = f"""
import os, time
print("the kernel is", "busy")
while not os.path.exists({json.dumps(str(go_on))}):
    time.sleep(0.02)
print("the kernel is", "free")
"""
    dash = opened(lab, wide, DASHBOARD, busy)
    wide.get_by_text("the kernel is busy").wait_for(timeout=READY_MS)
    truth = maps(0, "conv1")
    limit = float(np.abs(truth).max())
    dash.map_grid.click(5)
    expect(dash.map_grid.option).to_contain_text("channel 5 ")
    expected = diverging(truth[5], limit)

    def large_is(colours):
        seen = canvas_colours(dash.large_map, 28, 28)[..., :3]
        return np.abs(seen - colours).max() <= COLOUR_LEVELS

    eventually(lambda: large_is(expected), "the large map is that of channel 5")
    dash.maps.get_by_role("combobox").select_option("viridis")
    in_viridis = sequential((truth[5] + limit) / 2, limit)
    eventually(lambda: large_is(in_viridis), "the large map has the chosen colours")
    dash.map_grid.hover(2, 3.5 / 28, 10.5 / 28)
    expect(dash.maps.get_by_role("status").last).to_contain_text("channel 2 · row 10 · column 3")
    shown = value_in(dash.maps.get_by_role("status").last.inner_text())
    np.testing.assert_allclose(shown, truth[2, 10, 3], **DIGITS)
    assert wide.get_by_text("the kernel is free").count() == 0

    go_on.touch()
    wide.get_by_text("the kernel is free").wait_for()
    tiles = dash.images
    eventually(lambda: tiles.colours([4], 9, 9)[..., :3].max() > 200, "the tiles have come")
    tiles.click(4)
    dash.expect_image(4)
    assert dash.slider.get_by_role("spinbutton").input_value() == "5"
    dash.maps.get_by_role("combobox").select_option("auto")
    truth = maps(4, "conv1")
    expected = diverging(truth[5], float(np.abs(truth).max()))
    eventually(lambda: large_is(expected), "the large map is that of the new digit")


def test_after_a_restart_of_the_kernel_each_card_says_that_it_no_longer_answers(lab, wide):
    dash = opened(lab, wide, DASHBOARD)
    cards = [dash.picker, dash.network, dash.maps, dash.time, dash.slider, dash.large, dash.filters]
    for card in cards:
        expect(card.get_by_role("alert")).to_have_count(0)
    wide.get_by_role("menuitem", name="Kernel", exact=True).click()
    wide.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
    wide.locator("dialog.jp-Dialog button.jp-mod-accept").click()
    for card in cards:
        said = card.get_by_role("alert")
        expect(said).to_contain_text("no longer answers. Run the cells", timeout=READY_MS)
