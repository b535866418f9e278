"""Copy as code in a real browser: the dialog and the clipboard hold what Python writes."""

import pytest
from playwright.sync_api import expect

import cnnwidgets as cw
from tests.browser.scenes import DASHBOARD, Dash
from tests.servers import eventually


@pytest.fixture
def opened(voila, new_page):
    """A dashboard on conv2, channel 5 of image 3, on a page with or without its clipboard."""

    def open_page(**context):
        page = new_page(**context)
        voila.open(page, DASHBOARD)
        page.wait_for_function("window.stage")
        dash = Dash(page)
        dash.jump(3)
        dash.choose_layer("conv2")
        dash.choose_channel(5)
        return page

    return open_page


def expected():
    """What Python writes for the same selections."""
    model, history = cw.pretrained()
    scope = cw.Microscope(model, cw.load("mnist"), history=history)
    scope.index, scope.layer, scope.channel = 3, "conv2", 5
    dashboard = cw.Dashboard(scope)
    code = dashboard.code
    dashboard.close()
    return code


def test_the_button_copies_the_code_and_shows_it(opened):
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy as code")
    button.click()
    dialog = page.get_by_role("dialog", name="This view as code")
    expect(dialog.get_by_role("status")).to_have_text("Copied.")
    assert dialog.locator("pre").text_content() == expected()
    assert page.evaluate("navigator.clipboard.readText()") == expected()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_without_the_clipboard_the_code_is_there_selected(opened):
    page = opened(width=360, height=740)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    button = page.get_by_role("button", name="Copy as code")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("Ctrl+C")
    assert page.evaluate("getSelection().toString()").strip() == expected().strip()
    expect(dialog.locator("pre")).to_be_focused()
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_the_code_follows_the_view(opened):
    page = opened()
    page.get_by_role("button", name="Draw one").click()
    page.locator(".cw-channel").get_by_role("slider").press("Home")
    page.wait_for_function("window.stage.get('channel') === 0")
    button = page.get_by_role("button", name="Copy as code")

    def code():
        button.click()
        shown = page.get_by_role("dialog").locator("pre")
        expect(shown).to_contain_text("cw.Dashboard")
        text = shown.text_content()
        page.keyboard.press("Escape")
        return text

    eventually(lambda: "cw.Dashboard(scope, input='draw')" in code(), "the pad is chosen")
    assert "scope.index, scope.layer = 3, 'conv2'\n" in code()


def test_in_jupyterlab_the_dialogs_keys_stay_in_the_dialog(lab, new_page):
    page = new_page(width=1360, height=900)
    lab.open(page, DASHBOARD)
    page.wait_for_function("window.stage", timeout=40_000)
    cells = page.locator(".jp-Notebook .jp-Cell")
    before = cells.count()
    page.get_by_role("button", name="Copy as code").click()
    dialog = page.get_by_role("dialog", name="This view as code")
    expect(dialog.locator("pre")).to_contain_text("cw.Dashboard(scope)")
    for key in ("a", "b", "d", "d", "x"):  # Lab's for adding, deleting and cutting cells
        page.keyboard.press(key)
    assert cells.count() == before
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Copy as code")).to_be_focused()
