"""Pictures saved from cards of every kind: files that stand alone, and the menu that saves them."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import READY_MS
from tests.browser.saved import SVG, png_of, rgb, saved, svg_of, texts_of
from tests.browser.truth import maps
from tests.browser.watch import shared_page

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


@pytest.fixture(scope="module")
def shared(browser, voila):
    """One page with a card of every kind."""
    with shared_page(browser, 1000, 800) as (page, watch):
        voila.open(page, SCENE)
        page.locator(".cw-compare canvas").first.wait_for(timeout=READY_MS)
        board = page.locator(".cw-ablation .cw-readout")
        expect(board).to_contain_text("with all", timeout=READY_MS)
        yield page, watch


@pytest.fixture
def cards(shared):
    page, watch = shared
    with watch.clean():
        yield lambda kind: page.locator(f".cw-{kind}")


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
    assert "mean of at least" not in shown
    controls = set(card.locator(".cw-press, .cw-segment, summary, option").all_inner_texts())
    numbers_and_scales = {"1", "10", "50", "200", "whole layer"}  # are in pictures, too
    assert not (controls - numbers_and_scales) & set(texts_of(svg))

    _, data = saved(card, "PNG")
    size = Image.open(io.BytesIO(data)).size
    assert size == (2 * float(svg.get("width")), 2 * float(svg.get("height")))
    assert card.evaluate(AS_IT_IS) == before


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
