"""A tab is closed while a network trains: nothing burns on in the app, and Lab loses nothing."""

import re
from contextlib import suppress

from playwright.sync_api import TimeoutError, expect

from tests.servers import eventually

READY_MS = 40_000
PATIENCE_S = 60
TRAINS = """
import cnnwidgets as cw, ipywidgets, torch
torch.manual_seed(0)
digits = cw.load("mnist", split="train")
few = cw.ImageSet.from_arrays(digits.images[:2000], digits.labels[:2000], name="few")
session = cw.TrainingSession(cw.DigitCNN(), few, epochs=10_000, batch_size=50)
scope = cw.Microscope(session.model, few, history=session.history)
"""
VIEWS = (
    "ipywidgets.VBox([cw.TrainingMonitor(session, scope), cw.FeatureMaps(scope), "
    "cw.Filters(scope)])"
)


def steps_on(page):
    found = re.search(r"step ([\d,]+) of", page.locator(".cw-training .cw-line").inner_text())
    return int(found[1].replace(",", "")) if found else -1


def play(page):
    page.locator(".cw-training .cw-play").click(timeout=READY_MS)
    eventually(lambda: steps_on(page) > 20, "it trains", PATIENCE_S)


def test_in_the_app_the_kernel_ends_with_the_tab_and_its_training_with_it(voila, new_page):
    known = {kernel.pid for kernel in voila.server.kernels()}
    page = new_page()
    voila.open(page, TRAINS, VIEWS)
    play(page)
    (kernel,) = [each for each in voila.server.kernels() if each.pid not in known]
    page.close()
    eventually(lambda: not kernel.is_running(), "the kernel ends", PATIENCE_S)


def test_in_the_app_a_page_that_is_reloaded_amid_a_training_starts_sanely(voila, page):
    voila.open(page, TRAINS, VIEWS)
    play(page)
    page.reload(wait_until="commit")
    expect(page.locator(".cw-training .cw-line")).to_contain_text("step 0 of", timeout=READY_MS)
    play(page)


def test_in_lab_a_training_goes_on_without_its_tab_and_is_picked_up_again(lab, new_page, watch):
    known = {kernel.pid for kernel in lab.server.kernels()}
    page = new_page(width=1400, height=1200)
    lab.open(page, TRAINS, VIEWS)
    play(page)
    (kernel,) = [each for each in lab.server.kernels() if each.pid not in known]
    address = page.url
    before = steps_on(page)
    page.close()

    used_bytes = []
    for _ in range(8):
        spent_s = sum(kernel.cpu_times()[:2])
        eventually(lambda at=spent_s: sum(kernel.cpu_times()[:2]) > at + 0.5, "it works on", 60)
        used_bytes.append(kernel.memory_info().rss)
    assert max(used_bytes[4:]) < max(used_bytes[:4]) + 20_000_000, "and its memory stays"

    again = new_page(width=1400, height=1200)
    again.goto(address, wait_until="commit")
    again.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=READY_MS)
    cell = again.locator(".jp-Notebook .jp-CodeCell").nth(1)
    # Lab drops what it is asked to run, and says so of its debugger, while it connects once more.
    watch.expect("Could not restore the debugger state")
    curve = again.locator(".cw-training path.line").first
    for _ in range(5):
        cell.locator(".cm-content").click(timeout=READY_MS)
        again.keyboard.press("Shift+Enter")
        with suppress(TimeoutError):
            curve.wait_for(timeout=READY_MS / 4)
            break
    expect(curve).to_be_visible()
    # What is sent to the kernel from here is sometimes lost: JupyterLab addresses a subshell of the
    # page that was closed. What comes from it is not.
    eventually(lambda: steps_on(again) > before + 20, "the same training is shown", PATIENCE_S)
