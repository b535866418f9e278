"""Training in a real browser: played, paused, stepped, rewound, and its curves read back."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.reading import Card, value_in
from tests.servers import eventually

SCENE = """
import cnnwidgets as cw, ipywidgets, torch
torch.manual_seed(0)
digits = cw.load("mnist", split="train")
few = cw.ImageSet.from_arrays(digits.images[:6000], digits.labels[:6000], name="few")
session = cw.TrainingSession(cw.DigitCNN(), few, epochs=3, batch_size=100, optimizer="sgd")
scope = cw.Microscope(session.model, few, history=session.history)
ipywidgets.VBox([cw.TrainingMonitor(session, scope), cw.SlowMotion(session, scope),
                 cw.TimeSlider(scope), cw.Filters(scope, view="all")])
"""
READY_MS = 40_000


class Monitor(Card):
    """The cards of the scene."""

    def __init__(self, page: Page):
        super().__init__(page, "training")
        self.play = self.card.locator(".cw-play")
        self.slow = page.locator(".cw-slow")
        self.time = page.locator(".cw-time")

    def steps(self) -> int:
        """The steps done, as the card says."""
        found = re.search(r"step ([\d,]+) of", self.line.inner_text())
        assert found, self.line.inner_text()
        return int(found[1].replace(",", ""))

    def losses(self) -> np.ndarray:
        """The training losses of the card's table: (row,)."""
        self.card.locator("details summary").click()
        cells = self.card.locator("tbody tr td:nth-of-type(1)")
        cells.first.wait_for()
        return np.array([value_in(text) for text in cells.all_inner_texts() if text])

    def curve(self, name: str) -> np.ndarray:
        """The points of a training curve as bqplot drew them, in pixels: (point, 2)."""
        path = self.card.locator(".cw-curve", has=self.page.get_by_label(f"the curve of {name}"))
        drawn = path.locator("path.line").first.get_attribute("d") or ""
        pairs = drawn.strip("MZ").split("L")  # a single point is closed with a Z
        return np.array([list(map(float, pair.split(","))) for pair in pairs])

    def off(self, point: int) -> float:
        """How far the cursor stands from a point of the loss's curve, from left to right: px."""
        return self.card.locator(".cw-curve").first.evaluate(
            """(curve, at) => {
              const path = curve.querySelector("path.line");
              const points = path.getAttribute("d").slice(1).split("L");
              const point = new DOMPoint(...points.at(at).split(",").map(Number));
              const { left, right } = curve.querySelector(".cw-cursor").getBoundingClientRect();
              return (left + right) / 2 - point.matrixTransform(path.getScreenCTM()).x;
            }""",
            point,
        )


@pytest.fixture(params=["voila", "lab"])
def monitor(request, new_page):
    page = new_page(width=1024, height=1400)
    request.getfixturevalue(request.param).open(page, SCENE)
    page.locator(".cw-training").wait_for(timeout=READY_MS)
    return Monitor(page)


def test_it_trains_pauses_steps_goes_back_and_its_curves_are_true(monitor):
    monitor.press("one step")
    expect(monitor.line).to_contain_text("Paused · epoch 1 of 3 · step 1 of 180")
    monitor.play.click()
    eventually(lambda: monitor.steps() > 30, "it trains", 60)
    monitor.play.click()
    expect(monitor.line).to_contain_text("Paused")
    done = monitor.steps()
    expect(monitor.time.locator(".cw-line")).to_contain_text(f"step {done} of {done}")

    # Each point of the line is a number of the table, on a straight scale.
    expect(monitor.card.locator(".cw-readout")).to_contain_text(f"step {done} ·")
    eventually(lambda: len(monitor.curve("loss")) == done, "bqplot drew every step")
    points = monitor.curve("loss")
    losses = monitor.losses()
    heights = points[:: -(-done // 50), 1]  # the table has every nth
    np.testing.assert_allclose(np.diff(points[:, 0]), np.diff(points[:, 0]).mean(), atol=0.02)
    slope, floor = np.polyfit(losses, heights, 1)
    np.testing.assert_allclose(slope * losses + floor, heights, atol=0.5)
    assert slope < 0, "a larger loss is drawn higher"

    curve = monitor.card.get_by_role("slider", name="the curve of loss")
    eventually(lambda: abs(monitor.off(-1)) < 0.6, "the cursor stands on the last point")
    curve.press("Home")
    curve.press("ArrowRight")
    expect(monitor.time.locator(".cw-line")).to_contain_text(f"step 1 of {done}")
    eventually(lambda: abs(monitor.off(0)) < 0.6, "the cursor stands on the first point")
    curve.press("End")
    expect(monitor.time.locator(".cw-line")).to_contain_text(f"step {done} of {done}")

    # A mean says of which steps it is one, to eyes and to screen readers.
    monitor.press("10")
    said = f"(mean of steps {done - 9} to {done})"
    expect(monitor.card.locator(".cw-readout")).to_contain_text(said)
    expect(monitor.card.locator(".cw-key")).to_contain_text("each training point the mean of 10")
    slider = monitor.card.get_by_role("slider", name="the curve of loss")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(re.escape(said)))
    monitor.press("1")
    expect(monitor.card.locator(".cw-readout")).to_contain_text(f"(step {done})")

    monitor.card.get_by_role("slider", name="the curve of loss").press("Home")
    expect(monitor.time.locator(".cw-line")).to_contain_text(f"step 0 of {done}")
    monitor.card.get_by_role("slider", name="the curve of loss").press("ArrowRight")
    expect(monitor.time.locator(".cw-line")).to_contain_text(f"step 1 of {done}")
    alert = monitor.card.get_by_role("alert")
    back = "go back to this moment, and train on from it"
    monitor.press(back)
    expect(alert).to_have_text(re.compile(f"forgets {done - 1} steps of training, for good"))
    monitor.page.keyboard.press("Escape")
    expect(alert).to_have_count(0)
    assert monitor.steps() == done
    for _ in range(2):
        monitor.press(back)
    expect(monitor.line).to_contain_text("step 1 of 180")
    eventually(lambda: len(monitor.curve("loss")) == 1, "the later steps are forgotten")


def test_keys_train_and_step_and_a_bad_setting_is_refused_in_words(monitor):
    monitor.card.get_by_role("button", name="words and keys of this card").focus()
    monitor.page.keyboard.press("ArrowRight")
    expect(monitor.line).to_contain_text("step 1 of 180")
    monitor.page.keyboard.press(".")
    expect(monitor.line).to_contain_text("Amid a step, next: loss")
    rate = monitor.card.get_by_label("learning rate")
    alert = monitor.card.get_by_role("alert")
    refused = "learning_rate (=-3) must be a number above 0"
    typed = [("-3", refused), ("abc", "“abc” is no number"), ("-3", refused)]
    for text, words in typed:
        rate.fill(text)
        rate.press("Enter")
        expect(alert).to_contain_text(words)
        expect(rate).to_have_value("0.006")
    rate.fill("0,25")
    rate.press("Enter")
    expect(alert).to_have_count(0)
    expect(rate).to_have_value("0.25")
    monitor.press("one step")
    expect(monitor.line).to_contain_text("Paused · epoch 1 of 3 · step 2 of 180")


def test_slow_motion_shows_the_real_update_of_plain_sgd(monitor):
    for phase in ("forward", "loss", "backward", "update"):
        monitor.slow.locator(".cw-play").click()
        expect(monitor.slow.locator("[aria-current=true]")).to_have_text(phase)
    before, gradient, change, after = grids = [
        np.array([[value_in(cell) for cell in row] for row in rows])
        for rows in monitor.slow.evaluate(
            """card => [...card.querySelectorAll("table")].map(table =>
              [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)))"""
        )
    ]
    assert before.shape == (5, 5)
    found = re.search(r"w − ([\d.e−]+) · g", monitor.slow.inner_text())
    assert found
    rate = value_in(found[1])
    # The numbers are shown with two digits.
    np.testing.assert_allclose(change, -rate * gradient, rtol=0.12)
    np.testing.assert_allclose(after, before, atol=2e-2 * np.abs(before).max() + 1e-3)
    assert "for plain SGD" in monitor.slow.inner_text()
    # Each grid names its scale, with three digits.
    highest = monitor.slow.locator(".cw-legend span:nth-of-type(2)").all_inner_texts()
    lowest = monitor.slow.locator(".cw-legend span:nth-of-type(1)").all_inner_texts()
    high, low = (np.array(list(map(value_in, texts))) for texts in (highest, lowest))
    np.testing.assert_allclose(high, [np.abs(grid).max() for grid in grids], rtol=0.05)
    np.testing.assert_array_equal(low, -high)


def test_slow_motion_says_on_its_own_card_that_no_step_is_left(voila, new_page):
    page = new_page(width=360, height=900)
    finished = SCENE.replace("epochs=3", "epochs=1").replace(
        "ipywidgets.VBox", "session.play()\nsession.wait()\nipywidgets.VBox"
    )
    voila.open(page, finished)
    slow = page.locator(".cw-slow")
    button = slow.get_by_role("button", name="Forward")
    expect(button).to_have_attribute("aria-disabled", "true", timeout=READY_MS)
    expect(button).to_have_accessible_description(re.compile("press “One epoch more”"))
    button.click(force=True)
    monitor = Monitor(page)
    expect(monitor.play).to_have_text("▶ One epoch more")
    alert = monitor.card.get_by_role("alert")
    monitor.play.press(".")
    expect(alert).to_contain_text("Press “One epoch more”, or choose an earlier moment")
    monitor.card.get_by_role("button", name="new random weights").dblclick()
    expect(alert).to_contain_text("This forgets 60 steps of training, for good")
    assert monitor.steps() == 60
    monitor.card.get_by_role("slider", name="the curve of loss").press("Home")
    expect(alert).to_have_count(0)
    for _ in range(2):
        monitor.press("go back to this moment, and train on from it")
    expect(button).to_have_attribute("aria-disabled", "false")
    expect(page.get_by_role("alert")).to_have_count(0)  # nothing was asked for in vain
    for phase in ("forward", "loss", "backward", "update"):
        slow.locator(".cw-play").click()
        expect(slow.locator("[aria-current=true]")).to_have_text(phase)

    # The widest number that a cell can have stays apart from its neighbours, in sight.
    gaps = slow.evaluate(
        """card => [...card.querySelectorAll("td")].map(cell => {
          cell.textContent = "−0.00038";
          const words = document.createRange();
          words.selectNodeContents(cell);
          return cell.getBoundingClientRect().width - words.getBoundingClientRect().width;
        })"""
    )
    assert len(gaps) == 100
    assert min(gaps) >= 4
    grids = slow.locator(".cw-slow-grids")
    assert grids.evaluate("grids => grids.scrollWidth <= grids.clientWidth")
