"""Every control of the view Explain, by keys alone; test_keyboard.py does the view Look."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person, use, use_help, use_save, use_summary
from tests.browser.scenes import EXPLAIN
from tests.servers import eventually

READY_MS = 40_000
CARDS = (".cw-inspector", ".cw-kernel", ".cw-ablation", ".cw-compare")


@pytest.fixture
def person(voila, new_page):
    """Somebody with a keyboard alone, in front of a pixel of conv2."""
    page = new_page(width=1280, height=900)
    voila.open(page, EXPLAIN)
    page.locator(".cw-compare").wait_for(timeout=READY_MS)
    page.wait_for_function("window.stage", timeout=READY_MS)
    page.evaluate(
        "stage.set({ layer: 'conv2', channel: 5, pixel: [6, 9] }); stage.save_changes(); "
    )
    title = page.locator(".cw-inspector").get_by_role("heading")
    expect(title).to_contain_text("conv2 · channel 5, row 6, column 9:")
    return Person(page)


def title_of(person, card):
    return person.page.locator(f".{card}").get_by_role("heading").first


def use_map(person):
    title = title_of(person, "cw-inspector")
    for keys, place in (
        (["Home"], "row 0, column 0:"),
        (["ArrowDown"] * 6, "row 6, column 0:"),
        (["ArrowRight"] * 10, "row 6, column 10:"),
        (["ArrowLeft"], "row 6, column 9:"),
    ):
        person.press(*keys)
        expect(title).to_contain_text(place)


def use_sweep(person):
    person.press("Enter")
    expect(person.focused).to_contain_text("Pause")
    expect(title_of(person, "cw-inspector")).not_to_contain_text("row 6, column 9:")
    person.press("Enter")
    expect(person.focused).to_contain_text("Slide over the map")


def use_patch(person):
    said = person.page.locator(".cw-inspector .cw-readout")
    person.press("Home")
    before = said.inner_text()
    person.press("End")
    expect(said).not_to_have_text(before)


def use_go(person):
    title = title_of(person, "cw-inspector")
    before = title.inner_text()
    person.press("Enter")
    expect(title).to_contain_text("pool1")
    person.press("Backspace")
    expect(title).to_have_text(before)
    person.reach("Go there: pool1")


def use_term(person):
    person.press("End")
    expect(person.focused).to_have_accessible_name("the 2 others")
    person.press("Enter")
    expect(person.focused).to_have_attribute("aria-pressed", "true")
    person.press("End")
    person.note()
    person.press("Enter")
    expect(person.focused).to_have_accessible_name("the 2 others")
    person.note()
    for key in ("Home", *["ArrowDown"] * 5):
        person.press(key)
        person.note()
        expect(person.focused).to_have_attribute("aria-pressed", "true")


def use_cell(person):
    for key in ("End", "Home", "Shift+ArrowUp"):
        person.press(key)
    expect(person.focused).to_have_attribute("aria-label", re.compile(", was "))


def use_number(person):
    person.press("Control+a", "0", ".", "5", "Enter")
    grid = person.page.locator(".cw-kernel-grid td").first
    expect(grid).to_have_attribute("aria-label", re.compile(r"row 0, column 0: 0.5, was"))


def use_nudge(person):
    cell = person.page.locator(".cw-kernel-grid td").first
    before = cell.get_attribute("aria-label")
    person.press("Enter")
    expect(cell).not_to_have_attribute("aria-label", before)


def use_bias(person):
    person.press("Control+a", "1", ".", "5", "Enter")
    expect(person.page.locator(".cw-edits")).to_contain_text(
        "SetBias(layer='conv2', filter=5, value=1.5)"
    )


def use_input(person):
    weights = person.page.locator(".cw-kernel-grid")
    before = weights.inner_text()
    person.press("Control+a", "3", "Enter")
    expect(title_of(person, "cw-kernel")).to_contain_text("input channel 3")
    expect(weights).not_to_have_text(before, use_inner_text=True)


def use_preset(person):
    weights = person.page.locator(".cw-kernel-grid")
    before = weights.inner_text()
    person.press("Enter")
    expect(weights).not_to_have_text(before, use_inner_text=True)
    if person.here()["name"] != "negate":  # "original" comes next, and is to have something to do
        person.press("Control+z")
        expect(weights).to_have_text(before, use_inner_text=True)


def use_revert(person):
    name = person.here()["name"]
    assert person.page.locator(".cw-edits li").count() > 0
    if name == "revert all":
        person.press("Enter")
        expect(person.page.locator(".cw-kernel-edits")).to_contain_text("No edits")
        expect(person.focused).to_be_disabled()
        expect(person.focused).to_have_text("revert all")
        person.press("Control+z")  # for those that need one
        expect(person.page.locator(".cw-edits li").first).to_be_visible()
    else:
        person.press("Enter")


def use_undo(person):
    """Undo, redo: pressed until nothing is left, and the focus stays."""
    for _ in range(60):
        if person.focused.get_attribute("aria-disabled") == "true":
            break
        before = edits_of(person)
        person.press("Enter")
        eventually(lambda before=before: edits_of(person) != before, "the edits change")
    expect(person.focused).to_be_disabled()
    assert person.here()["name"] in ("undo", "redo")


def edits_of(person):
    return (
        person.page.locator(".cw-kernel-edits").inner_text()
        + person.page.locator(".cw-kernel-grid").inner_text()
    )


def use_remove(person):
    edits = person.page.locator(".cw-edits li")
    before = edits.count()
    person.press("Enter")
    expect(edits).to_have_count(before - 1)
    stays = person.here()
    assert (stays["card"], stays["kind"]) in (("cw-kernel", "button"), ("cw-kernel", "p"))


def use_reveal(person):
    person.press("Enter")
    expect(person.page.locator(".cw-kernel-edits pre")).to_contain_text("weight[")
    expect(person.focused).to_have_attribute("aria-expanded", "true")


def use_copy(person):
    person.press("Enter")
    said = person.page.locator(".cw-kernel .cw-readout")
    expect(said).to_contain_text(re.compile("Copied|Selected"))


def use_order(person):
    person.press("ArrowDown")
    expect(person.focused).to_have_value("-1")


def use_switch(person):
    for to in ("false", "true", "false"):
        person.press("Space")
        expect(person.focused).to_have_attribute("aria-checked", to)
    assert person.left(".cw-ablation .cw-board") != []
    for _ in range(16):
        person.note()
        person.press("ArrowRight")


def use_all_on(person):
    person.press("Enter")
    expect(person.page.locator(".cw-switch[aria-checked='false']")).to_have_count(0)
    expect(person.focused).to_be_disabled()


def use_pin(person):
    person.press("Enter")
    expect(person.focused).to_have_text("Pin this instead")


def use_unpin(person):
    person.press("Enter")
    expect(person.focused).to_have_text("Pin this as A")
    use_pin(person)


# By card, kind and name; the first that fits. A control that none of them fits fails the test.
USES = [
    ("cw-", "button", "words and keys of this card", use_help),
    ("cw-", "button", "save as picture", use_save),
    ("cw-", "summary", "Numbers", use_summary),
    ("cw-inspector", "button", ".*Slide", use_sweep),
    ("cw-inspector", "application", "map of", use_map),
    ("cw-inspector", "application", "patch of", use_patch),
    ("cw-inspector", "button", "Go there", use_go),
    ("cw-inspector", "button", "channel", use_term),
    ("cw-kernel", "button", "undo|redo", use_undo),
    ("cw-kernel", "gridcell", "", use_cell),
    ("cw-kernel", "text", "weight", use_number),
    ("cw-kernel", "button", "less|more", use_nudge),
    ("cw-kernel", "text", "bias", use_bias),
    ("cw-kernel", "number", "input channel", use_input),
    ("cw-kernel", "button", "revert", use_revert),
    ("cw-kernel", "button", "take away", use_remove),
    ("cw-kernel", "button", "copy as", use_copy),
    ("cw-kernel", "button", "show as", use_reveal),
    ("cw-kernel", "region", "the edits", lambda person: None),
    ("cw-kernel", "button", "", use_preset),
    ("cw-ablation", "select-one", "order", use_order),
    ("cw-ablation", "button", "undo|redo", use_undo),
    ("cw-ablation", "button", "all on", use_all_on),
    ("cw-ablation", "switch", "channel", use_switch),
    ("cw-compare", "button", "Pin", use_pin),
    ("cw-compare", "button", "Unpin", use_unpin),
]


def test_every_control_of_the_view_explain_is_reached_and_used_by_keys_alone(person):
    wait_ms = 60_000  # for the board, which reads a thousand images for each channel
    board = person.page.locator(".cw-ablation .cw-readout")
    expect(board).to_contain_text("with all channels", timeout=wait_ms)
    for stop in person.stops(300):
        if not any(map(person.left, CARDS)):
            break
        if stop is not None and not stop["used"] and f".{stop['card']}" in CARDS:
            use(person, stop, USES)
    assert [person.left(card) for card in CARDS] == [[], [], [], []]
