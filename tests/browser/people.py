"""A person without a pointer: who reaches every control with Tab, and uses it."""

import re

from playwright.sync_api import expect

from tests.browser.pads import Pad
from tests.browser.scenes import Dash
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

    def stops(self, most):
        """Presses Tab so many times at most, and gives what has the focus after each."""
        for _ in range(most):
            self.press("Tab")
            yield self.here()

    def reach(self, name, card="", key="Tab", kind=""):
        """Goes on until a control has the focus, which must be seen on the way."""
        for _ in range(160):
            self.press(key)
            stop = self.here()
            if stop is None:
                continue
            assert stop["outlined"], stop
            fits = stop["card"].startswith(card) and stop["kind"].startswith(kind)
            if fits and re.match(name, stop["name"]):
                self.note()
                return self.focused
        raise AssertionError(f"{kind} {name!r} in {card!r} cannot be reached with {key}")


def use(person, stop, uses):
    """Uses the control with the focus, as the first fitting of (card, kind, name, how) says.

    It must be seen that it has the focus.
    """
    assert stop["outlined"], stop
    person.note()
    fits = (
        how
        for card, kind, name, how in uses
        if stop["card"].startswith(card)
        and re.fullmatch(kind, stop["kind"])
        and re.match(name, stop["name"])
    )
    how = next(fits, None)
    assert how, stop
    how(person)


def use_help(person):
    person.press("Enter")
    dialog = person.page.locator("dialog[open]")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    person.note()
    person.press("Enter")
    expect(dialog).to_have_count(0)


def use_save(person):
    menu = person.page.locator("dialog[open]")
    for kind, way in (("PNG", []), ("SVG", ["ArrowDown"])):
        person.press("Enter", *way)
        expect(menu.get_by_role("button", name=kind)).to_be_focused()
        person.note()
        with person.page.expect_download() as download:
            person.press("Enter")
        assert download.value.suggested_filename.endswith(kind.lower())
        expect(menu).to_have_count(0)
    person.press("Enter", "Escape")
    assert person.here()["name"] == "save as picture", "the focus is given back"


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
