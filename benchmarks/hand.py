"""What a hand on the page feels: dragging, another channel, a stroke of the pad."""

from collections.abc import Iterator

from playwright.sync_api import Page

from benchmarks.place import Place
from benchmarks.scenes import BENCH, DASHBOARD, DRAGGED, FLOOR, HAND, MAPS, ONE_THREAD
from benchmarks.table import Row, Target

DRAG_MS = 2000
FRAME_MS = 1000 / 60
GRID = '.cw-maps[data-view="all"] [role="listbox"][data-layout]'

# A drag writes another value in every animation frame; of what is painted, only that which shows
# maps (or a text) not shown before counts.
DRAG = """
async ([what, span]) => {
  const { stage, slider } = window.bench;
  const grid = document.querySelector('.cw-maps[data-view="all"] [role="listbox"]');
  const label = document.querySelector(".floor");
  await quiet();
  const shown = new Set();
  const ours = what === "ours";
  const news = () => shown.add(ours ? stage.get("maps") : label.textContent);
  news();
  const observer = new MutationObserver(news);
  if (ours) observer.observe(grid, { attributes: true, attributeFilter: ["data-layout"] });
  else observer.observe(label, TEXT);
  const start = performance.now();
  for (let at = 1; performance.now() - start < span; at++) {
    if (ours) set(stage, { index: (stage.get("index") + 1) % 1000 });
    else set(slider, { value: slider.get("value") + 1 });
    await frame();
  }
  const seconds = (performance.now() - start) / 1000;
  observer.disconnect();
  await quiet();
  return (shown.size - 1) / seconds;
}
"""

# From the write, at any moment of a frame, to the end of the paint.
CHANNEL = """
async (rounds) => {
  const { stage } = window.bench;
  const grid = document.querySelector('.cw-maps[data-view="all"] [role="listbox"]');
  const taken = [];
  let inNext = 0;
  await quiet();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 3; i++) await frame();
    await new Promise((done) => setTimeout(done, 1.6 * (round % 10)));
    const start = performance.now();
    let ms = 0;
    const seen = painted(grid).then(() => (ms = performance.now() - start));
    set(stage, { channel: (stage.get("channel") + 1) % 8 });
    await frame(); // asked for after the view asked for its own, so it comes after it
    await Promise.resolve();
    inNext += ms > 0;
    await seen;
    taken.push(ms);
    await quiet();
  }
  return { taken, share: inNext / rounds };
}
"""

# From the moment that the browser gives a pointer's event to the frame with another prediction.
LISTEN = """
() => {
  const canvas = document.querySelector('.cw-pad [role="application"]');
  const table = document.querySelector(".cw-prediction table");
  window.strokes = [];
  let since = null;
  canvas.addEventListener("pointermove", (event) => (since ??= event.timeStamp), true);
  new MutationObserver(() => {
    if (since !== null) strokes.push(performance.now() - since);
    since = null;
  }).observe(table, TEXT);
}
"""
ROUND_TRIP = """
() => timed(
  () => set(bench.slider, { value: bench.slider.get("value") + 1 }),
  async () => (await changed(document.querySelector(".floor"), TEXT), await frame()),
)
"""
DIGIT = """
() => timed(
  () => set(bench.stage, { index: bench.stage.get("index") + 1 }),
  () => painted(document.querySelector('.cw-maps[data-view="all"] [role="listbox"]')),
)
"""


def measure(place: Place, quick: bool) -> Iterator[Row]:
    """The rows of the dashboard and of the pad."""
    rounds = 1 if quick else 5
    with place.scene(FLOOR, BENCH, MAPS) as page:
        page.wait_for_selector(GRID)
        yield _drag(page, rounds, "maps alone")
    with place.scene(ONE_THREAD, FLOOR, BENCH, MAPS) as page:
        page.wait_for_selector(GRID)
        yield _drag(page, rounds, "maps alone, one torch thread")
    with place.scene(FLOOR, BENCH, DASHBOARD, DRAGGED) as page:
        page.wait_for_selector(GRID)
        yield _drag(page, rounds, "dashboard")
        yield _digit(page, 5 if quick else 30)
        yield from _channel(page, 10 if quick else 60)
    with place.scene(FLOOR, BENCH, HAND) as page:
        yield _stroke(page, 5 if quick else 40)


def _drag(page: Page, rounds: int, where: str) -> Row:
    ours, floor = [], []
    for _ in range(rounds + 1):
        floor.append(page.evaluate(DRAG, ["floor", DRAG_MS]))
        ours.append(page.evaluate(DRAG, ["ours", DRAG_MS]))
    what = f"dragging the digit, {where}"
    return Row(what, "frames/s", ours[1:], "bare echo", floor[1:], Target("least", 30))


def _digit(page: Page, rounds: int) -> Row:
    ours, floor = [], []
    for _ in range(rounds):
        floor.append(page.evaluate(ROUND_TRIP)["ms"])
        ours.append(page.evaluate(DIGIT)["ms"])
    return Row("new digit, dashboard", "ms", ours, "bare round trip", floor)


def _channel(page: Page, rounds: int) -> Iterator[Row]:
    found = page.evaluate(CHANNEL, rounds)
    most = Target("most", round(17 + FRAME_MS, 1))
    yield Row("another channel, dashboard", "ms", found["taken"], target=most)
    share = [100 * found["share"]]
    yield Row("… painted in the next frame", "%", share, target=Target("least", 95))


def _stroke(page: Page, rounds: int) -> Row:
    box = page.locator('.cw-pad [role="application"]').bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.evaluate(LISTEN)
    floor = []
    for at in range(rounds):
        floor.append(page.evaluate(ROUND_TRIP)["ms"])
        down, right = divmod(at * 0.06, 0.6)
        page.mouse.move(
            box["x"] + (0.2 + right) * box["width"], box["y"] + (0.3 + 0.1 * down) * box["height"]
        )
        page.evaluate("quiet()")
    page.mouse.up()
    strokes = page.evaluate("strokes")
    return Row("stroke → prediction painted", "ms", strokes, "bare round trip", floor)
