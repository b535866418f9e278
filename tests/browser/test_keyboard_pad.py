"""The drawing pad by keys alone: every control is reached with Tab, and used."""

import re

from playwright.sync_api import expect

from tests.browser.pads import one, png
from tests.browser.people import use_help, use_save, use_summary, use_toggle


def test_every_control_of_the_pad_is_reached_and_used_by_keys_alone(person):
    pad = person.pad
    verdict = person.page.locator(".cw-prediction .cw-line")
    spoken = pad.card.locator("[aria-live]")
    # From now on Chromium hands its file choosers over; asked to only when the key is pressed, it
    # may open its own instead.
    person.page.on("filechooser", lambda _: None)
    person.reach("Pick an image")
    person.reach("Draw one")
    person.press("Enter")
    expect(pad.card).to_be_visible()

    person.reach("save as picture", "cw-pad")
    use_save(person)
    person.reach("words and keys of this card", "cw-pad")
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
