"""A kernel changed in a real browser: maps and bars become those of plain PyTorch."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.browser.reading import Card, Grid, table_of, value_in
from tests.browser.scenes import Dash
from tests.browser.test_access import violations
from tests.browser.truth import COLOUR_LEVELS, DIGITS, coloured, forward, mnist, weights
from tests.servers import eventually

TITLE = "%%markdown\n# Editing\n\n## A kernel"
SCENE = """
import cnnwidgets as cw, ipywidgets
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer, scope.channel = "conv1", 2
editor = cw.KernelEditor(scope)
ipywidgets.VBox([editor, cw.FeatureMaps(scope, view="all"), cw.Prediction(scope)])
"""
READY_MS = 40_000


class Editor(Card):
    """The cards of the scene."""

    def __init__(self, page):
        super().__init__(page, "kernel")
        self.grid = self.card.get_by_role("grid")
        self.dash = Dash(page)

    def cell(self, place):
        return self.grid.locator(f"[data-cell='{place}']")

    def weights(self, column=0):
        """The kernel as the card's table has it, or as it was with column=1: (row, column)."""
        return table_of(self.card)[:, column].reshape(5, 5)

    def expect_kernel(self, kernel, bias=None):
        """Wait until maps and prediction are those of plain PyTorch with this kernel."""
        changed = {name: value.clone() for name, value in weights().items()}
        changed["conv1.weight"][2, 0] = torch.from_numpy(np.asarray(kernel, np.float32))
        if bias is not None:
            changed["conv1.bias"][2] = bias
        made = forward(mnist()[0][:1], changed)
        logits = made["fc"][0].numpy()
        eventually(
            lambda: np.allclose(self.dash.logits(), logits, rtol=1e-3, atol=0.051),
            "the logits are those of the changed kernel",
        )
        maps = made["conv1"][0].numpy()
        expected = coloured(maps, float(np.abs(maps).max()))
        grid = Grid(self.page.locator(".cw-maps").get_by_role("listbox"))

        def painted():
            return np.abs(grid.colours(list(range(8)), 28, 28)[..., :3] - expected).max()

        eventually(lambda: painted() <= COLOUR_LEVELS, "the maps are those of the changed kernel")


@pytest.fixture
def editor(voila, new_page):
    page = new_page(width=1024, height=1400)
    voila.open(page, TITLE, SCENE)
    page.locator(".cw-kernel-grid td").first.wait_for(timeout=READY_MS)
    return Editor(page)


def trained():
    return weights()["conv1.weight"][2, 0].numpy().copy()


def test_a_kernel_is_changed_by_mouse_and_all_follows_as_plain_pytorch_says(editor):
    kernel = trained()
    np.testing.assert_allclose(editor.weights(), kernel, **DIGITS)
    editor.press("sobel x")
    slope = np.outer([1, 4, 6, 4, 1], np.array([1, 4, 6, 4, 1]) * [-2, -1, 0, 1, 2])
    limit = np.abs(weights()["conv1.weight"].numpy()).max()
    kernel = (slope * (limit / np.abs(slope).max())).astype(np.float32)
    editor.expect_kernel(kernel)
    np.testing.assert_allclose(editor.weights(), kernel, **DIGITS)
    np.testing.assert_allclose(editor.weights(1), trained(), **DIGITS)

    # A drag paints the first weight over others, and is one change to undo.
    boxes = [editor.cell(place).bounding_box() for place in (0, 1, 2)]
    centres = [(box["x"] + box["width"] / 2, box["y"] + 10) for box in boxes]
    editor.page.mouse.move(*centres[0])
    editor.page.mouse.down()
    for centre in centres[1:]:
        editor.page.mouse.move(*centre, steps=4)
    editor.page.mouse.up()
    painted = kernel.copy()
    painted[0, 1] = painted[0, 2] = painted[0, 0]
    editor.expect_kernel(painted)
    editor.press("undo")
    editor.expect_kernel(kernel)
    assert editor.card.locator(".cw-edits li").count() == 1
    editor.card.get_by_role("button", name=re.compile("take away")).click()
    editor.expect_kernel(trained())
    expect(editor.card).to_contain_text("No edits")
    editor.press("undo")
    editor.expect_kernel(kernel)


def test_keys_alone_change_a_kernel_and_nudges_are_undone_as_one(editor):
    kernel, keys = trained(), editor.page.keyboard
    editor.cell(0).focus()
    keys.press("End")
    keys.press("ArrowDown")
    expect(editor.readout).to_contain_text("row 1 · column 4")
    keys.type("-0.75")
    keys.press("Enter")
    expect(editor.cell(9)).to_be_focused()
    kernel[1, 4] = -0.75
    editor.expect_kernel(kernel)
    keys.press("ArrowLeft")
    step = value_in(editor.readout.inner_text())
    for _ in range(4):
        keys.press("Shift+ArrowUp")
    nudged = kernel.copy()
    nudged[1, 3] = round(float(kernel[1, 3]) + 4 * step, 5)
    expect(editor.card.locator(".cw-line")).to_contain_text("2 of 25 weights changed")
    eventually(lambda: np.abs(editor.weights() - nudged).max() < 1e-4, "four nudges")
    keys.press("Control+z")
    editor.expect_kernel(kernel)
    keys.press("Control+z")
    editor.expect_kernel(trained())
    keys.press("Control+y")
    editor.expect_kernel(kernel)
    editor.cell(9).focus()
    keys.type("x")
    keys.type("1.2.3")
    keys.press("Enter")
    alert = editor.card.get_by_role("alert").filter(visible=True)
    expect(alert).to_contain_text("“1.2.3” is no number")
    keys.press("Escape")
    expect(alert).to_have_count(0)
    expect(editor.cell(9)).to_be_focused()
    keys.type("0.5")
    keys.press("Escape")  # takes nothing
    editor.expect_kernel(kernel)
    keys.press("Escape")
    editor.expect_kernel(trained())


@pytest.mark.parametrize("name", ["weight at row 0, column 0", "bias"])
@pytest.mark.parametrize("enter", [True, False])
def test_letters_in_a_box_are_refused_beside_it_and_leave_it(editor, name, enter):
    box = editor.card.get_by_label(name)
    alert = editor.card.get_by_role("alert").filter(visible=True)
    before = box.input_value()
    value_in(before)
    box.fill("abc")
    if enter:
        box.press("Enter")
        expect(alert).to_contain_text("“abc” is no number")
        expect(box).to_have_value("abc")  # to be mended
    box.press("Tab")
    expect(alert).to_contain_text("“abc” is no number")
    expect(box).to_have_value(before)
    editor.expect_kernel(trained())
    box.fill("0.25")
    expect(alert).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut_at_360_pixels(voila, new_page, scheme):
    page = new_page(scheme, width=360, height=900)
    voila.open(page, TITLE, SCENE)
    page.locator(".cw-kernel-grid td").first.wait_for(timeout=READY_MS)
    editor = Editor(page)
    editor.press("laplacian")
    expect(editor.card.locator(".cw-edits li")).to_have_count(1)
    editor.weights()
    editor.press("show as PyTorch")
    expect(editor.card.locator("pre")).to_contain_text("weight[2, 0]")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
