"""Pictures that are opened, pasted and dropped on the drawing pad, in a real browser."""

import base64
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pads import SEVEN, one, png


def test_a_picture_is_opened_and_read(pad):
    with pad.page.expect_file_chooser() as chooser:
        pad.button("Open a picture").click()
    chooser.value.set_files({"name": "one.png", "mimeType": "image/png", "buffer": png(one())})
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.expect_true()


def test_a_picture_is_pasted_and_read(pad):
    pad.page.evaluate(
        """async text => {
          const bytes = Uint8Array.from(atob(text), each => each.charCodeAt(0));
          const blob = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(png(one())).decode(),
    )
    pad.canvas.focus()
    pad.page.keyboard.press("Control+v")
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.page.evaluate("navigator.clipboard.writeText('words')")
    pad.page.keyboard.press("Control+v")
    expect(pad.card.get_by_role("alert")).to_contain_text("The clipboard holds no picture")
    pad.stroke(SEVEN)
    expect(pad.card.get_by_role("alert")).to_have_count(0)


@pytest.fixture
def drop(pad, tmp_path):
    """`drop(name, bytes)`: drops a file on the card as a person would."""
    devtools = pad.page.context.new_cdp_session(pad.page)

    def act(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        x, y = pad.at(0.5, 0.5)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    yield act
    devtools.detach()


def test_a_picture_is_dropped_and_read(pad, drop):
    drop("one.png", png(one()))
    expect(pad.line).to_contain_text("the picture you gave")
    pad.expect_read(1)
    pad.expect_true()


def test_what_is_no_picture_is_refused_in_a_sentence_and_nothing_is_lost(pad, drop):
    pad.stroke(SEVEN)
    drawn = pad.expect_followed()
    drop("notes.png", b"these are words")
    alert = pad.card.get_by_role("alert")
    expect(alert).to_contain_text("PNG")
    np.testing.assert_array_equal(pad.truth(), drawn)
    drop("huge.png", bytes(10_000_001))
    expect(alert).to_have_text(re.compile("huge.png has 10.1 MB, and may have 10 MB"))
    for _ in range(2):  # the second refusal has the words of the first
        drop("notes.png", b"these are words")
        expect(alert).to_contain_text("PNG")
        drop("empty.png", b"")
        expect(alert).to_have_text(re.compile("empty.png is empty"))
    np.testing.assert_array_equal(pad.truth(), drawn)
    expect(pad.line).to_contain_text("The network sees your drawing")
    pad.stroke([(0.3, 0.5), (0.7, 0.5)])
    expect(alert).to_have_count(0)
