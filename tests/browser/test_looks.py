"""How the dashboard looks: light and dark, narrow and wide, legible, nothing cut."""

import pytest

from tests.browser.scenes import DASHBOARD, Dash
from tests.servers import eventually

# Contrast as WCAG 2 defines it, of two colours as the browser knows them.
CONTRAST = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const found = rgb(getComputedStyle(node).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [a, b] = [light(one), light(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
"""  # noqa: E501
# The visible texts that stand out too little from their background.
FAINT_TEXTS = (
    CONTRAST
    + """
  const faint = [];
  let texts = 0;
  const root = document.querySelector(".cw-dashboard");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility() || node.closest(":disabled, .cw-hidden, option")) continue;
    texts++;
    const found = contrast(rgb(getComputedStyle(node).color), background(node));
    if (found < 4.5) faint.push(`${text.slice(0, 30)}: ${found.toFixed(2)}`);
  }
  return { faint, texts };
}
"""
)
# The controls whose edge stands out too little; those that are text alone are told by their text.
FAINT_EDGES = (
    CONTRAST
    + """
  const faint = [];
  let edges = 0;
  for (const node of document.querySelectorAll(".cw :is(button, select, input[type=number])")) {
    const { borderTopColor, borderTopWidth } = getComputedStyle(node);
    const idle = node.matches(":disabled, [aria-disabled=true]");
    if (!node.checkVisibility() || idle || !parseFloat(borderTopWidth)) continue;
    edges++;
    const around = background(node.parentElement);
    const edge = contrast(rgb(borderTopColor), around);
    const found = Math.max(edge, contrast(background(node), around));
    if (found < 3) faint.push(`${node.className} ${node.textContent}: ${found.toFixed(2)}`);
  }
  return { faint, edges };
}
"""
)
# What sticks out of its card, save what scrolls inside it.
CUT = """
() => {
  const cut = [];
  for (const card of document.querySelectorAll("section.cw-panel")) {
    const edge = card.getBoundingClientRect();
    const kind = card.className.split(" ").at(-1);
    if (edge.left < -0.5 || edge.right > innerWidth + 0.5) cut.push(`${kind} is cut`);
    for (const node of card.querySelectorAll("*")) {
      if (!node.checkVisibility() || node.closest(".cw-hidden, option")) continue;
      let inner = node.parentElement;
      while (inner !== card && getComputedStyle(inner).overflowX === "visible") inner = inner.parentElement;
      if (inner !== card) continue;
      const box = node.getBoundingClientRect();
      if (box.width && (box.right > edge.right + 0.5 || box.left < edge.left - 0.5)) {
        cut.push(`${kind}: ${node.tagName} ${node.className} by ${(box.right - edge.right).toFixed(1)}`);
      }
    }
  }
  return cut;
}
"""  # noqa: E501


# Targets below 24 CSS pixels, in either direction; a label belongs to its control.
SMALL = """
() => [...document.querySelectorAll(".cw-dashboard :is(button, input, select, summary, [tabindex='0'])")]
  .filter((node) => node.checkVisibility())
  .map((node) => [node, (node.closest("label") ?? node).getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 24)
  .map(([node, { width, height }]) => `${node.outerHTML.slice(0, 90)}: ${width} × ${height}`)
"""  # noqa: E501


def shown(voila, page):
    voila.open(page, DASHBOARD)
    dash = Dash(page)
    eventually(lambda: dash.kernel_grid.root.get_attribute("data-layout"), "all is painted")
    page.wait_for_function("window.stage")
    return dash


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read_and_nothing_is_cut_at_360_pixels(voila, new_page, scheme):
    page = new_page(scheme, width=360, height=740)
    dash = shown(voila, page)
    for layer in ("conv1", "conv2", "fc"):
        dash.choose_layer(layer)
        found = page.evaluate(FAINT_TEXTS)
        assert found["texts"] > 50
        assert found["faint"] == []
        found = page.evaluate(FAINT_EDGES)
        assert found["edges"] > 20
        assert found["faint"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(CUT) == []
    dash.jump_box.fill("10000")
    dash.jump_box.press("Enter")
    dash.picker.get_by_role("alert").wait_for()
    assert page.evaluate(FAINT_TEXTS)["faint"] == []
    dash.filters.get_by_role("button", name="whole layer").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CUT) == []


def test_nothing_is_cut_at_any_width_and_dark_differs_from_light(voila, new_page):
    page = new_page("light", width=1024)
    shown(voila, page)
    for width in (1920, 1280, 1024, 960, 800, 640, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("new Promise(requestAnimationFrame)")
        eventually(lambda: page.evaluate(CUT) == [], f"nothing is cut at {width} pixels", 5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    colours = """() => [...document.querySelectorAll(".cw-panel")].map((card) => {
      const { color, backgroundColor } = getComputedStyle(card);
      return [color, backgroundColor];
    })"""
    light = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    page.locator('body[data-jp-theme-light="false"]').wait_for()
    dark = page.evaluate(colours)
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in zip(light, dark, strict=True))
    assert page.evaluate(FAINT_TEXTS)["faint"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_320_pixels_nothing_scrolls_sideways_and_every_target_can_be_hit(
    voila, new_page, scheme
):
    page = new_page(scheme, width=320, height=640)
    dash = shown(voila, page)
    for way, card in (("Pick an image", ".cw-picker"), ("Draw one", ".cw-pad")):
        page.get_by_role("button", name=way).click()
        page.locator(card).wait_for()
        for layer in ("conv2", "fc"):
            dash.choose_layer(layer)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            assert page.evaluate(CUT) == []
            assert page.evaluate(SMALL) == []
        assert page.evaluate(FAINT_TEXTS)["faint"] == []
        assert page.evaluate(FAINT_EDGES)["faint"] == []
    page.locator(".cw-pad .cw-twin > summary").click()
    page.locator(".cw-pad").get_by_role("application").press("Space")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(CUT) == []
    page.locator(".cw-pad").get_by_role("application").press("?")
    help_box = page.locator(".cw-pad dialog[open]")
    help_box.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(SMALL) == []
    edges = help_box.bounding_box()
    assert edges["x"] >= 0
    assert edges["x"] + edges["width"] <= 320
