"""Large maps, which come in a byte a value: colours, numbers and marks against the array itself."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.browser.reading import box_of, canvas_colours, table_of, value_in
from tests.browser.scenes import PROBE, Dash
from tests.browser.truth import COLOUR_LEVELS, DIGITS, coloured, diverging, sequential
from tests.browser.watch import shared_page
from tests.servers import eventually

MODEL = """
import numpy as np, torch
from torch import nn

class Holed(nn.Module):
    # Maps of 96×96, of which two have values that are not finite and one is silent.
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.holes = nn.Identity()
        self.relu = nn.ReLU()
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = self.conv(x)
        x[:, 3] = 0
        x[:, 5] *= 20
        x[:, 1, 40:50, 20:40] = torch.nan
        x[:, 2, 7, 9] = torch.inf
        x = self.relu(self.holes(x))
        return self.fc(x.nan_to_num(0, 0, 0).mean((2, 3)))

torch.manual_seed(3)
pictures = np.random.default_rng(3).integers(0, 256, (6, 96, 96), dtype="uint8")
model = Holed()
"""
SCENE = f"""
import cnnwidgets as cw
images = cw.ImageSet.from_arrays(pictures, [0] * 6)
scope = cw.Microscope(model, images)
scope.layer = "holes"
maps = cw.FeatureMaps(scope, view="all", zoom=3)
large = cw.FeatureMaps(scope, view="one")

{PROBE}
ipywidgets.VBox([maps, large, cw.ChannelSlider(scope), Probe(stage=maps.stage)])
"""
truth: dict = {}
exec(MODEL, truth)


def maps_of(index, layer):
    """The maps in plain PyTorch: (channel, row, column)."""
    model, picture = truth["model"], truth["pictures"][index].astype(np.float32) / 255
    scale = truth["pictures"].astype(np.float64) / 255
    x = torch.from_numpy((picture - scale.mean()) / scale.std()).float()[None, None]
    kept = {}
    hooks = [
        getattr(model, name).register_forward_hook(
            lambda _m, _i, out, name=name: kept.__setitem__(name, out[0].detach().numpy().copy())
        )
        for name in ("holes", "relu")
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return kept[layer]


@pytest.fixture(scope="module")
def shared(browser, voila):
    with shared_page(browser, 1000, 900) as (page, watch):
        voila.open(page, MODEL, SCENE)
        page.wait_for_function("window.stage && document.querySelector('[data-layout]')")
        yield Dash(page), watch


@pytest.fixture
def dash(shared):
    """The widgets on image 0, the layer with holes, channel 0."""
    dash, watch = shared
    dash.page.evaluate(
        """async () => {
          const { stage } = window;
          stage.set({ index: 0, layer: "holes", channel: 0, pixel: null });
          stage.save_changes();
        }"""
    )
    dash.page.mouse.move(0, 0)
    wait_for_maps(dash, 0, "holes")
    yield dash
    assert watch.problems == []


def choose(dash, **values):
    dash.page.evaluate("(values) => { stage.set(values); stage.save_changes(); }", values)


def wait_for_maps(dash, index, layer):
    """Wait until the page holds these maps: their largest values say so."""
    maps = maps_of(index, layer)
    peaks = np.where(np.isfinite(maps), maps, -np.inf).max((1, 2))

    def there():
        ends = dash.page.evaluate(
            """() => {
              const { data } = stage.get("maps").coded.ends;
              const end = data.byteOffset + data.byteLength;
              return [...new Float32Array(data.buffer.slice(data.byteOffset, end))];
            }"""
        )
        return np.allclose(ends[len(peaks) :], peaks, rtol=1e-4, atol=1e-4)

    eventually(there, f"the maps of {layer} for image {index} have come")
    painted(dash)


def painted(dash):
    """Wait for the next two frames: a paint asked for meanwhile has been done."""
    for _ in range(2):
        dash.page.evaluate("new Promise(requestAnimationFrame)")


def scroll_to(dash, channel):
    """Scroll the grid until a tile is in sight, and wait for its paint."""
    grid = dash.map_grid
    layout = grid.layout
    top = channel // layout.columns * (layout.height + layout.gap)
    grid.root.evaluate("(root, top) => { root.scrollTop = top }", top)
    painted(dash)


def check_colours(dash, channels, maps, limit):
    for channel in channels:
        scroll_to(dash, channel)
        assert dash.map_grid.layout.width >= 96, "each value has a pixel of its own"
        found = dash.map_grid.colours([channel], 96, 96)[0]
        finite = np.isfinite(maps[channel])
        expected = limit(channel)
        assert np.abs(found[..., :3] - expected)[finite].max() <= COLOUR_LEVELS
        assert (found[..., 3] == 255).all()


def test_the_maps_are_large(dash):
    assert dash.page.evaluate("stage.get('maps').dtype") == "uint8"
    assert dash.map_grid.layout.count == 16


@pytest.mark.parametrize("index", [0, 4])
def test_each_pixel_has_the_colour_of_its_number_on_the_shared_scale(dash, index):
    choose(dash, index=index)
    wait_for_maps(dash, index, "holes")
    maps = maps_of(index, "holes")
    limit = np.abs(maps[np.isfinite(maps)]).max()
    check_colours(dash, [0, 1, 3, 5, 15], maps, lambda channel: _signed(maps[channel], limit))
    legend = dash.maps.locator(".cw-legend")
    assert value_in(legend.locator("span").nth(1).inner_text()) == pytest.approx(limit, rel=5e-3)
    expect(legend).to_contain_text("201 not finite, hatched")


def test_each_pixel_has_the_colour_of_its_number_on_a_scale_of_its_own(dash):
    button = dash.maps.get_by_role("button", name="per channel")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    maps = maps_of(0, "holes")
    check_colours(dash, [0, 2, 5, 15], maps, lambda channel: _signed(maps[channel], None))
    dash.maps.get_by_role("button", name="shared scale").click()
    limit = np.abs(maps[np.isfinite(maps)]).max()
    check_colours(dash, [0, 15], maps, lambda channel: _signed(maps[channel], limit))


def test_maps_without_negative_values_are_viridis(dash):
    choose(dash, layer="relu")
    wait_for_maps(dash, 0, "relu")
    maps = maps_of(0, "relu")
    limit = maps[np.isfinite(maps)].max()
    check_colours(dash, [4, 5], maps, lambda channel: sequential(_filled(maps[channel]), limit))


def test_what_is_not_finite_is_hatched_in_the_grid(dash):
    scroll_to(dash, 1)
    found = dash.map_grid.colours([1], 96, 96)[0]
    grey = np.ptp(found[40:50, 20:40, :3].astype(int), axis=-1)
    assert (grey <= 8).all(), "grey and white lines, no colour of a map"
    assert (found[40:50, 20:40, :3] != 255).any()


def test_a_hover_reads_the_exact_value_of_any_channel(dash):
    maps = maps_of(0, "holes")
    readout = dash.maps.locator("output")
    for channel, row, column in ((0, 3, 4), (1, 90, 60), (1, 45, 30), (2, 7, 9)):
        scroll_to(dash, channel)
        dash.map_grid.hover(channel, (column + 0.5) / 96, (row + 0.5) / 96)
        expect(readout).to_contain_text(f"channel {channel} · row {row} · column {column}")
        expect(readout).not_to_contain_text("…")
        found, value = value_in(readout.inner_text()), maps[channel, row, column]
        np.testing.assert_allclose(found, value, **DIGITS)


def test_the_large_map_and_its_table_are_exact_for_a_channel_chosen_in_the_page(dash):
    maps = maps_of(0, "holes")
    for channel in (9, 0, 1):
        choose(dash, channel=channel)
        expect(dash.large.get_by_role("heading")).to_contain_text(f"channel {channel} of 16")
        compared = np.isfinite(maps[channel])
        row, column = np.argwhere(maps[channel] == maps[channel][compared].max())[0]
        compared[row - 1 : row + 2, column - 1 : column + 2] = False  # framed: read out

        def is_exact(channel=channel):
            found = table_of(dash.large) if "…" not in _table_text(dash) else None
            return found is not None and np.allclose(found, maps[channel], equal_nan=True, **DIGITS)

        eventually(is_exact, f"the table has the numbers of channel {channel}")
        limit = np.abs(maps[np.isfinite(maps)]).max()
        box_of(dash.large_map)
        found = canvas_colours(dash.large_map, 96, 96)[..., :3]
        assert np.abs(found - _signed(maps[channel], limit))[compared].max() <= COLOUR_LEVELS
    dash.large.locator("summary").click()


def test_the_slider_marks_the_silent_channel_and_tells_the_peaks(dash):
    maps = maps_of(0, "holes")
    expect(dash.slider).to_contain_text(re.compile(r"silent \(1\)"))
    peaks = np.where(np.isfinite(maps), maps, -np.inf).max((1, 2))
    np.testing.assert_allclose(table_of(dash.slider)[:, 0], peaks, **DIGITS)


def _table_text(dash):
    details = dash.large.locator("details")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    return details.locator("tbody").inner_text()


def _filled(values):
    return np.where(np.isfinite(values), values, 0)


def _signed(values, limit):
    """Colours of a channel: diverging, on the shared limit or its own; a silent one is plain."""
    if limit is None:
        return coloured(_filled(values))
    return diverging(_filled(values), limit)
