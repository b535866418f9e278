"""A new digit until its maps are painted, against three other ways, and the bytes of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.place import Place
from benchmarks.scenes import BENCH, FLOOR, INTERACT, WAYS
from benchmarks.table import Row, Target


@dataclass(frozen=True, slots=True)
class Size:
    """A first layer, and how far beyond the bare round trip its maps may be painted."""

    name: str
    first: str
    count: int
    zoom: int
    beyond_ms: float


SIZES = (
    Size("32×26×26", "nn.Conv2d(1, 32, 3)", 32, 1, 10),
    Size("512×7×7", "nn.Conv2d(1, 512, 4, stride=4)", 512, 1, 10),
    Size("64×112×112", "nn.Conv2d(1, 64, 7, stride=2, padding=3)", 64, 8, 30),
)
WARM = 3
MEASURE = """
async ([rounds, few, warm]) => {
  const { slider, stage, one, each } = window.bench;
  const $ = (selector) => document.querySelector(selector);
  const [label, grid, atlas, grids] = [".floor", '.ours [role="listbox"]', "img.atlas",
    ".widget-interact .widget-output, .widget-interact .jupyter-widgets-output-area"].map($);
  const taken = { floor: [], ours: [], atlas: [], interact: [] };
  for (let round = 1; round <= rounds + warm; round++) {
    const index = round % 64;
    taken.floor.push(await timed(() => set(slider, { value: round }),
      async () => (await changed(label, TEXT), await frame())));
    const before = stage.get("maps");
    taken.ours.push(await timed(() => set(stage, { index }), () => painted(grid)));
    if (stage.get("maps") === before) throw new Error("a paint was not of the new digit");
    const old = atlas.src;
    taken.atlas.push(await timed(() => set(one, { value: index }), () => pictured(atlas, old)));
    if (round >= warm && round <= warm + few) {
      const shown = grids.querySelector("img").src;
      taken.interact.push(
        await timed(() => set(each, { value: index }), () => pictured(grids, shown)));
    }
  }
  for (const name of ["floor", "ours", "atlas"]) taken[name].splice(0, warm);
  taken.interact.shift();
  return { taken, shape: stage.get("maps").shape };
}
"""
READY = """() =>
  document.querySelector(".widget-interact img") && document.querySelector("img.atlas")?.src
    && document.querySelector('.ours [role="listbox"][data-layout]')
"""


def measure(place: Place, quick: bool) -> Iterator[Row]:
    """The rows of every size."""
    for size in SIZES[:1] if quick else SIZES:
        few = 2 if quick or size.count == 512 else 5
        yield from _rows(size, _taken(place, size, 5 if quick else 30, few))


def _taken(place: Place, size: Size, rounds: int, few: int) -> dict[str, list[dict[str, float]]]:
    ways = WAYS.format(first=size.first, count=size.count, zoom=size.zoom)
    with place.scene(FLOOR, BENCH, ways, INTERACT) as page:
        page.wait_for_function(READY)
        page.evaluate("quiet(1000)")
        found = page.evaluate(MEASURE, [rounds, few, WARM])
    shape = "×".join(map(str, found["shape"]))
    if shape != size.name:
        raise RuntimeError(f"the maps painted are {shape}, and should be {size.name}")
    return found["taken"]


def _rows(size: Size, taken: dict[str, list[dict[str, float]]]) -> Iterator[Row]:
    others = (
        ("floor", "bare round trip", Target("beyond", size.beyond_ms)),
        ("interact", "interact, subplots", Target("faster", 20)),
        ("atlas", "Matplotlib atlas", Target("faster", 4)),
    )
    ms = {name: [one["ms"] for one in many] for name, many in taken.items()}
    sent = {name: [one["bytes"] / 1000 for one in many] for name, many in taken.items()}
    for name, words, target in others:
        yield Row(f"new digit, {size.name}", "ms", ms["ours"], words, ms[name], target)
    for name, words, _ in others:
        yield Row(f"bytes of a digit, {size.name}", "kB", sent["ours"], words, sent[name])
