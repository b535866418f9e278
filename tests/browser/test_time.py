"""The time slider in a real browser: every recorded step shows what its weights make of a digit."""

import numpy as np
import pytest
from playwright.sync_api import expect

import cnnwidgets
from tests.browser.reading import table_of
from tests.browser.scenes import DASHBOARD, Dash
from tests.browser.truth import COLOUR_LEVELS, coloured, forward, mnist


@pytest.fixture
def dash(voila, new_page):
    page = new_page(width=1360, height=1000)
    voila.open(page, DASHBOARD)
    page.wait_for_function("window.stage")
    return Dash(page)


def truth(index: int, step: int, layer: str) -> np.ndarray:
    """The maps of a layer for a test image, by the weights of a recorded step."""
    recorded = cnnwidgets.pretrained()[1].at(step).weights
    return forward(mnist()[0][index : index + 1], dict(recorded))[layer][0].numpy()


def at_step(page, step: int) -> None:
    page.wait_for_function("step => window.stage.get('step') === step", arg=step)
    page.wait_for_function("() => new Promise(done => requestAnimationFrame(() => done(true)))")


def test_dragging_back_in_time_shows_the_maps_of_that_step(dash):
    page, steps = dash.page, cnnwidgets.pretrained()[1].steps
    card = page.get_by_role("region", name="Training time")
    slider = card.get_by_role("slider", name="training step")
    for moment in (0, 20, len(steps) - 1):
        before = page.evaluate("window.stage.get('maps')?.data.byteLength")
        assert before
        slider.fill(str(moment))
        at_step(page, steps[moment])
        expected = truth(0, steps[moment], "conv1")
        page.wait_for_function(
            "first => Math.abs(window.stage.get('maps').data.getFloat32(0, true) - first) < 1e-4",
            arg=float(expected[0, 0, 0]),
        )
        at_step(page, steps[moment])
        seen = dash.map_grid.colours([0, 1, 2], 28, 28)[..., :3]
        limit = float(np.abs(expected).max())
        np.testing.assert_allclose(seen, coloured(expected[:3], limit), atol=COLOUR_LEVELS)
        expect(card.locator(".cw-line")).to_contain_text(f"step {steps[moment]:,} of")


def test_it_plays_from_the_start_to_the_end_and_can_be_paused(dash):
    page, steps = dash.page, cnnwidgets.pretrained()[1].steps
    card = page.get_by_role("region", name="Training time")
    slider = card.get_by_role("slider", name="training step")
    card.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "steps => steps.includes(window.stage.get('step'))", arg=list(steps[2:9])
    )
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_role("button", name="Play")).to_be_visible()
    held = page.evaluate("window.stage.get('step')")
    assert held < steps[-1]
    slider.press("Space")
    expect(card.get_by_role("button", name="Pause")).to_be_visible()
    expect(card.get_by_role("button", name="Play")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.stage.get('step')") == steps[-1]


def test_keys_go_through_the_moments(dash):
    page, steps = dash.page, cnnwidgets.pretrained()[1].steps
    slider = page.get_by_role("slider", name="training step")
    slider.press("Home")
    at_step(page, steps[0])
    slider.press("ArrowRight")
    at_step(page, steps[1])
    slider.press("End")
    at_step(page, steps[-1])


def test_pinned_maps_and_filters_show_how_they_differ_at_another_step(dash):
    page, history = dash.page, cnnwidgets.pretrained()[1]
    first, last = history.steps[0], history.steps[-1]
    slider = page.get_by_role("slider", name="training step")
    slider.fill("0")
    at_step(page, first)
    for card in (dash.maps, dash.filters):
        pin = card.get_by_role("button", name="show changes")
        pin.click()
        expect(pin).to_have_attribute("aria-pressed", "true")
        expect(card.locator(".cw-title")).to_contain_text("change")
        line = card.locator(".cw-line")
        expect(line).to_contain_text("Nothing differs yet from image 0, step 0. Choose another")
        expect(card.locator(".cw-legend span").nth(0)).to_have_text("0")
        expect(card.locator(".cw-legend span").nth(1)).to_have_text("0")
    blank = dash.map_grid.colours([0, 1, 2], 28, 28)[..., :3]
    np.testing.assert_array_equal(blank, 255)  # zero is the white middle
    slider.fill(str(len(history.steps) - 1))
    at_step(page, last)
    change = truth(0, last, "conv1") - truth(0, first, "conv1")
    most = int(np.abs(change).max((1, 2)).argmax())
    expect(dash.maps.locator(".cw-line")).to_contain_text(f"channel {most} most")
    seen = dash.map_grid.colours([0, 1, 2], 28, 28)[..., :3]
    limit = float(np.abs(change).max())
    np.testing.assert_allclose(seen, coloured(change[:3], limit), atol=COLOUR_LEVELS)

    dash.choose_layer("conv2")
    dash.filters.locator("details summary").click()
    weights = [history.at(step).weights["conv2.weight"].numpy()[0] for step in (first, last)]
    expected = (weights[1] - weights[0]).reshape(-1, 5)
    dash.filters.locator("tbody tr").nth(39).wait_for()
    np.testing.assert_allclose(table_of(dash.filters), expected, rtol=1e-4, atol=1e-7)

    for card in (dash.maps, dash.filters):
        card.get_by_role("button", name="show changes").click()
        expect(card.locator(".cw-title")).not_to_contain_text("change")
