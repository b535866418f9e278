"""Compare in the dashboard: A, B, their difference and the predictions are plain PyTorch's.

By mouse, and again by keys alone: pin, another digit, another layer, an edit, another step, unpin.
"""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import cnnwidgets
from tests.browser.people import Person
from tests.browser.reading import Card, canvas_colours, table_of
from tests.browser.scenes import EXPLAIN
from tests.browser.test_access import violations
from tests.browser.truth import (
    COLOUR_LEVELS,
    DIGITS,
    LAYERS,
    coloured,
    diverging,
    forward,
    mnist,
    weights,
)
from tests.servers import eventually

READY_MS = 40_000


class Side:
    """What the network makes of a digit, with an edit or at a step: worked out with PyTorch."""

    def __init__(self, digit: int, w: dict[str, torch.Tensor] | None = None):
        self.made = forward(mnist()[0][digit : digit + 1], w)

    def map(self, layer: str, channel: int) -> np.ndarray:
        return np.atleast_2d(self.made[layer][0, channel].numpy())

    @property
    def probabilities(self) -> np.ndarray:
        return self.made["fc"][0].softmax(0).numpy()


class Comparison(Card):
    """The card of the dashboard, and how its canvases and tables are read."""

    def __init__(self, page: Page):
        super().__init__(page, "compare")
        self.scores = self.card.locator("table", has_text="probability of each class")

    def canvas(self, name: str):
        return self.card.locator(f'canvas[aria-label^="{name}"]')

    def expect(self, a: Side, b: Side, layer: str, channel: int) -> None:
        """Wait until the page shows A, B and B − A of a channel, pixel by pixel."""
        first, second = a.map(layer, channel), b.map(layer, channel)
        rows, columns = first.shape
        both = np.stack([first, second])
        less = second - first
        shown = coloured(both, float(np.abs(both).max()))
        truth = {
            "A:": shown[0],
            "B, now:": shown[1],
            "B − A:": diverging(less, float(np.abs(less).max()) or 1.0),
        }

        def strays() -> float:
            return max(
                np.abs(canvas_colours(self.canvas(name), rows, columns)[..., :3] - colours).max()
                for name, colours in truth.items()
            )

        expect(self.line).to_contain_text(f"{layer}, channel {channel}.")
        eventually(lambda: strays() <= COLOUR_LEVELS, f"A, B and B − A of {layer}, {channel}")
        numbers = table_of(self.card)
        np.testing.assert_allclose(numbers, np.concatenate([first, second, less]), **DIGITS)
        self.expect_scores(a.probabilities, b.probabilities)

    def expect_scores(self, before: np.ndarray, after: np.ndarray) -> None:
        """Before → after of each class, in per cent with one decimal."""
        texts = self.scores.locator("tbody").evaluate(
            "body => [...body.rows].map(row => [...row.cells].slice(1).map(cell => cell.innerText))"
        )
        shown = np.array(
            [[float(re.sub("[ %+]", "", t).replace("−", "-")) for t in row] for row in texts]
        )
        expected = 100 * np.stack([before, after, after - before], -1)
        np.testing.assert_allclose(shown, expected, atol=0.051)


class Hand:
    """Somebody in front of the dashboard and its card."""

    def __init__(self, page: Page, card: Comparison):
        self.person = Person(page)
        self.dash, self.card = self.person.dash, card


class Mouse(Hand):
    """Does everything with a pointer; what is typed is a number."""

    def pin(self) -> None:
        self.card.card.get_by_role("button", name=re.compile("^Pin this")).click()

    def unpin(self) -> None:
        self.card.card.get_by_role("button", name="Unpin").click()

    def digit(self, index: int) -> None:
        self.dash.images.click(index)

    def layer(self, name: str) -> None:
        self.dash.network.get_by_role("option").filter(has_text=re.compile(f"^{name}")).click()

    def blank(self) -> None:
        page = self.dash.page
        page.locator(".cw-kernel").get_by_role("button", name="zeros", exact=True).click()

    def first_step(self) -> None:
        self.dash.page.locator(".cw-time").get_by_role("slider").click(position={"x": 3, "y": 8})


class Keys(Hand):
    """Does the same with keys alone, from Tab stop to Tab stop."""

    def pin(self) -> None:
        self.person.reach("Pin this", "cw-compare")
        self.person.press("Enter")

    def unpin(self) -> None:
        self.person.reach("Unpin", "cw-compare")
        self.person.press("Enter")
        expect(self.card.card.get_by_role("button", name="Pin this as A")).to_be_focused()

    def digit(self, index: int) -> None:
        self.person.reach("image", "cw-picker", kind="number")
        self.person.press(*str(index), "Enter")

    def layer(self, name: str) -> None:
        self.person.reach("", "cw-layers", kind="listbox")
        self.person.press("Home", *["ArrowRight"] * LAYERS.index(name))
        eventually(lambda: self.dash.chosen_layer() == name, f"{name} is chosen")

    def blank(self) -> None:
        self.person.reach("zeros", "cw-kernel")
        self.person.press("Enter")

    def first_step(self) -> None:
        self.person.reach("training step", "cw-time")
        self.person.press("Home")


@pytest.mark.parametrize(("way", "scheme"), [(Mouse, "light"), (Keys, "dark")])
def test_what_was_pinned_is_compared_with_each_thing_that_is_chosen_after(
    voila, new_page, way, scheme
):
    page = new_page(scheme, width=1360, height=1000)
    voila.open(page, EXPLAIN)
    card = Comparison(page)
    expect(card.card).to_be_visible(timeout=READY_MS)
    hand = way(page, card)
    expect(card.line).to_have_text(re.compile(r"^Now: image 0, step [\d,]+\.$"))
    expect(card.card.locator(".cw-empty")).to_contain_text("Pin what you see now")
    seven = Side(0)
    hand.pin()
    card.expect(seven, seven, "conv1", 0)
    expect(card.readout).to_have_text("No channel of this layer differs.")

    hand.digit(4)
    card.expect(seven, Side(4), "conv1", 0)
    hand.layer("pool2")
    card.expect(seven, Side(4), "pool2", 0)
    less = (Side(4).made["pool2"] - seven.made["pool2"])[0].abs().amax((1, 2)).numpy()
    most = int(less.argmax())
    expect(card.readout).to_contain_text(
        f"{(less > 0).sum()} of 16 channels differ, most of all {most} ({less[most]:.3g})"
    )
    hand.layer("conv1")
    hand.blank()
    changed = {name: value.clone() for name, value in weights().items()}
    changed["conv1.weight"][0, 0] = 0
    card.expect(seven, Side(4, changed), "conv1", 0)
    expect(card.line).to_contain_text("SetKernel('conv1', filter=0, input=0, values=5×5)")
    hand.first_step()
    steps = cnnwidgets.pretrained()[1]
    begun = {name: torch.as_tensor(each).clone() for name, each in steps.at(0).weights.items()}
    begun["conv1.weight"][0, 0] = 0
    card.expect(seven, Side(4, begun), "conv1", 0)
    expect(card.line).to_contain_text("B: image 4, step 0, SetKernel")

    hand.pin()  # this instead
    hand.digit(0)
    card.expect(Side(4, begun), Side(0, begun), "conv1", 0)
    hand.layer("fc")
    card.expect(Side(4, begun), Side(0, begun), "fc", 0)
    assert violations(page) == []
    hand.unpin()
    expect(card.card.locator(".cw-empty")).to_be_visible()
    expect(card.card.locator("canvas:visible")).to_have_count(0)
    expect(card.scores).to_be_hidden()
    assert violations(page) == []
