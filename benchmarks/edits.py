"""What handling feels like: a nudged weight until its maps are painted, a pixel until it is
explained, and a board of ablations."""

import time
from collections.abc import Iterator

import torch

import cnnwidgets as cw
from benchmarks.place import Place
from benchmarks.scenes import BENCH, FLOOR
from benchmarks.table import Row, Target
from cnnwidgets.network.ablation import BATCH_IMAGES, ablations

IMAGES = 1000
BEYOND_MS = 15
EXPLAINED_MS = 10
BOARD_S = 3
SCENE = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer = "conv1"
editor = cw.KernelEditor(scope)
maps = cw.FeatureMaps(scope, view="all")
ipywidgets.VBox([editor, maps, bench(stage=maps.stage, slider=slider)])
"""
NUDGES = """
async ([rounds, warm]) => {
  const { slider, stage } = window.bench;
  const grid = document.querySelector('.cw-maps [role="listbox"]');
  const cell = document.querySelector(".cw-kernel-grid [data-cell='7']");
  const label = document.querySelector(".floor");
  const taken = { floor: [], ours: [] };
  cell.focus();
  const key = () => new KeyboardEvent("keydown", { key: "ArrowUp", shiftKey: true, bubbles: true });
  for (let round = 1; round <= rounds + warm; round++) {
    const floor = await timed(() => set(slider, { value: round }),
      async () => (await changed(label, TEXT), await frame()));
    const before = stage.get("maps");
    const ours = await timed(() => cell.dispatchEvent(key()), () => painted(grid));
    if (stage.get("maps") === before) throw new Error("a paint was not of the nudged kernel");
    if (round > warm) (taken.floor.push(floor.ms), taken.ours.push(ours.ms));
  }
  return taken;
}
"""

PIXEL = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
scope.layer, scope.channel, scope.pixel = "conv2", 5, (6, 9)
maps, inspector = cw.FeatureMaps(scope), cw.PixelInspector(scope)
ipywidgets.VBox([maps, inspector, bench(stage=maps.stage, slider=slider)])
"""
# Each click is on a pixel that was not explained before; its own title and sum say that it is now.
CLICKS = """
async ([rounds, warm]) => {
  const { slider, stage } = window.bench;
  const map = document.querySelector(".cw-inspect-map");
  const title = document.querySelector(".cw-inspector .cw-title");
  const label = document.querySelector(".floor");
  const taken = { floor: [], ours: [] };
  for (let round = 1; round <= rounds + warm; round++) {
    const floor = await timed(() => set(slider, { value: round }),
      async () => (await changed(label, TEXT), await frame()));
    const [row, column] = [(5 * round) % 14, (3 * round + 1) % 14];
    const box = map.getBoundingClientRect();
    const [clientX, clientY] = [box.left + (column + 0.5) * box.width / 14, box.top + (row + 0.5) * box.height / 14];
    const told = () => title.textContent.includes(`row ${row}, column ${column}:`);
    if (told()) throw new Error("this pixel was explained already");
    const ours = await timed(() => map.dispatchEvent(new MouseEvent("click", { clientX, clientY, bubbles: true })),
      () => changed(title, TEXT, told));
    if (stage.get("pixel").join() !== [row, column].join()) throw new Error("another pixel was chosen");
    if (!document.querySelector(".cw-match").textContent.startsWith("matches")) throw new Error("the sum is another's");
    if (round > warm) (taken.floor.push(floor.ms), taken.ours.push(ours.ms));
  }
  return taken;
}
"""  # noqa: E501


def measure(here: Place, quick: bool) -> Iterator[Row]:
    """A nudge of the editor, a click of the inspector, and the board beside the naive loop."""
    with here.scene("import ipywidgets", BENCH, FLOOR, SCENE) as page:
        page.wait_for_selector(".cw-kernel-grid td")
        taken = page.evaluate(NUDGES, [5 if quick else 40, 3])
    target = Target("beyond", BEYOND_MS)
    yield Row("a nudged weight → maps", "ms", taken["ours"], "a slider", taken["floor"], target)
    with here.scene("import ipywidgets", BENCH, FLOOR, PIXEL) as page:
        page.wait_for_selector(".cw-ledger td")
        taken = page.evaluate(CLICKS, [5 if quick else 40, 3])
    target = Target("beyond", EXPLAINED_MS)
    yield Row("a pixel → its sum", "ms", taken["ours"], "a slider", taken["floor"], target)
    yield board(quick)


def board(quick: bool) -> Row:
    """Every channel of every layer of DigitCNN silenced in turn, over 1,000 images."""
    model = cw.pretrained()[0].eval()
    test = cw.load("mnist", split="test")
    images = torch.from_numpy(test.normalize(test.images[:IMAGES]))
    layers = ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc")
    channels = {layer: 8 if layer.endswith("1") else 16 for layer in layers} | {"fc": 10}
    rounds = 1 if quick else 3
    ours, naive = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the board does; for the loop too one is faster beside others
    for _ in range(rounds):
        start_s = time.perf_counter()
        for layer in layers:
            ablations(model, layer, images, test.labels[:IMAGES])
        ours.append(time.perf_counter() - start_s)
        start_s = time.perf_counter()
        for layer, count in channels.items():
            for channel in range(count):
                loop(model, cw.Ablate(layer, channel), images)
        naive.append(time.perf_counter() - start_s)
    torch.set_num_threads(threads)
    return Row("ablate all 82 channels", "s", ours, "one pass each", naive, Target("most", BOARD_S))


def loop(model: torch.nn.Module, edit: cw.Ablate, images: torch.Tensor) -> list[torch.Tensor]:
    """The classes read under one edit, the plain way."""
    with cw.apply_edits(model, (edit,)) as edited, torch.no_grad():
        return [edited(batch).argmax(1) for batch in images.split(BATCH_IMAGES)]
