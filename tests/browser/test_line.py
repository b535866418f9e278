"""A connection to the kernel that breaks and comes back: the page goes on where it was."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.scenes import DASHBOARD, Dash
from tests.servers import eventually

READY_MS = 40_000
# Sockets that can be made deaf: what comes is kept in `unheard` as text, and lost.
SOCKETS = """
window.sockets = [];
window.unheard = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    if (String(given[0]).includes("/channels")) window.sockets.push(this);
  }
  set onmessage(act) {
    super.onmessage = (event) => {
      if (!this.deaf) return act(event);
      const text = typeof event.data === "string" ? event.data : new TextDecoder().decode(event.data);
      window.unheard.push(text);
    };
  }
  get onmessage() {
    return super.onmessage;
  }
};
"""  # noqa: E501
DEAF = "for (const socket of window.sockets) socket.deaf = true"
ANSWERED = "window.unheard.some(text => /execution_state\\W+idle/.test(text))"
BREAK = """
const open = window.sockets.filter(socket => socket.readyState === WebSocket.OPEN);
for (const socket of open) socket.close();
"""
# The socket that came in place of the deaf one is open.
BACK = "window.sockets.some(socket => !socket.deaf && socket.readyState === WebSocket.OPEN)"


@pytest.fixture(params=["voila", "lab"])
def dash(request, new_page):
    """The dashboard on a page whose connection can be made deaf and broken, with its tiles."""
    page = new_page(width=1500, height=1000)
    page.add_init_script(SOCKETS)
    request.getfixturevalue(request.param).open(page, DASHBOARD)
    page.wait_for_function("window.stage", timeout=READY_MS)
    dash = Dash(page)
    eventually(lambda: dash.map_grid.root.get_attribute("data-layout"), "the maps are painted")
    eventually(lambda: painted(dash, 0), "the first tiles have come")
    return dash


def painted(dash, tile):
    """Whether an image of the grid is there: a digit is bright somewhere."""
    return dash.images.colours([tile], 26, 26)[..., :3].max() > 200


def lose_the_answer(page, act):
    """Does something whose answer is lost, then the connection with it; waits for a new one."""
    page.evaluate(DEAF)
    act()
    page.wait_for_function(ANSWERED)
    page.evaluate(BREAK)
    page.wait_for_function(BACK, timeout=READY_MS)


def test_after_a_lost_answer_and_a_broken_connection_every_control_answers_again(dash):
    page = dash.page
    option = dash.network.get_by_role("option").filter(has_text="relu1")
    lose_the_answer(page, option.click)
    page.wait_for_function("window.stage.get('maps_layer') === 'relu1'")
    for layer in ("conv2", "relu2"):
        dash.choose_layer(layer)
    dash.jump(3)
    page.get_by_role("button", name="Draw one").click()
    pad = page.locator(".cw-pad")
    pad.get_by_role("application").press("Space")
    expect(pad.locator(".cw-line")).to_contain_text("your drawing")


def test_tiles_whose_answer_was_lost_come_after_all(dash):
    def scroll():
        dash.images.root.evaluate("root => (root.scrollTop = 4000)")

    lose_the_answer(dash.page, scroll)

    def there():
        layout = dash.images.layout
        row = 1 + int(layout.top / (layout.height + layout.gap))
        assert row > 100
        return painted(dash, row * layout.columns)

    eventually(there, "the tiles that were asked for have come")


def test_strokes_whose_answer_was_lost_reach_the_network_after_all(dash):
    page = dash.page
    page.get_by_role("button", name="Draw one").click()
    canvas = page.locator(".cw-pad").get_by_role("application")
    canvas.press("Home")
    canvas.press("PageUp")
    page.locator(".cw-pad").get_by_role("checkbox").uncheck()

    def draw():
        canvas.press("Space")
        canvas.press("PageDown")
        canvas.press("Space")

    lose_the_answer(page, draw)

    def both():
        pixels = page.evaluate(
            "(({ data }) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])"
            "(window.stage.get('image'))"
        )
        image = np.array(pixels).reshape(28, 28)
        return image[:3, :3].any() and image[-3:, :3].any()

    eventually(both, "the network gets both strokes")
