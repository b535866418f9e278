"""What it costs to begin: imports, the first paint of a page, and a kernel's memory."""

import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.place import Place
from benchmarks.scenes import BENCH, DASHBOARD, FLOOR
from benchmarks.table import Row, Target
from tests.browser.conftest import VoilaHost

TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
RESIDENT = "import {}; import psutil; print(psutil.Process().memory_info().rss)"

SLIDER_SHOWN = "document.querySelector('.floor')?.textContent"
DIGIT_PAINTED = """['.cw-picker', '.cw-maps[data-view="all"]'].every((card) => {
  const grid = document.querySelector(`${card} [role="listbox"][data-layout]`);
  return grid && JSON.parse(grid.dataset.layout).count > 0;
})"""


def imports(rounds: int) -> Iterator[Row]:
    """How long `import cnnwidgets` takes in a fresh Python."""
    seconds = [_printed(TIMED.format("cnnwidgets")) for _ in range(rounds)]
    yield Row("import cnnwidgets", "s", seconds, target=Target("most", 0.3))


def figures(rounds: int) -> Iterator[Row]:
    """How long `cnnwidgets figures` takes, from typing it to its end."""
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "cnnwidgets", "figures", folder]
        seconds = [_seconds(words) for _ in range(1 + rounds)][1:]  # the first one warms the disk
    bare = [_seconds([sys.executable, "-c", "import torch, matplotlib.figure"]) for _ in seconds]
    yield Row("cnnwidgets figures", "s", seconds, "import torch and matplotlib", bare)


def measure(place: Place, quick: bool) -> Iterator[Row]:
    """First paints and memory; the first round only warms the disk and the server."""
    slider, torch, ours, memory = [], [], [], []
    first, second = place.app.notebook(FLOOR), place.app.notebook(DASHBOARD)
    for _ in range(1 + (1 if quick else 7)):
        slider.append(_first_paint(place, place.app, first, SLIDER_SHOWN)[0])
        torch.append(_printed(TIMED.format("torch")))
        seconds, resident = _first_paint(place, place.app, second, DIGIT_PAINTED)
        ours.append(seconds)
        memory.append(resident)
    floor = [a + b for a, b in zip(slider[1:], torch[1:], strict=True)]
    words = "one-slider page + import torch"
    yield Row("first painted digit, cold", "s", ours[1:], words, floor, Target("beyond", 0.5))
    yield _preheated(place, 1 if quick else 5)
    bare = [_printed(RESIDENT.format("torch")) / 1e6 for _ in range(3)]
    target = Target("share", 1.15)
    yield Row("kernel of a dashboard", "MB", memory[1:], "bare import torch", bare, target)
    kernel = place.app.notebook("import torch", BENCH, FLOOR)
    again = range(1 if quick else 3)
    plain = [_first_paint(place, place.app, kernel, SLIDER_SHOWN)[1] for _ in again]
    yield Row("… the same", "MB", memory[1:], "kernel with torch and one slider", plain)


def _preheated(place: Place, rounds: int) -> Row:
    """First paints of pages that were made before; each by an app that was just started."""
    taken: dict[str, list[float]] = {FLOOR: [], DASHBOARD: []}
    for _ in range(rounds):
        for cell, shown in ((FLOOR, SLIDER_SHOWN), (DASHBOARD, DIGIT_PAINTED)):
            with place.preheated(cell) as app:
                taken[cell].append(_first_paint(place, app, app.server.url, shown)[0])
    words = "one-slider page, preheated"
    target = Target("beyond", 0.5)
    return Row("… preheated", "s", taken[DASHBOARD], words, taken[FLOOR], target)


def _first_paint(place: Place, app: VoilaHost, address: str, shown: str) -> tuple[float, float]:
    """Seconds from the visit to the frame in which it is shown, and its kernel's resident MB."""
    before = {kernel.pid for kernel in app.server.kernels()}
    with place.page() as page:
        page.goto(address, wait_until="commit")
        found = page.wait_for_function(f"() => ({shown}) && performance.now()", polling="raf")
        seconds = found.json_value() / 1000
        page.wait_for_selector("body.cw-ready")
        page.evaluate("quiet(500)")
        kernels = app.server.kernels()
        mine = [kernel for kernel in kernels if kernel.pid not in before] or kernels
        return seconds, psutil.Process(mine[-1].pid).memory_info().rss / 1e6


def _seconds(words: list[str]) -> float:
    """How long a process takes."""
    start = perf_counter()
    subprocess.run(words, capture_output=True, check=True)
    return perf_counter() - start


def _printed(program: str) -> float:
    """The number that a fresh Python prints for a program."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
