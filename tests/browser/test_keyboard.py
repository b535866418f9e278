"""A person without a pointer: every control of the dashboard is reached with Tab, and used."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pads import Pad, one, png
from tests.browser.scenes import DASHBOARD, Dash
from tests.servers import eventually

READY_MS = 40_000
CONTROLS = ":is(button, input, select, summary, [tabindex='0']):not(:disabled)"
# Which control has the focus: its card, what it is, its name; whether that can be seen.
HERE = """
() => {
  const node = document.activeElement;
  const dashboard = node.closest(".cw-dashboard");
  if (!dashboard) return null;
  const card = node.closest("section.cw-panel");
  const label = node.labels?.[0]?.textContent ?? node.textContent;
  const { outlineStyle } = getComputedStyle(node);
  return {
    card: card ? [...card.classList].at(-1) + (card.dataset.view ?? "") : "",
    kind: node.getAttribute("role") ?? node.type ?? node.localName,
    name: (node.getAttribute("aria-label") ?? label).trim().slice(0, 40),
    used: node.dataset.used === "true",
    outlined: outlineStyle !== "none",
  };
}
"""
LEFT = f"""
(within) => [...document.querySelectorAll(within + " {CONTROLS}")]
  .filter((node) => node.checkVisibility() && !node.dataset.used)
  .map((node) => node.outerHTML.slice(0, 120))
"""


class Person:
    """Presses keys, and nothing else."""

    def __init__(self, page):
        self.page = page
        self.dash = Dash(page)
        self.pad = Pad(page)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def here(self):
        return self.page.evaluate(HERE)

    @property
    def focused(self):
        return self.page.locator(":focus")

    def left(self, within=".cw-dashboard"):
        """The controls that can be seen and were not used."""
        return self.page.evaluate(LEFT, within)

    def note(self):
        """Remembers that the control with the focus was used."""
        self.focused.evaluate("node => { node.dataset.used = 'true'; }")

    def reach(self, name, card="", key="Tab"):
        """Goes on until a control has the focus, which must be seen on the way."""
        for _ in range(160):
            self.press(key)
            stop = self.here()
            if stop is None:
                continue
            assert stop["outlined"], stop
            if stop["card"].startswith(card) and re.match(name, stop["name"]):
                self.note()
                return self.focused
        raise AssertionError(f"{name!r} in {card!r} cannot be reached with {key}")


@pytest.fixture
def person(voila, new_page):
    page = new_page(width=1280, height=900)
    voila.open(page, DASHBOARD)
    page.wait_for_function("window.stage", timeout=READY_MS)
    person = Person(page)
    eventually(lambda: person.dash.kernel_grid.root.get_attribute("data-layout"), "all is painted")
    return person


def use_code(person):
    dialog = person.page.get_by_role("dialog", name="This view as code")
    person.press("Enter")
    expect(dialog.locator("pre")).to_contain_text("import cnnwidgets")
    expect(dialog.locator("pre")).to_be_focused()
    person.note()
    for name in ("Copy", "Close"):
        person.reach(name)
        person.press("Enter")
    expect(dialog).to_be_hidden()
    assert person.here()["name"] == "Copy as code"


def use_help(person):
    person.press("Enter")
    dialog = person.page.locator("dialog[open]")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    person.note()
    person.press("Enter")
    expect(dialog).to_have_count(0)


def use_summary(person):
    details = person.focused.locator("xpath=..")
    person.press("Enter")
    expect(details.locator("tbody tr").first).to_be_visible()
    person.press("Tab")
    assert person.here()["kind"] == "region"
    person.note()
    if person.focused.evaluate("node => node.scrollHeight > node.clientHeight + 1"):
        person.press("ArrowDown")
        eventually(lambda: person.focused.evaluate("node => node.scrollTop > 0"), "it scrolls")


def use_toggle(person):
    person.press("Enter")
    expect(person.focused).to_have_attribute("aria-pressed", "true")


def use_misread(person):
    status = person.dash.picker.get_by_role("status")
    before = status.inner_text()
    use_toggle(person)
    expect(status).to_have_text(re.compile(r"^\d+ images$"))
    person.press("Enter")
    expect(status).to_have_text(before)


def use_box(person):
    person.press("3", "Enter")
    if person.here()["card"] == "cw-picker":
        person.dash.expect_image(3)
    expect(person.focused).to_have_value("3")


def use_images(person):
    before = person.dash.jump_box.input_value()
    person.press("ArrowRight")
    expect(person.dash.jump_box).not_to_have_value(before)
    person.dash.expect_image(int(person.dash.jump_box.input_value()))


def use_layers(person):
    for key, layer in (("End", "fc"), ("Home", "conv1"), ("ArrowRight", "relu1")):
        person.press(key)
        eventually(lambda layer=layer: person.dash.chosen_layer() == layer, f"{key}: {layer}")
    person.press("Home")
    person.page.wait_for_function("window.stage.get('maps_layer') === 'conv1'")


def use_colours(person):
    person.press("ArrowDown")
    expect(person.focused).to_have_value("viridis")


def use_zoom(person):
    name = person.here()["name"]
    before = person.dash.map_grid.layout.width
    grows = name == "larger maps"
    person.press("Enter")
    eventually(lambda: (person.dash.map_grid.layout.width > before) == grows, name)


def use_maps(person):
    for key, channel in (("End", 7), ("Home", 0), ("ArrowRight", 1)):
        person.press(key)
        expect(person.dash.map_grid.option).to_contain_text(f"channel {channel} ")


def use_play(person):
    spoken = person.page.locator(".cw-time [aria-live]")
    person.press("Enter")
    expect(person.focused).to_contain_text("Pause")
    expect(spoken).to_have_text(re.compile(r"^playing from step 0 of"))
    person.press("Enter")
    expect(person.focused).to_contain_text("Play")
    expect(spoken).to_have_text(re.compile(r"^step [\d,]+ of .* reads .* of the test images"))


def use_slider(person):
    for key in ("Home", "ArrowRight"):
        person.press(key)
    expect(person.focused).to_have_value("1")
    person.press("End")
    expect(person.focused).to_have_value(person.focused.get_attribute("max"))
    expect(person.focused).to_have_attribute("aria-valuetext", re.compile(r"\d of \d"))


def use_previous(person):
    spoken = person.dash.slider.locator("[aria-live]")
    for channel in (0, 0):
        person.press("Enter")
        expect(person.dash.slider.get_by_role("heading")).to_have_text(f"Channel {channel} of 8")
        expect(spoken).to_have_text(re.compile(f"^channel {channel} of 8, largest value"))
    expect(person.focused).to_be_disabled()
    assert person.here()["name"] == "previous channel", "the focus stays"


def use_next(person):
    before = int(person.dash.slider.get_by_role("spinbutton").input_value())
    person.press("Enter")
    spoken = person.dash.slider.locator("[aria-live]")
    expect(spoken).to_have_text(re.compile(f"^channel {before + 1} of 8, largest value"))


def use_large(person):
    person.press("Home")
    spoken = person.dash.large.get_by_role("status").last
    expect(spoken).to_contain_text("column 0 · value")
    person.press("Escape")


def use_kernels(person):
    person.press("End")
    expect(person.dash.kernel_grid.option).to_contain_text("filter")


# By card, kind and name; the first that fits. A control that none of them fits fails the test.
USES = [
    ("", "submit|button", "Copy as code", use_code),
    ("", "button", "Pick an image", use_toggle),
    ("", "button", "keys of this card", use_help),
    ("", "summary", "Numbers", use_summary),
    ("cw-picker", "button", "misread", use_misread),
    ("cw-picker", "button", r"all|\d|in order|shuffle", use_toggle),
    ("cw-picker", "listbox", "images", use_images),
    ("cw-layers", "listbox", "", use_layers),
    ("cw-mapsall", "button", "shared scale|per channel", use_toggle),
    ("cw-mapsall", "select-one", "colour map", use_colours),
    ("cw-mapsall", "button", "smaller maps|larger maps", use_zoom),
    ("cw-mapsall", "listbox", "", use_maps),
    ("cw-time", "button", ".*Play", use_play),
    ("", "range", "training step|channel", use_slider),
    ("cw-channel", "button", "previous channel", use_previous),
    ("cw-channel", "button", "next channel", use_next),
    ("", "number", "image|channel number", use_box),
    ("cw-mapsone", "application", "", use_large),
    ("cw-filters", "button", "this filter|whole layer", use_toggle),
    ("cw-filters", "listbox", "", use_kernels),
]


def test_every_control_of_the_dashboard_is_reached_and_used_by_keys_alone(person):
    drawing = "Draw one"  # leads to the other test
    for _ in range(160):
        person.press("Tab")
        stop = person.here()
        if stop is None or stop["used"]:
            if stop is None or person.left() == []:
                break
            continue
        assert stop["outlined"], stop
        person.note()
        if stop["name"] == drawing:
            continue
        fits = (
            use
            for card, kind, name, use in USES
            if stop["card"].startswith(card)
            and re.fullmatch(kind, stop["kind"])
            and re.match(name, stop["name"])
        )
        use = next(fits, None)
        assert use, stop
        use(person)
    assert person.left() == []


def test_every_control_of_the_pad_is_reached_and_used_by_keys_alone(person):
    pad = person.pad
    verdict = person.page.locator(".cw-prediction .cw-line")
    spoken = pad.card.locator("[aria-live]")
    person.reach("Pick an image")
    person.reach("Draw one")
    person.press("Enter")
    expect(pad.card).to_be_visible()

    person.reach("keys of this card", "cw-pad")
    use_help(person)
    person.reach("drawing pad", "cw-pad")
    person.press("PageUp", "Home", *["ArrowDown"] * 6, *["ArrowRight"] * 8)
    person.page.keyboard.down("Shift")
    person.press(*["ArrowRight"] * 12, *(["ArrowDown"] * 2 + ["ArrowLeft"]) * 7)
    person.page.keyboard.up("Shift")
    expect(verdict).to_contain_text("reads 7 with")

    person.reach("centre as MNIST does", "cw-pad")
    person.press("Space")
    expect(pad.line).to_contain_text("as it lies on the pad")
    person.press("Space")
    expect(pad.line).to_contain_text("centred as")
    person.reach("Brush", "cw-pad")
    use_toggle(person)
    person.reach("Eraser", "cw-pad")
    use_toggle(person)
    person.reach("size", "cw-pad")
    person.press("End")
    expect(person.focused).to_have_attribute("aria-valuetext", re.compile("^7 pixels"))
    person.reach("drawing pad", "cw-pad", "Shift+Tab")
    person.press("Space")
    expect(spoken).to_have_text("row 20, column 13: empty")
    person.reach("Brush", "cw-pad")
    person.press("Enter")
    person.reach("size", "cw-pad")
    person.press("Home", *["ArrowRight"] * 3)
    expect(person.focused).to_have_value("2.5")

    person.reach("Undo", "cw-pad", "Shift+Tab")
    person.press("Enter")
    expect(spoken).to_contain_text("undone")
    expect(verdict).to_contain_text("reads 7 with")
    person.reach("Redo", "cw-pad")
    person.press("Enter")
    expect(spoken).to_contain_text("redone")
    assert person.here()["name"] == "Redo", "the focus stays"
    person.reach("Clear", "cw-pad")
    person.press("Enter")
    expect(pad.line).to_contain_text("An empty pad")
    person.reach("Undo", "cw-pad", "Shift+Tab")
    person.press("Enter", "Enter")
    expect(verdict).to_contain_text("reads 7 with")

    pick_the_next(person)
    person.reach("Back to my drawing", "cw-pad")
    person.press("Enter")
    expect(pad.line).to_contain_text("The network sees your drawing")
    pick_the_next(person)
    person.reach("Draw over this image", "cw-pad")
    person.press("Enter")
    expect(pad.line).to_contain_text("The network sees your drawing")

    person.reach("Open a picture", "cw-pad")
    with person.page.expect_file_chooser() as chooser:
        person.press("Enter")
    chooser.value.set_files({"name": "one.png", "mimeType": "image/png", "buffer": png(one())})
    expect(pad.line).to_contain_text("the picture you gave")
    expect(verdict).to_contain_text("reads 1 with")
    person.reach("Numbers as a table", "cw-pad")
    use_summary(person)
    assert person.left(".cw-pad") == []


def pick_the_next(person):
    """Has the microscope look at another digit, and comes back to the pad."""
    person.reach("Pick an image", key="Shift+Tab")
    person.press("Enter")
    person.reach("images", "cw-picker")
    index = person.dash.jump_box.input_value()
    person.press("ArrowRight")
    expect(person.dash.jump_box).not_to_have_value(index)
    person.reach("Draw one", key="Shift+Tab")
    person.press("Enter")
    expect(person.pad.line).to_contain_text("your drawing waits")
