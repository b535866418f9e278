"""Saved feature maps, pixel by pixel: colours, marks and texts; and by keys alone in JupyterLab."""

from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import READY_MS
from tests.browser.reading import grid_of
from tests.browser.saved import SVG, contrast, ground_of, images_of, png_of, rgb, svg_of, texts_of
from tests.browser.truth import COLOUR_LEVELS, coloured, maps
from tests.servers import eventually

MAPS = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer = "conv2"
cw.FeatureMaps(scope, view="all")
"""
ALONE = """
import numpy as np, cnnwidgets as cw, ipywidgets
holed = np.ones((3, 8, 8), "float32")
holed[0, 2, 3] = np.nan
holed[1] = 0
ipywidgets.VBox([cw.FeatureMaps(maps=holed, view="all"),
    cw.Prediction(probabilities=np.array([0.7, 0.2, 0.1], "float32"),
                  classes=["猫", "<b>&\\x01", "c"])])
"""


@pytest.mark.parametrize("ratio", [1, 1.5])
def test_the_maps_of_a_picture_have_the_colours_of_their_numbers(voila, new_page, ratio):
    page = new_page(device_scale_factor=ratio)
    card = voila.open(page, MAPS).locator(".cw-maps")
    grid = grid_of(card)
    eventually(lambda: grid.root.get_attribute("data-layout"), "the maps are painted")
    truth, layout = maps(0, "conv2"), grid.layout
    expected = coloured(truth)
    svg = svg_of(card)
    (x, y, width, height), image = next(images_of(svg))
    np.testing.assert_allclose(image.shape[:2], [height * ratio, width * ratio], atol=1e-2)
    edges = [node.bounding_box()["x"] for node in (grid.root.locator("canvas"), card)]
    assert x == pytest.approx(edges[0] - edges[1], abs=0.6), "where it is on the screen"
    sides = np.round(np.array([layout.height, layout.width]) * ratio)
    for channel, colours in enumerate(expected):
        at = np.array(divmod(channel, layout.columns))
        corner = np.array([layout.height, layout.width]) + layout.gap
        corner = np.round(ratio * (layout.margin + at * corner - [layout.top, 0]))
        rows, columns = (
            (begin + np.floor((np.arange(14) + 0.5) / 14 * side)).astype(int)
            for begin, side in zip(corner, sides, strict=True)
        )
        if rows.max() < len(image):  # in sight
            seen = image[np.ix_(rows, columns)]
            np.testing.assert_allclose(seen[..., :3], colours, atol=COLOUR_LEVELS)
    assert rows.max() < len(image), "all maps are in sight"

    # The same, each pixel two by two, in the PNG.
    times = 2
    scale = times * ratio
    left, top = round(x * scale), round(y * scale)
    found = png_of(card)[top : top + len(image) * times, left : left + image.shape[1] * times]
    share = image[..., 3:] / 255
    on_ground = image[..., :3] * share + ground_of(svg) * (1 - share)
    np.testing.assert_allclose(found, on_ground.repeat(times, 0).repeat(times, 1), atol=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_not_finite_and_what_is_silent_is_marked_and_text_stands_out(
    voila, new_page, scheme
):
    page = new_page(scheme)
    voila.open(page, ALONE)
    grid = grid_of(page.locator(".cw-maps"))
    eventually(lambda: grid.root.get_attribute("data-layout"), "the maps are painted")
    layout, svg = grid.layout, svg_of(page.locator(".cw-maps"))
    (x, y, _, _), _ = next(images_of(svg))
    pixels = png_of(page.locator(".cw-maps"))
    side = layout.width / 8
    left, top = 2 * (x + layout.margin + 3 * side), 2 * (y + layout.margin + 2 * side)
    cell = pixels[round(top) + 4 : round(top + 2 * side) - 4]
    cell = cell[:, round(left) + 4 : round(left + 2 * side) - 4]
    assert (np.ptp(cell, -1) <= 3).all(), "greys"
    assert np.ptp(cell) > 60, "lines on a ground"
    edge = pixels[round(2 * (y + layout.margin - 2)) - 1]
    start = round(2 * (x + layout.margin + layout.width + layout.gap))
    dashes = np.abs(edge[start : start + round(2 * layout.width)] - ground_of(svg)).max(-1) > 30
    assert 0.2 < dashes.mean() < 0.8
    assert "1 not finite, hatched" in " ".join(texts_of(svg))

    for kind in (".cw-maps", ".cw-prediction"):
        svg = svg_of(page.locator(kind))
        ground = ground_of(svg)
        assert (ground.mean() < 60) == (scheme == "dark")
        for node in svg.iter(f"{SVG}text"):
            assert contrast(rgb(node.get("fill")), ground) >= 4.5, node.text
    assert {"猫", "<b>&\ufffd", "c", "70.0 %"} <= set(texts_of(svg)), "whatever a class is called"


def test_in_jupyterlab_a_picture_is_saved_by_keys_alone(lab, new_page):
    page = new_page(width=1300)
    lab.open(page, MAPS, "'the last cell'")
    card = page.locator(".cw-maps")
    card.get_by_role("listbox").wait_for(timeout=READY_MS)
    card.get_by_role("button", name="save as picture").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "cnnwidgets-conv2-16-feature-maps-14x14.svg"
    svg = ElementTree.fromstring(download.value.path().read_bytes())
    assert "conv2 · 16 feature maps, 14×14" in texts_of(svg)
    assert next(images_of(svg))[1][..., 3].any()
    expect(card.get_by_role("button", name="save as picture")).to_be_focused()
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(2)
