"""Widgets without a dashboard or a microscope: each alone on arrays of one's own."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.reading import box_of, canvas_colours, grid_of, readout, table_of, value_in
from tests.browser.truth import COLOUR_LEVELS, DIGITS, diverging, sequential
from tests.browser.watch import shared_page
from tests.servers import eventually

ARRAYS = """
import numpy as np
random = np.random.default_rng(7)
holed = random.normal(size=(4, 6, 8)).astype("float32")
holed[1, 2, 3] = np.nan
holed[1, 0, 0] = np.inf
holed[2, 5, 7] = -np.inf
few = random.random((3, 10, 5)).astype("float32")
many = random.normal(size=(512, 7, 7)).astype("float32")
vector = random.normal(size=12).astype("float32")
holed_vector = np.array([1, np.nan, -2, np.inf], "float32")
empty = np.full((2, 4, 4), np.nan, "float32")
zero = np.zeros((2, 4, 4), "float32")
kernels = random.normal(size=(3, 2, 3, 5)).astype("float32")
scores = random.random(20).astype("float32")
scores /= scores.sum()
colour = random.integers(0, 256, (30, 3, 12, 16), dtype="uint8")
labels = np.arange(30) % 3
"""
SCENE = """
import ipywidgets
import cnnwidgets as cw
def named(name, widget):
    box = ipywidgets.VBox([widget])
    box.add_class(name)
    return box
images = cw.ImageSet.from_arrays(colour, labels, ["cat", "dog", "owl"], name="patches")
ipywidgets.VBox([
    named("holed", cw.FeatureMaps(maps=holed)),
    named("few", cw.FeatureMaps(maps=few)),
    named("many", cw.FeatureMaps(maps=many)),
    named("vector", cw.FeatureMaps(maps=vector)),
    named("holed-vector", cw.FeatureMaps(maps=holed_vector)),
    named("no-number", cw.FeatureMaps(maps=empty)),
    named("zero", cw.FeatureMaps(maps=zero)),
    named("nothing", cw.FeatureMaps()),
    named("slider", cw.ChannelSlider(maps=many)),
    named("kernels", cw.Filters(kernels=kernels)),
    named("scores", cw.Prediction(probabilities=scores)),
    named("undefined", cw.Prediction(probabilities=np.full(3, np.nan, "float32"))),
    named("rgb", cw.DigitPicker(images=images)),
])
"""
truth: dict[str, np.ndarray] = {}
exec(ARRAYS, {}, truth)


@pytest.fixture(scope="module")
def shared(browser, voila):
    """One page with every widget that stands alone."""
    with shared_page(browser, 900, 900) as (page, watch):
        voila.open(page, ARRAYS, SCENE)
        page.locator(".rgb section").wait_for()
        yield page, watch


@pytest.fixture
def alone(shared):
    """`alone(name)`: a card of the page by its name in the scene."""
    page, watch = shared
    with watch.clean():
        yield lambda name: page.locator(f".{name} section")


def is_hatched(pixels, rows, columns, row, column):
    """Whether a cell of a picture is lines on a ground, in greys that the scale does not have."""
    high, wide = pixels.shape[0] // rows, pixels.shape[1] // columns
    cell = pixels[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
    cell = cell[2:-2, 2:-2, :3]  # a neighbour may touch the edge
    is_grey = (cell.max(-1) - cell.min(-1) <= 3).all()
    return bool(is_grey and cell.max() - cell.min() > 60)


def test_values_that_are_not_finite_are_hatched_counted_and_read(alone):
    card, values = alone("holed"), truth["holed"]
    assert "3 not finite" in card.locator(".cw-legend").inner_text()
    grid = grid_of(card)
    seen = grid.colours([0, 1, 2, 3], 6, 8)
    finite = np.isfinite(values)
    limit = float(np.abs(values[finite]).max())
    expected = diverging(np.where(finite, values, 0), limit)
    np.testing.assert_allclose(seen[finite][:, :3], expected[finite], atol=COLOUR_LEVELS)
    for channel, row, column, text in [(1, 2, 3, "NaN"), (1, 0, 0, "∞"), (2, 5, 7, "−∞")]:
        grid.hover(channel, (column + 0.5) / 8, (row + 0.5) / 6)
        expect(readout(card)).to_have_text(
            f"channel {channel} · row {row} · column {column} · value {text}"
        )
    fine = grid.colours([1], round(grid.layout.height), round(grid.layout.width))[0]
    assert is_hatched(fine, 6, 8, 2, 3)
    assert is_hatched(fine, 6, 8, 0, 0)
    assert not is_hatched(fine, 6, 8, 3, 3)


def test_the_large_map_hatches_what_is_not_finite_too(alone):
    card, values = alone("holed"), truth["holed"]
    grid_of(card).click(1)
    expect(card.get_by_role("application")).to_have_attribute("aria-label", re.compile("channel 1"))
    card.page.mouse.move(2, 2)
    canvas = card.get_by_role("application")
    seen = canvas_colours(canvas, 6, 8, 0.08, 0.15)
    finite = np.isfinite(values[1])
    limit = float(np.abs(values[np.isfinite(values)]).max())
    expected = diverging(np.where(finite, values[1], 0), limit)
    np.testing.assert_allclose(seen[finite][:, :3], expected[finite], atol=COLOUR_LEVELS)
    fine = canvas_colours(canvas, 120, 160)
    assert is_hatched(fine, 6, 8, 2, 3)
    assert not is_hatched(fine, 6, 8, 2, 4)
    shown = table_of(card)
    np.testing.assert_array_equal(np.isnan(shown), np.isnan(values[1]))
    np.testing.assert_allclose(shown[finite], values[1][finite], **DIGITS)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "tiles"),
    [("few", 10, 5, [0, 1, 2]), ("many", 7, 7, [0, 1, 2, 3, 17])],
)
def test_maps_of_any_shape_and_number_are_painted_and_read(alone, name, rows, columns, tiles):
    card, values = alone(name), truth[name]
    grid = grid_of(card)
    assert grid.layout.count == len(values)
    limit = float(np.abs(values).max())
    expected = (diverging if values.min() < 0 else sequential)(values[tiles], limit)
    seen = grid.colours(tiles, rows, columns)[..., :3]
    np.testing.assert_allclose(seen, expected, atol=COLOUR_LEVELS)
    grid.hover(tiles[-1], (columns - 0.5) / columns, 0.5 / rows)
    expect(readout(card)).to_contain_text(f"channel {tiles[-1]} ")
    shown = value_in(readout(card).inner_text())
    np.testing.assert_allclose(shown, values[tiles[-1], 0, columns - 1], **DIGITS)


def test_the_last_of_512_maps_is_reached_with_one_key(alone):
    card, values = alone("many"), truth["many"]
    grid = grid_of(card)
    grid.root.press("End")
    expect(grid.option).to_contain_text("channel 511 ")
    eventually(lambda: grid.layout.rows == 1 or grid.layout.top > 0, "scrolled to the end")
    seen = grid.colours([510, 511], 7, 7)[..., :3]
    expected = diverging(values[510:], float(np.abs(values).max()))
    np.testing.assert_allclose(seen, expected, atol=COLOUR_LEVELS)
    grid.root.press("Home")
    expect(grid.option).to_contain_text("channel 0 ")


def test_a_vector_is_a_strip_of_values(alone):
    card, values = alone("vector"), truth["vector"]
    grid = grid_of(card)
    assert grid.layout.count == 12
    assert (
        card.get_by_role("application").count() == 0 or card.get_by_role("application").is_hidden()
    )
    grid.hover(5)
    expect(readout(card)).to_contain_text("unit 5 ")
    np.testing.assert_allclose(value_in(readout(card).inner_text()), values[5], **DIGITS)
    np.testing.assert_allclose(table_of(card)[:, 0], values, **DIGITS)


def test_units_that_are_not_finite_are_hatched_counted_and_read(alone):
    card = alone("holed-vector")
    assert "2 not finite" in card.locator(".cw-legend").inner_text()
    grid = grid_of(card)
    seen = grid.colours([0, 1, 2, 3], round(grid.layout.height), round(grid.layout.width))
    assert [is_hatched(tile[:8], 1, 1, 0, 0) for tile in seen] == [False, True, False, True]
    grid.hover(1)
    expect(readout(card)).to_have_text("unit 1 · value NaN")


def test_maps_without_a_number_or_without_an_array_are_told_in_words(alone):
    assert "32 not finite" in alone("no-number").locator(".cw-legend").inner_text()
    assert "finite" in alone("no-number").locator(".cw-line").inner_text()
    expect(alone("nothing").get_by_text("No feature maps yet")).to_be_visible()
    expect(alone("nothing").get_by_role("listbox")).to_be_hidden()


def test_maps_that_are_zero_everywhere_have_the_lowest_colour(alone):
    seen = grid_of(alone("zero")).colours([0, 1], 4, 4)[..., :3]
    lowest = np.broadcast_to(sequential(np.zeros((2, 4, 4)), 1), seen.shape)
    np.testing.assert_allclose(seen, lowest, atol=1)


def test_a_slider_alone_goes_over_all_its_channels(alone):
    card = alone("slider")
    card.get_by_role("slider").press("End")
    expect(card.get_by_role("heading")).to_contain_text("511 of 512")
    shown = table_of(card)[:, 0]
    np.testing.assert_allclose(shown, truth["many"].reshape(512, -1).max(1), **DIGITS)


def test_filters_alone_show_and_read_their_weights(alone):
    card, values = alone("kernels"), truth["kernels"]
    grid = grid_of(card)
    limit = float(np.abs(values).max())
    seen = grid.colours([0, 1], 15, 25)[:, 1::5, 1::5, :3]
    np.testing.assert_allclose(seen, diverging(values[0], limit)[:, [0, 1, 2]], atol=COLOUR_LEVELS)
    grid.hover(1, 4.5 / 5, 1.5 / 3)
    expect(readout(card)).to_contain_text("row 1 · column 4")
    np.testing.assert_allclose(value_in(readout(card).inner_text()), values[0, 1, 1, 4], **DIGITS)
    card.get_by_role("button", name="whole layer").click()
    eventually(lambda: grid.layout.count == 6, "three filters of two kernels")
    seen = grid.colours(list(range(6)), 3, 5)[..., :3]
    corner = grid.colours(list(range(6)), 15, 25)[:, 1::5, 1::5, :3]
    assert seen.shape == corner.shape
    expected = diverging(values.reshape(6, 3, 5), limit)
    np.testing.assert_allclose(corner, expected, atol=COLOUR_LEVELS)


def test_of_many_classes_the_ten_likeliest_are_shown(alone):
    card, values = alone("scores"), truth["scores"]
    best = np.argsort(-values)[:10]
    names = card.locator("tbody th").all_inner_texts()
    assert [int(name) for name in names] == best.tolist()
    shares = card.locator("tbody td:nth-child(3)").all_inner_texts()
    np.testing.assert_allclose(
        [float(text.split()[0]) for text in shares], 100 * values[best], atol=0.051
    )


def test_a_prediction_that_is_no_number_says_so(alone):
    assert "NaN" in alone("undefined").locator(".cw-line").inner_text()


def test_a_picker_of_colour_images_shows_them_in_colour(alone):
    card, values = alone("rgb"), truth["colour"]
    box_of(card)
    card.get_by_role("spinbutton").fill("7")
    card.get_by_role("spinbutton").press("Enter")
    expect(card.locator(".cw-line")).to_contain_text("image 7, labelled dog")
    large = canvas_colours(card.locator(".cw-large"), 12, 16)
    np.testing.assert_array_equal(large[..., :3], values[7].transpose(1, 2, 0))
    card.get_by_role("button", name="owl").click()
    expect(readout(card)).to_have_text("10 images")
    grid = grid_of(card)
    grid.click(1)
    expect(card.locator(".cw-line")).to_contain_text("image 5, labelled owl")
    eventually(
        lambda: np.array_equal(
            canvas_colours(card.locator(".cw-large"), 12, 16)[..., :3],
            values[5].transpose(1, 2, 0),
        ),
        "the colour image that was clicked",
    )
    assert card.get_by_role("button", name="misread").is_hidden()


def test_a_bad_index_of_a_picker_alone_is_told_in_its_card(alone):
    card = alone("rgb")
    card.get_by_role("spinbutton").fill("30")
    card.get_by_role("spinbutton").press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("index (=30)")
    card.get_by_role("spinbutton").fill("4")
    card.get_by_role("spinbutton").press("Enter")
    expect(card.get_by_role("alert")).to_be_hidden()
    expect(card.locator(".cw-line")).to_contain_text("image 4, labelled dog")
