"""Keys in JupyterLab: what is pressed in a widget stays in it, and does there what it should."""

import pytest
from playwright.sync_api import expect

from tests.browser.scenes import DASHBOARD, Dash

READY_MS = 40_000


@pytest.fixture
def dash(lab, new_page):
    """The dashboard in a notebook of two cells."""
    page = new_page(width=1500, height=1000)
    lab.open(page, DASHBOARD, "'the last cell'")
    page.wait_for_function("window.stage", timeout=READY_MS)
    return Dash(page)


def test_keys_in_a_widget_do_what_they_should_and_do_not_reach_the_notebook(dash):
    page = dash.page
    dash.jump(3)
    dash.choose_channel(4)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    before = cells.count()
    assert before == 2
    for control in [
        dash.map_grid.root,
        dash.images.root,
        dash.network.get_by_role("listbox"),
        dash.large_map,
        dash.slider.get_by_role("slider"),
        dash.slider.get_by_role("button", name="next"),
        dash.slider.locator("summary"),
        dash.maps.get_by_role("combobox"),
        dash.kernel_grid.root,
    ]:
        control.focus()
        for key in ("b", "x", "a", "m", "d", "d", "ArrowDown", "ArrowUp", "Escape", "j"):
            page.keyboard.press(key)
        assert control.evaluate("node => node === document.activeElement")
        assert cells.count() == before
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() == 0
    # The same key does add a cell where the notebook has the focus.
    cells.last.locator(".jp-InputPrompt").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    expect(cells).to_have_count(before + 1)
