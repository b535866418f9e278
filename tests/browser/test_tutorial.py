"""The tutorial in JupyterLab, as a student has it: all cells run, and every widget answers.

What the widgets on the filters made by hand show is compared with sums over the MNIST files.
"""

import re
import shutil
from contextlib import suppress

import nbformat
import numpy as np
import pytest
from nbformat.reader import NotJSONError
from playwright.sync_api import expect

from tests.browser.conftest import LabHost
from tests.browser.pads import SEVEN, Pad
from tests.browser.reading import Grid, box_of, grid_of, value_in
from tests.browser.scenes import Dash
from tests.browser.truth import DIGITS, given, mnist
from tests.browser.watch import shared_page
from tests.servers import ROOT, eventually, start_lab

NAME = "tutorial.ipynb"
SHORT, STEPS = "CNNWIDGETS_TUTORIAL_STEPS", 20  # the tutorial says what they do
WIDGETS = 14
RUN_S = 180
SLOPE = np.outer([1, 2, 1], [-1, 0, 1])


class Lesson(Dash):
    """The tutorial's page; cards by what they stand on, `hand` being the filters made by hand."""

    def __init__(self, page, path):
        super().__init__(page)
        self.path = path
        self.count = len(self.code_cells())
        self.samples, self.picker = (page.locator(".cw-picker").nth(at) for at in (0, 1))
        self.hand_maps, self.maps = (page.locator(".cw-maps").nth(at) for at in (0, 1))
        self.monitor = page.locator(".cw-training")

    def code_cells(self):
        """The code cells as the notebook's file has them."""
        cells = nbformat.read(self.path, as_version=4).cells
        return [cell for cell in cells if cell.cell_type == "code"]

    def all_ran(self):
        """Whether the last cell has run; fails when one has failed."""
        failures = self.page.locator("[data-mime-type='application/vnd.jupyter.error']")
        assert failures.all_text_contents() == []
        last = self.page.locator(".jp-CodeCell .jp-InputPrompt").last.text_content()
        return last == f"[{self.count}]:"

    def logits(self):
        """The logits as the page has them: (class,)."""
        texts = self.prediction.locator("tbody td:last-child").all_text_contents()
        return np.array([value_in(text) for text in texts])

    def expect_other_logits(self, than):
        eventually(lambda: not np.array_equal(self.logits(), than), "another prediction")

    def expect_logits(self, wanted):
        eventually(lambda: np.array_equal(self.logits(), wanted), "the prediction of before")

    def to_the_end(self):
        """The microscope back at the newest moment."""
        self.time.get_by_role("slider").press("End")
        line = self.time.locator(".cw-line")
        expect(line).to_contain_text(re.compile(r"step (\d+) of \1\b"))


def tap(grid: Grid, tile: int) -> None:
    """Click a tile, when the notebook has stopped to scroll."""
    grid.root.scroll_into_view_if_needed()
    eventually(lambda: grid.root.get_attribute("data-layout"), "the tiles are painted")
    layout = grid.layout
    x, y = layout.corner(tile)
    grid.root.click(position={"x": x + layout.width / 2, "y": y + layout.height / 2})


def seen_by(kernel, row, column):
    """The kernel's sum at a place of the first test image: plain numbers."""
    padded = np.pad(given(mnist()[0][0]), 1)
    return float((padded[row : row + 3, column : column + 3] * kernel).sum())


@pytest.fixture(scope="module")
def shared_lesson(browser, tmp_path_factory):
    folder, home = tmp_path_factory.mktemp("lesson"), tmp_path_factory.mktemp("lesson-home")
    shutil.copy(ROOT / "notebooks" / NAME, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SHORT, str(STEPS))
        server = start_lab(folder, home)
    try:
        with shared_page(browser, 1360, 1000) as (page, watch):
            lesson, lab = Lesson(page, folder / NAME), LabHost(server, folder)
            lab.run(page, lab.address(NAME))
            eventually(lesson.all_ran, "the last cell ran", RUN_S)
            yield lesson, watch
    finally:
        server.stop()


@pytest.fixture
def lesson(shared_lesson):
    lesson, watch = shared_lesson
    yield lesson
    assert watch.problems == []


def test_every_cell_runs_and_every_widget_appears(lesson):
    lesson.page.keyboard.press("Control+s")

    def saved():
        with suppress(NotJSONError):  # half of it is written
            cells = lesson.code_cells()
            return cells if cells[-1].execution_count == len(cells) else None
        return None

    cells = eventually(saved, "the notebook is saved with its outputs")
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {
        "execute_result",
        "stream",
    }, "nothing failed"
    printed = [output for output in outputs if output.output_type == "stream"]
    assert all(output.name == "stdout" for output in printed)
    assert any("to the last bit: True" in output.text for output in printed)
    views = [card for card in lesson.page.locator(".cw-panel").all() if card.text_content()]
    assert len(views) == WIDGETS
    assert lesson.page.locator(".cw-panel [role=alert]:not(:empty)").count() == 0


def test_a_picture_is_picked(lesson):
    tap(grid_of(lesson.samples), 3)
    expect(lesson.samples).to_contain_text("image 3, labelled 0")
    lesson.samples.get_by_role("button", name="4", exact=True).click()
    tap(grid_of(lesson.samples), 0)
    first = int(np.flatnonzero(mnist()[1] == 4)[0])
    expect(lesson.samples).to_contain_text(f"image {first}, labelled 4")


def test_a_value_by_hand_is_inspected_and_follows_the_edited_filter(lesson):
    title = lesson.inspector.get_by_role("heading")
    expect(title).to_contain_text("edges · channel 1, row 7, column 10")
    shown = value_in(title.text_content())
    np.testing.assert_allclose(shown, seen_by(SLOPE.T, 7, 10), **DIGITS)

    tap(grid_of(lesson.hand_maps), 0)
    large = lesson.hand_maps.get_by_role("application")
    box = box_of(large)
    large.click(position={"x": 12.5 / 28 * box["width"], "y": 20.5 / 28 * box["height"]})
    expect(title).to_contain_text("edges · channel 0, row 20, column 12")
    np.testing.assert_allclose(value_in(title.text_content()), seen_by(SLOPE, 20, 12), **DIGITS)

    lesson.editor.get_by_role("button", name="blur", exact=True).click()
    blur = 2 * np.outer([1, 2, 1], [1, 2, 1]) / 4  # as large as the largest weight was
    blurred = seen_by(blur, 20, 12)
    eventually(lambda: np.isclose(value_in(title.text_content()), blurred, **DIGITS), "a blur")
    lesson.editor.get_by_role("button", name="undo", exact=True).click()
    sharp = seen_by(SLOPE, 20, 12)
    eventually(lambda: np.isclose(value_in(title.text_content()), sharp, **DIGITS), "an edge")


def test_the_training_goes_on_by_hand_and_all_follow(lesson):
    line = lesson.monitor.locator(".cw-line")
    expect(line).to_contain_text(re.compile(rf"Paused · epoch 1 of 2 · step {STEPS}\b"))
    before = lesson.logits()
    lesson.monitor.get_by_role("button", name="one step", exact=True).click()
    expect(line).to_contain_text(f"step {STEPS + 1} of")
    lesson.expect_other_logits(before)
    lesson.monitor.locator(".cw-play").click()
    expect(line).to_contain_text("Training")
    lesson.monitor.locator(".cw-play").click()
    expect(line).to_contain_text("Paused")
    done = int(re.search(r"step (\d+) of", line.text_content())[1])
    assert done > STEPS + 1
    expect(lesson.time.locator(".cw-line")).to_contain_text(f"step {done} of {done}")


def test_layer_and_channel_are_chosen_anywhere_and_followed_everywhere(lesson):
    def choose(layer):
        lesson.network.get_by_role("option").filter(has_text=re.compile(f"^{layer}")).click()

    choose("conv1")
    expect(lesson.maps.get_by_role("heading")).to_contain_text("conv1")
    expect(lesson.slider.get_by_role("heading")).to_contain_text("of 8")
    tap(grid_of(lesson.maps), 5)
    expect(lesson.slider.get_by_role("heading")).to_contain_text("5 of 8")
    expect(lesson.filters.get_by_role("heading")).to_contain_text("Filter 5 ")
    lesson.filters.get_by_role("button", name="whole layer").click()
    tap(grid_of(lesson.filters), 2)
    expect(lesson.slider.get_by_role("heading")).to_contain_text("2 of 8")
    lesson.slider.get_by_role("slider").press("End")
    expect(grid_of(lesson.maps).option).to_contain_text("channel 7 ")
    choose("conv2")
    expect(lesson.slider.get_by_role("heading")).to_contain_text("of 16")


def test_a_digit_is_picked_drawn_and_read(lesson):
    lesson.to_the_end()
    lesson.picker.get_by_role("spinbutton").fill("0")
    lesson.picker.get_by_role("spinbutton").press("Enter")
    seven = lesson.logits()
    tap(grid_of(lesson.picker), 3)
    expect(lesson.picker).to_contain_text("image 3, labelled 0")
    lesson.expect_other_logits(seven)
    picked = lesson.logits()

    pad = Pad(lesson.page)
    pad.canvas.scroll_into_view_if_needed()
    pad.canvas.click(trial=True)  # the notebook has stopped to scroll
    pad.stroke(SEVEN)
    lesson.expect_other_logits(picked)
    lesson.picker.get_by_role("spinbutton").fill("0")
    lesson.picker.get_by_role("spinbutton").press("Enter")
    lesson.expect_logits(seven)


def test_channels_are_silenced_and_speak_again(lesson):
    lesson.to_the_end()
    expect(lesson.board.locator(".cw-readout")).to_contain_text("with all channels")
    before = lesson.logits()
    lesson.board.get_by_role("switch").first.click()
    expect(lesson.board.get_by_role("switch").first).to_have_attribute("aria-checked", "false")
    lesson.expect_other_logits(before)
    lesson.board.get_by_role("button", name="undo").click()
    lesson.expect_logits(before)


def test_time_goes_back_to_before_the_training(lesson):
    lesson.to_the_end()
    trained = lesson.logits()
    lesson.time.get_by_role("slider").press("Home")
    expect(lesson.time.locator(".cw-line")).to_contain_text("step 0 of")
    lesson.expect_other_logits(trained)
    lesson.to_the_end()
    lesson.expect_logits(trained)
