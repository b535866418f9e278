"""How fast a page answers, measured in the page.

Alone, with the numbers: `python -m pytest tests/browser/test_latency.py -s`.
The floor is a bare kernel round trip, an IntSlider that changes a Label; a new digit is measured
in turns with it, on the same page, so that a busy machine slows both alike.
"""

import pytest

from tests.browser.watch import shared_page

ROUNDS = 40
SCENE = """
import anywidget, ipywidgets, numpy as np, torch, traitlets
import cnnwidgets as cw
from torch import nn

slider = ipywidgets.IntSlider(max=1_000_000)
label = ipywidgets.Label("0")
label.add_class("floor")
slider.observe(lambda change: setattr(label, "value", str(change.new)), "value")

torch.manual_seed(0)
model = nn.Sequential(  # 32 maps of 26×26 first
    nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 16, 3), nn.ReLU(),
    nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 10),
)
alone = cw.Microscope(model, cw.load("mnist"))
maps = cw.FeatureMaps(alone, view="all")
whole = cw.Microscope(model, cw.load("mnist"))
dashboard = cw.Dashboard(whole)

class Bench(anywidget.AnyWidget):
    _esm = '''
    export default {
      async render({ model, host }) {
        const names = ["slider", "alone", "maps", "whole"];
        const found = await Promise.all(names.map((name) => host.getModel(model.get(name))));
        window.bench = Object.fromEntries(names.map((name, i) => [name, found[i]]));
      },
    };
    '''
    slider = anywidget.WidgetTrait().tag(sync=True)
    alone = anywidget.WidgetTrait().tag(sync=True)
    maps = anywidget.WidgetTrait().tag(sync=True)
    whole = anywidget.WidgetTrait().tag(sync=True)

first, second = ipywidgets.VBox([maps]), ipywidgets.VBox([dashboard])
first.add_class("alone")
second.add_class("whole")
bench = Bench(slider=slider, alone=maps.stage, maps=maps, whole=dashboard.maps.stage)
ipywidgets.VBox([slider, label, first, second, bench])
"""
MEASURE = """
async (rounds) => {
  const { slider, alone, maps, whole } = window.bench;
  const $ = (selector) => document.querySelector(selector);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const pause = async () => { for (let i = 0; i < 3; i++) await frame(); };
  /** The next change of a node, as a promise. */
  const changed = (node, options) => new Promise((done) => {
    const observer = new MutationObserver(() => (observer.disconnect(), done()));
    observer.observe(node, options);
  });
  const text = { childList: true, characterData: true, subtree: true };
  const painted = (root) => changed(root, { attributes: true, attributeFilter: ["data-layout"] });
  const grids = {
    alone: $('.alone [role="listbox"]'),
    whole: $('.whole .cw-maps[data-view="all"] [role="listbox"]'),
  };
  const picture = (root) => {
    const canvas = root.querySelector("canvas");
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.join();
  };
  const label = $(".floor");
  const taken = { floor: [], alone: [], whole: [] };
  const stale = [];

  const floor = async (round) => {
    const start = performance.now();
    const seen = changed(label, text);
    slider.set("value", round);
    slider.save_changes();
    await seen;
    await frame();
    taken.floor.push(performance.now() - start);
  };
  const digit = async (name, stage, index) => {
    const before = stage.get("maps");
    const start = performance.now();
    const seen = painted(grids[name]); // written at the end of a paint, in the frame that shows it
    stage.set("index", index);
    stage.save_changes();
    await seen;
    taken[name].push(performance.now() - start);
    if (stage.get("maps") === before) stale.push(`${name} ${index}`);
  };
  const inFront = async (act, root = grids.alone, options = null) => {
    const start = performance.now();
    let done = 0;
    const seen = options ? changed(root, options) : painted(root);
    seen.then(() => (done = performance.now() - start));
    await act();
    await frame(); // asked for after the view asked for its own, so it comes after it
    await Promise.resolve();
    await Promise.resolve();
    return done;
  };

  for (let round = 1; round <= rounds + 3; round++) {
    await pause();
    await floor(round);
    await pause();
    await digit("alone", alone, round);
    await pause();
    await digit("whole", whole, round);
    if (round === 3) for (const list of Object.values(taken)) list.length = 0; // warm by now
  }
  const front = { channel: [], colours: [], hover: [] };
  const readout = $(".alone output.cw-readout");
  const box = grids.alone.getBoundingClientRect();
  for (let round = 0; round < rounds; round++) {
    await pause();
    front.channel.push(await inFront(() => {
      alone.set("channel", (alone.get("channel") + 1) % 32);
      alone.save_changes();
    }));
    await pause();
    front.colours.push(await inFront(() => {
      maps.set("colormap", ["grey", "cividis"][round % 2]);
      maps.save_changes();
    }));
    await pause();
    const clientX = box.left + 10 + (round % 2) * 20;
    const place = { clientX, clientY: box.top + 10, bubbles: true };
    const event = new PointerEvent("pointermove", place);
    front.hover.push(await inFront(() => void grids.alone.dispatchEvent(event), readout, text));
  }
  const layout = JSON.parse(grids.alone.dataset.layout);
  return { taken, front, stale, count: layout.count, shape: alone.get("maps").shape };
}
"""


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


@pytest.fixture(scope="module")
def measured(browser, voila):
    """What the page measured, in milliseconds."""
    ready = "window.bench && document.querySelectorAll('[data-layout]').length >= 4"
    with shared_page(browser, 1280, 900) as (page, watch):
        voila.open(page, SCENE)
        page.wait_for_function(ready)
        found = page.evaluate(MEASURE, ROUNDS)
    assert watch.problems == []
    print()
    for name, values in [*found["taken"].items(), *found["front"].items()]:
        ordered = sorted(values)
        ninth = ordered[int(0.9 * len(ordered))]
        print(f"{name:8} median {median(values):6.1f} ms   90 % within {ninth:6.1f} ms")
    return found


def test_the_scene_is_what_the_goal_is_set_for(measured):
    assert measured["shape"] == [32, 26, 26]
    assert measured["count"] == 32
    assert measured["stale"] == [], "a paint was taken for that of the new digit"


def test_a_new_digit_is_painted_soon_after_a_bare_round_trip(measured):
    taken = measured["taken"]
    beyond = median(taken["alone"]) - median(taken["floor"])
    # The goal is 10 ms on a quiet machine; tests run beside others on two cores.
    assert beyond < 40


@pytest.mark.parametrize("what", ["channel", "colours", "hover"])
def test_what_the_page_holds_already_changes_within_one_frame(measured, what):
    values = measured["front"][what]
    in_the_next_frame = [value for value in values if value > 0]
    # A frame that was under way when the change came may end before it: one round in twenty.
    assert len(in_the_next_frame) >= 0.95 * len(values)
