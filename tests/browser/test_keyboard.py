"""The dashboard by keys alone: every control is reached with Tab, and used."""

import re

import numpy as np
from playwright.sync_api import expect

from tests.browser.people import use, use_help, use_save, use_summary, use_toggle
from tests.browser.truth import mnist
from tests.servers import eventually


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


def use_misread(person):
    status = person.dash.picker.get_by_role("status")
    nines = f"{np.sum(mnist()[1] == 9):,} images"  # the label before it in the row
    expect(status).to_have_text(nines)
    use_toggle(person)
    expect(status).to_have_text(re.compile(r"^\d+ images$"))
    person.press("Enter")
    expect(status).to_have_text(nines)


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
    expect(spoken).to_have_text(re.compile(r"^step [\d,]+ of .* recorded: .* of the test images"))


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


def use_view(person):
    person.press("Enter")
    expect(person.focused).to_have_attribute("aria-pressed", "true")
    if person.here()["name"] == "Explain":
        expect(person.page.locator(".cw-inspector")).to_be_visible()
        person.press("Shift+Tab", "Enter", "Tab")
        expect(person.page.locator(".cw-inspector")).to_be_hidden()


# By card, kind and name; the first that fits. A control that none of them fits fails the test.
USES = [
    ("", "submit|button", "Copy as code", use_code),
    ("", "button", "Look|Explain", use_view),
    ("", "button", "Pick an image", use_toggle),
    ("", "button", "Draw one$", lambda person: None),  # leads to the other test
    ("", "button", "words and keys of this card", use_help),
    ("", "button", "save as picture", use_save),
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
    ("", "button", "show changes", use_toggle),
]


def test_every_control_of_the_dashboard_is_reached_and_used_by_keys_alone(person):
    for stop in person.stops(160):
        if stop is None or (stop["used"] and person.left() == []):
            break
        if not stop["used"]:
            use(person, stop, USES)
    assert person.left() == []
