"""A training in a page: what it costs to watch it, and how soon a click is answered."""

from collections.abc import Iterator

from playwright.sync_api import Page

from benchmarks.place import Place
from benchmarks.scenes import BENCH
from benchmarks.table import Row, Target, quantile

STEPS = 200  # of a round
TRAINS = f"""
import time, ipywidgets, torch, cnnwidgets as cw
torch.set_num_threads(1)  # the other core is the page's
torch.manual_seed(0)
session = cw.TrainingSession(
    cw.DigitCNN(), cw.load("mnist", split="train"), epochs=1000, schedule="constant"
)
slider, taken = ipywidgets.IntSlider(), ipywidgets.Label()
taken.add_class("taken")

def go(change):
    began_s = time.perf_counter()
    done = session.step({STEPS})
    done.add_done_callback(lambda _: setattr(taken, "value", str(time.perf_counter() - began_s)))

slider.observe(go, "value")
"""
ALONE = "ipywidgets.VBox([slider, taken, bench(slider=slider)])"
VIEWS = """
scope = cw.Microscope(session.model, cw.load("mnist"), history=session.history)
views = [cw.TrainingMonitor(session, scope), cw.SlowMotion(session, scope), cw.TimeSlider(scope)]
views += [cw.DigitPicker(scope), cw.LayerSelector(scope), cw.ChannelSlider(scope)]
views += [cw.FeatureMaps(scope), cw.Filters(scope), cw.Prediction(scope)]
ipywidgets.VBox([slider, taken, bench(slider=slider), *views])
"""
ROUND = """
async () => {
  const taken = document.querySelector(".taken");
  set(bench.slider, { value: bench.slider.get("value") + 1 });
  await changed(taken, TEXT);
  return Number(taken.textContent);
}
"""
CLICKS = """
async (rounds) => {
  const play = document.querySelector(".cw-training .cw-play");
  const line = document.querySelector(".cw-training .cw-line");
  const says = (word) => line.textContent.startsWith(word);
  const taken = [];
  for (let round = 0; round < rounds; round++) {
    const plays = changed(line, TEXT, () => says("Training"));
    play.click();
    await plays;
    await new Promise((done) => setTimeout(done, 150 + 37 * (round % 10)));
    const start = performance.now();
    const rests = changed(line, TEXT, () => says("Paused"));
    play.click();
    await rests;
    await frame();
    taken.push(performance.now() - start);
  }
  return taken;
}
"""


def measure(here: Place, quick: bool) -> Iterator[Row]:
    """Steps with every view open beside steps in a page without one; then clicks on "Pause"."""
    rounds = 2 if quick else 12
    with (
        here.scene(BENCH, TRAINS, ALONE) as alone,
        here.scene(BENCH, TRAINS, VIEWS) as page,
    ):
        page.wait_for_selector(".cw-training .cw-play")
        ms: dict[Page, list[float]] = {alone: [], page: []}
        for turn in range(rounds + 1):
            for each in (alone, page) if turn % 2 else (page, alone):
                seconds = each.evaluate(ROUND)
                if turn:
                    ms[each].append(1000 * seconds / STEPS)
        share = Target("share", 1 / 0.97)
        yield Row("128 digits, every view open", "ms", ms[page], "no view", ms[alone], share)
        yield from _clicks("Voilà", page, quick)
    with here.lab(BENCH, TRAINS, VIEWS) as page:
        yield from _clicks("JupyterLab", page, quick)


def _clicks(where: str, page: Page, quick: bool) -> Iterator[Row]:
    page.wait_for_selector(".cw-training .cw-play")
    clicks = page.evaluate(CLICKS, 5 if quick else 100)
    yield Row(f"a click on Pause → Paused, {where}", "ms", clicks)
    p99 = quantile(clicks, 0.99)
    yield Row("… p99", "ms", [p99], target=Target("most", 100))
