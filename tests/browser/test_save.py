"""Pictures saved from cards: files that stand alone, and show what the screen shows."""

import io
import re
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import READY_MS, Watch
from tests.browser.reading import grid_of
from tests.browser.truth import COLOUR_LEVELS, coloured, maps
from tests.servers import eventually

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
SCENE = """
import cnnwidgets as cw, ipywidgets
digits = cw.load("mnist", split="train")
few = cw.ImageSet.from_arrays(digits.images[:2000], digits.labels[:2000], name="few")
session = cw.TrainingSession(cw.DigitCNN(), few, test=few, batch_size=100)
session.step(12).result()
live = cw.Microscope(session.model, few, history=session.history)
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer, scope.channel, scope.pixel = "conv2", 5, (6, 9)
compare = cw.Compare(scope)
compare.pin()
ipywidgets.VBox([cw.TrainingMonitor(session, live), cw.SlowMotion(session, live),
    cw.FeatureMaps(scope), cw.Filters(scope), cw.Prediction(scope), cw.LayerSelector(scope),
    cw.DigitPicker(scope), cw.DrawPad(scope), cw.PixelInspector(scope), cw.KernelEditor(scope),
    cw.AblationBoard(scope), compare])
"""
SEEN = ("maps", "filters", "prediction", "layers", "picker", "pad")
EXPLAINED = ("inspector", "kernel", "ablation", "compare", "training", "slow")
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

# What of a card a picture of it could leave changed; an empty attribute says nothing.
AS_IT_IS = """
(card) => {
  const html = card.querySelector(".cw-body").outerHTML.replace(/ (class|style)=""/g, "");
  return [html, card.className, card.offsetHeight, scrollY];
}
"""

# What a browser does with a canvas that is larger than it can hold.
TOO_LARGE_ONCE = """
() => {
  const { toBlob } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.toBlob = (done) => {
    HTMLCanvasElement.prototype.toBlob = toBlob;
    done(null);
  };
}
"""


def saved(card, kind):
    """Saves a card by its button: the name of the file, and its bytes."""
    card.get_by_role("button", name="save as picture").click()
    with card.page.expect_download() as download:
        card.get_by_role("dialog").get_by_role("button", name=kind).click()
    expect(card.get_by_role("dialog")).to_have_count(0)
    return download.value.suggested_filename, download.value.path().read_bytes()


def svg_of(card):
    return ElementTree.fromstring(saved(card, "SVG")[1])


def png_of(card):
    """Red, green and blue of each pixel: (row, column, 3) of 0..255; none is transparent."""
    pixels = np.asarray(Image.open(io.BytesIO(saved(card, "PNG")[1])).convert("RGBA")).astype(int)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def texts_of(svg):
    return [node.text for node in svg.iter(f"{SVG}text") if node.text]


def images_of(svg):
    """The images of an SVG: place in pixels, and colours with opacity (row, column, 4)."""
    for node in svg.iter(f"{SVG}image"):
        kind, _, text = node.get(HREF).partition(";base64,")
        assert kind == "data:image/png"
        pixels = np.asarray(Image.open(io.BytesIO(b64decode(text))).convert("RGBA")).astype(int)
        yield [float(node.get(name)) for name in ("x", "y", "width", "height")], pixels


def ground_of(svg):
    """The colour that a picture stands on."""
    rect = svg.find(f"{SVG}rect")
    assert (rect.get("width"), rect.get("height")) == tuple(svg.get("viewBox").split()[2:])
    return rgb(rect.get("fill"))


def rgb(colour):
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


@pytest.fixture(scope="module")
def shared(browser, voila):
    """One page with a card of every kind: a page with a kernel takes seconds to start."""
    page, watch = browser.new_context(viewport={"width": 1000, "height": 800}).new_page(), Watch()
    watch.attach(page)
    voila.open(page, SCENE)
    page.locator(".cw-compare canvas").first.wait_for(timeout=READY_MS)
    expect(page.locator(".cw-ablation .cw-readout")).to_contain_text("with all", timeout=READY_MS)
    yield page, watch
    page.context.close()


@pytest.fixture
def cards(shared):
    page, watch = shared
    before = len(watch.problems)
    yield lambda kind: page.locator(f".cw-{kind}")
    assert watch.problems[before:] == []


@pytest.mark.parametrize("kind", SEEN + EXPLAINED)
def test_a_card_is_saved_whole_and_by_itself_and_stays_as_it_was(cards, kind):
    card = cards(kind)
    card.get_by_role("button", name="save as picture").scroll_into_view_if_needed()
    before = card.evaluate(AS_IT_IS)
    name, data = saved(card, "SVG")
    assert re.fullmatch(r"cnnwidgets(-[^\W_]+)+\.svg", name)
    svg = ElementTree.fromstring(data)
    tags = {node.tag.removeprefix(SVG) for node in svg.iter()}
    drawn = {"svg", "title", "desc", "rect", "text", "path", "image", "clipPath", "g"}
    assert tags <= drawn | {"line", "circle", "defs"}
    for node in svg.iter():
        for key, value in node.items():
            assert not key.endswith("href") or value.startswith("data:image/png;base64,")
            assert not re.search(r"url\((?!.?#)|\bNaN\b|undefined", value), (node.tag, key, value)
    title = card.get_by_role("heading").inner_text()
    assert svg.find(f"{SVG}title").text == title
    assert svg.find(f"{SVG}desc").text == card.locator(".cw-line").first.inner_text()
    shown = " ".join(texts_of(svg))
    assert title in shown
    controls = set(card.locator(".cw-press, .cw-segment, summary, option").all_inner_texts())
    numbers_and_scales = {"10", "50", "200", "whole layer"}  # are in pictures, too
    assert not (controls - numbers_and_scales) & set(texts_of(svg))

    _, data = saved(card, "PNG")
    size = Image.open(io.BytesIO(data)).size
    assert size == (2 * float(svg.get("width")), 2 * float(svg.get("height")))
    assert card.evaluate(AS_IT_IS) == before


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


def test_the_texts_of_a_prediction_are_its_classes_and_what_each_is_worth(cards):
    svg = svg_of(cards("prediction"))
    texts = [(round(float(node.get("y"))), node.text) for node in svg.iter(f"{SVG}text")]
    logits = maps(0, "fc").astype(float)
    shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    for name, share in enumerate(shares):
        row = next(y for y, text in texts if text == str(name) and y > 60)
        beside = {text for y, text in texts if abs(y - row) <= 1}
        percent = f"{100 * share:.1f} %"
        assert ("> 99.9 %" if percent == "100.0 %" else percent) in beside, beside
        assert ("✓" in beside) == (name == 7), "the mark of the label"
    assert "reads" in svg.find(f"{SVG}desc").text


def test_the_curves_of_a_training_are_there_with_their_key(cards):
    card = cards("training")
    svg, drawn = svg_of(card), card.locator("path.line")
    paths = {node.get("d"): node for node in svg.iter(f"{SVG}path")}
    assert drawn.count() >= 4
    lengths = []
    for curve in drawn.all():
        path = paths[curve.get_attribute("d") or ""]
        lengths.append((path.get("d") or "").count("L"))
        assert path.get("fill") == "none"
        assert path.get("stroke") in ("#0b84d8", "#d9730d")
    assert max(lengths) == 11, "a point for each of twelve steps"
    assert {"training", "test", "loss (nats)", "accuracy", "step", "100%"} <= set(texts_of(svg))
    key = [node.get("fill") for node in svg.iterfind(f"{SVG}path")]
    assert key[:2] == ["#0b84d8", "#d9730d"], "the key to the colours"
    blue = (np.abs(png_of(card) - rgb("#0b84d8")) < 12).all(-1)
    assert blue.any(0).sum() > 1000, "the curves go through most of the picture"


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


def contrast(one, other):
    """The contrast of two colours as WCAG 2 defines it."""
    lights = []
    for colour in (one, other):
        parts = colour / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(lights) / min(lights)


def test_the_menu_keeps_its_keys_and_gives_the_focus_back(cards):
    pad = cards("pad")
    page, canvas = pad.page, pad.get_by_role("application")
    canvas.press("Space")
    expect(canvas).not_to_have_accessible_name(re.compile("empty"))
    opener, menu = pad.get_by_role("button", name="save as picture"), pad.get_by_role("dialog")
    opener.press("Enter")
    png, svg = (menu.get_by_role("button", name=kind) for kind in ("PNG", "SVG"))
    for key, focused in (("", png), ("ArrowDown", svg), ("ArrowDown", png), ("ArrowUp", svg)):
        if key:
            page.keyboard.press(key)
        expect(focused).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(png).to_be_focused()
    page.keyboard.press("x")  # clears the pad from anywhere else in the card
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(opener).to_be_focused()
    expect(canvas).not_to_have_accessible_name(re.compile("empty"))
    opener.click()
    page.mouse.click(2, 2)
    expect(menu).to_have_count(0)


def test_a_picture_that_cannot_be_made_is_told_with_the_remedy(cards):
    card = cards("prediction")
    card.evaluate(TOO_LARGE_ONCE)
    card.get_by_role("button", name="save as picture").click()
    menu = card.get_by_role("dialog")
    menu.get_by_role("button", name="PNG").click()
    said = r"No PNG could be made: \d+ × \d+ pixels are more .* Try SVG"
    expect(menu.get_by_role("alert")).to_have_text(re.compile(said))
    with card.page.expect_download():
        menu.get_by_role("button", name="SVG").click()
    expect(menu).to_have_count(0)


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
