"""Where to look, on the dashboard in a real browser: layers, channels, maps, by every hand."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.reading import box_of
from tests.browser.truth import COLOUR_LEVELS, LAYERS, coloured, maps
from tests.servers import eventually


def test_a_pad_that_was_never_shown_takes_no_part(dash):
    assert dash.page.locator(".cw-pad").count() == 0


def test_every_canvas_has_a_name_or_is_decoration(dash):
    nameless = dash.page.evaluate(
        """[...document.querySelectorAll('.cw canvas')].filter(node =>
          !node.closest('[hidden]') && node.getAttribute('aria-hidden') !== 'true' &&
          !node.getAttribute('aria-label')).length"""
    )
    assert nameless == 0


def test_layers_are_chosen_by_click_and_by_key(dash):
    options = dash.network.get_by_role("option")
    assert [text.split()[0] for text in options.all_inner_texts()] == list(LAYERS)
    strip = dash.network.get_by_role("listbox")
    strip.focus()
    for key, layer in [
        ("ArrowRight", "relu1"),
        ("ArrowDown", "pool1"),
        ("ArrowLeft", "relu1"),
        ("End", "fc"),
        ("ArrowRight", "fc"),
        ("Home", "conv1"),
        ("ArrowUp", "conv1"),
    ]:
        dash.page.keyboard.press(key)
        eventually(lambda layer=layer: dash.chosen_layer() == layer, f"{key} leads to {layer}")
        size = "×".join(map(str, maps(0, layer).shape[1:])) or "values"
        expect(dash.maps.get_by_role("heading")).to_contain_text(size)
    assert strip.evaluate("strip => strip === document.activeElement")


def test_the_chosen_layer_is_seen_whole_where_the_strip_is_too_narrow_for_all(dash):
    size = dash.page.viewport_size
    dash.page.set_viewport_size({"width": 360, "height": size["height"]})
    strip = dash.network.locator(".cw-strip")
    assert strip.evaluate("strip => strip.scrollWidth > strip.clientWidth + 99")
    chosen = dash.network.locator('[role="option"][aria-selected="true"]')
    for key in ["End", *["ArrowLeft"] * 6, *["ArrowRight"] * 3]:
        was = dash.chosen_layer()
        dash.network.get_by_role("listbox").press(key)
        eventually(lambda was=was: dash.chosen_layer() != was, f"{key} leads on")
        tile, around = chosen.bounding_box(), strip.bounding_box()
        assert around["x"] <= tile["x"]
        assert tile["x"] + tile["width"] <= around["x"] + around["width"]
    dash.page.set_viewport_size(size)


def test_a_channel_beyond_the_next_layer_falls_back_to_the_first(dash):
    dash.choose_layer("conv2")
    dash.choose_channel(15)
    dash.choose_layer("conv1")
    expect(dash.slider.get_by_role("heading")).to_contain_text("0 of 8")
    expect(dash.slider.get_by_role("slider")).to_have_value("0")


def test_the_channel_is_chosen_by_slider_number_buttons_and_marks(dash):
    slider, box = dash.slider.get_by_role("slider"), dash.slider.get_by_role("spinbutton")
    heading = dash.slider.get_by_role("heading")
    edges = box_of(slider)
    y, step = edges["y"] + edges["height"] / 2, (edges["width"] - 16) / 7
    dash.page.mouse.move(edges["x"] + 8, y)
    dash.page.mouse.down()
    dash.page.mouse.move(edges["x"] + 8 + 3 * step, y, steps=5)
    expect(heading).to_contain_text("3 of 8")  # while it is held
    dash.page.mouse.move(edges["x"] + 8 + 6 * step, y, steps=5)
    dash.page.mouse.up()
    expect(heading).to_contain_text("6 of 8")
    expect(box).to_have_value("6")
    expect(dash.map_grid.option).to_contain_text("channel 6")
    dash.slider.get_by_role("button", name="previous").click()
    expect(heading).to_contain_text("5 of 8")
    dash.slider.get_by_role("button", name="next").click()
    dash.slider.get_by_role("button", name="next").click()
    expect(heading).to_contain_text("7 of 8")
    expect(dash.slider.get_by_role("button", name="next")).to_be_disabled()
    box.fill("2")
    box.press("Enter")
    expect(slider).to_have_value("2")
    box.fill("99")
    box.press("Enter")
    expect(box).to_have_value("7")
    marks = dash.slider.locator("canvas.cw-marks")
    marks.click(position={"x": 8 + 4 * step, "y": 20})
    expect(heading).to_contain_text("4 of 8")
    slider.press("ArrowRight")
    expect(heading).to_contain_text("5 of 8")
    slider.press("Home")
    expect(heading).to_contain_text("0 of 8")


def test_the_marks_are_as_tall_as_the_channels_respond(dash):
    dash.choose_layer("conv2")
    peaks = maps(0, "conv2").reshape(16, -1).max(1)
    marks = dash.slider.locator("canvas.cw-marks")
    columns = np.array(
        marks.evaluate(
            """marks => {
              const { width, height } = marks;
              const data = marks.getContext("2d").getImageData(0, 0, width, height).data;
              const tall = [];
              for (let channel = 0; channel < 16; channel++) {
                const x = Math.round((8 + channel * (width / devicePixelRatio - 16) / 15)
                  * devicePixelRatio);
                let count = 0;
                for (let y = 0; y < height; y++) count += data[4 * (y * width + x) + 3] > 127;
                tall.push(count / height);
              }
              return tall;
            }"""
        )
    )
    # A pixel of 44, and at least one so that each channel has its mark.
    np.testing.assert_allclose(columns, np.maximum(peaks / peaks.max(), 0), atol=1.5 / 44)


def test_maps_are_chosen_by_click_and_by_key(dash):
    grid = dash.map_grid
    columns = grid.layout.columns
    heading = dash.slider.get_by_role("heading")
    grid.click(1)
    expect(heading).to_contain_text("1 of 8")
    for key, channel in [
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("ArrowDown", 1 + columns),
        ("ArrowUp", 1),
        ("End", 7),
        ("Home", 0),
    ]:
        grid.root.press(key)
        expect(heading).to_contain_text(f"{channel} of 8")
        expect(grid.option).to_contain_text(f"channel {channel} ")
    row, column = np.unravel_index(maps(0, "conv1")[0].argmax(), (28, 28))
    expect(grid.option).to_contain_text(f"row {row} · column {column}")


def test_the_maps_grow_and_shrink_with_the_zoom(dash):
    larger = dash.maps.get_by_role("button", name="larger")
    smaller = dash.maps.get_by_role("button", name="smaller")
    dash.choose_layer("pool2")
    before = dash.map_grid.layout.width
    larger.click()
    eventually(lambda: dash.map_grid.layout.width > before, "larger maps")
    truth = maps(0, "pool2")
    seen = dash.map_grid.colours([0, 1], 7, 7)[..., :3]
    np.testing.assert_allclose(seen, coloured(truth)[:2], atol=COLOUR_LEVELS)
    smaller.click()
    eventually(lambda: dash.map_grid.layout.width == before, "as before")
    smaller.click()
    eventually(lambda: dash.map_grid.layout.width < before, "smaller maps")
    larger.click()
    eventually(lambda: dash.map_grid.layout.width == before, "as before")


def test_every_control_can_be_reached_with_tab_and_shows_its_focus(dash):
    page = dash.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.click(3, 3)
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """(() => {
              const node = document.activeElement;
              const card = node.closest("section.cw-panel");
              if (!card) return null;
              const { outlineStyle, outlineWidth } = getComputedStyle(node);
              return [card.className.split(" ").at(-1), node.tagName + (node.getAttribute("role") ?? node.type ?? ""),
                node.getAttribute("aria-label") ?? node.textContent.slice(0, 20),
                outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
            })()"""  # noqa: E501
        )
        if found is None and seen:
            break
        if found is not None:
            seen.append(tuple(found))
    assert [stop for stop in seen if not stop[3]] == []
    cards = [card for at, (card, *_rest) in enumerate(seen) if at == 0 or seen[at - 1][0] != card]
    last = ["cw-layers", "cw-maps", "cw-time", "cw-channel", "cw-maps", "cw-filters"]
    assert cards in (["cw-picker", *last], ["cw-picker", "cw-prediction", *last])
