"""The dashboard for everyone: axe-core finds nothing against it."""

from importlib.resources import files

import pytest

from tests.browser.scenes import DASHBOARD, Dash
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
    assert violations(page, ".cw-dashboard") == []
    wear(page, "JupyterLab Dark")
    try:
        assert violations(page, ".cw-dashboard") == []
        page.get_by_role("button", name="Draw one").click()
        page.locator(".cw-pad").wait_for()
        assert violations(page, ".cw-dashboard") == []
    finally:
        wear(page, "JupyterLab Light")


def test_axe_would_notice_a_button_without_a_name(voila, page):
    ready(voila.open(page, DASHBOARD))
    page.evaluate("document.querySelector('.cw-tools').append(document.createElement('button'))")
    assert [rule[0] for rule in violations(page)] == ["button-name"]
