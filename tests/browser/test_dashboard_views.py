"""The dashboard's views, as the app serves it: to look, to train, to explain."""

import re

from playwright.sync_api import expect

from tests.servers import ROOT

READY_MS = 40_000
SOURCE = (ROOT / "notebooks" / "dashboard.ipynb").read_text(encoding="utf-8")


def test_each_view_has_its_cards_and_all_are_of_one_network(voila, new_page):
    page = new_page(width=1360, height=1000)
    (voila.folder / "dashboard.ipynb").write_text(SOURCE, encoding="utf-8")
    page.goto(voila.address("dashboard.ipynb"), wait_until="commit")
    page.wait_for_selector("body.cw-ready", timeout=READY_MS)
    view = page.get_by_role("group", name="view")
    expect(page.locator(".cw-training")).to_have_count(0)

    view.get_by_role("button", name="Train").click()
    expect(page.locator(".cw-training .cw-line")).to_contain_text("Finished", timeout=READY_MS)
    for _ in range(2):  # the first press asks
        page.get_by_role("button", name="new random weights, step 0").click()
    page.locator(".cw-training").get_by_role("button", name="one step").click()
    expect(page.locator(".cw-training .cw-line")).to_contain_text("step 1 of")
    expect(page.locator(".cw-time .cw-line")).to_contain_text("step 1 of 1")
    expect(page.locator(".cw-picker")).to_be_hidden()

    view.get_by_role("button", name="Explain").click()
    inspector = page.locator(".cw-inspector")
    expect(inspector).to_be_visible(timeout=READY_MS)
    expect(page.locator(".cw-training")).to_be_hidden()
    page.locator('.cw-maps[data-view="one"]').get_by_role("application").press("ArrowRight")
    expect(inspector).to_contain_text("matches")

    # The weights that are handed over are trained, and whoever handed them over sees that.
    pause = page.get_by_role("button", name="Pause the training")
    expect(pause).to_have_count(0)
    page.locator(".cw-kernel").get_by_role("button", name="zeros").click()
    page.locator(".cw-kernel").get_by_role("button", name="train on from here").click()
    expect(pause).to_be_visible(timeout=READY_MS)
    expect(page.locator(".cw-kernel-edits")).to_contain_text("your weights went into the training")
    expect(page.locator(".cw-time .cw-line")).to_contain_text(re.compile("step [^1] of"))
    pause.press("Enter")
    expect(pause).to_have_count(0)
    expect(view.get_by_role("button", name="Explain")).to_be_focused()
    page.locator(".cw-kernel").get_by_role("button", name="random").click()
    expect(page.locator(".cw-kernel-edits")).to_contain_text("SetKernel")
    page.locator(".cw-kernel").get_by_role("button", name="undo").click()
    expect(page.locator(".cw-kernel-edits")).to_contain_text("No edits: the network has its own")

    view.get_by_role("button", name="Look").click()
    expect(inspector).to_be_hidden()
    expect(page.locator(".cw-picker")).to_be_visible()
