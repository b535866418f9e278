"""How fast a network trains, and how soon a training that plays answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import torch

import cnnwidgets as cw
from benchmarks import contenders, example
from benchmarks.table import Row, Target, quantile

STEPS = 20  # of each contender in a round: few, so that all of a round have the same machine
ROUNDS = 32
ASKED = 300  # how often a control is asked


def measure(quick: bool) -> Iterator[Row]:
    """Milliseconds a step side by side, then controls, then the time to 99 %."""
    images, test = cw.load("mnist", split="train"), cw.load("mnist", split="test")
    rounds, count = (3, 20) if quick else (ROUNDS, STEPS)
    yield from as_they_are(images, rounds, count)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from steps(images, test, rounds, count)
        yield from controls(images, 30 if quick else ASKED)
        if not quick:
            yield from goal(images, test)
    finally:
        torch.set_num_threads(threads)


def as_they_are(images: cw.ImageSet, rounds: int, count: int) -> Iterator[Row]:
    """Our loop and the usual script, each on as many threads as PyTorch takes by itself."""
    ways = {
        "loop": contenders.loop(images),
        "session": contenders.session(images),
        "script": contenders.usual_script(images, 0),
        "workers": contenders.usual_script(images, 2),
    }
    ms, _ = in_turns(ways, rounds, count)
    threads = torch.get_num_threads()
    step = f"128 digits through DigitCNN, {threads} thread{'s' if threads > 1 else ''}"
    script = "Dataset, DataLoader"
    yield Row(step, "ms", ms["loop"], script, ms["script"], Target("faster", 3))
    yield Row("… the same", "ms", ms["loop"], f"{script}, 2 workers", ms["workers"])
    yield Row("… in a session", "ms", ms["session"], script, ms["script"])


def steps(images: cw.ImageSet, test: cw.ImageSet, rounds: int, count: int) -> Iterator[Row]:
    """What is around a step costs, each on one thread: two that wait for each other tell, on a
    machine that is shared, more of the other programs than of the training."""
    with ExitStack() as stack:
        ways = {
            "loop": contenders.loop(images),
            "hand": contenders.by_hand(images),
            "script": contenders.usual_script(images, 0),
            "session": contenders.session(images),
            "watched": contenders.session(images, threading.Event().set),
            "looked": stack.enter_context(contenders.looked_at(images, test)),
            "recorded": stack.enter_context(contenders.recorded(images)),
        }
        ms, busy = in_turns(ways, rounds, count)
    step = "128 digits through DigitCNN, 1 thread"
    least = Target("share", 1 / 0.97)
    yield Row(step, "ms", ms["loop"], "Dataset, DataLoader", ms["script"])
    yield Row("… looked at, 10 a second", "ms", ms["looked"], "loop", ms["loop"])
    # The processor's time: others who use the same machine do not count.
    unit = "ms of processor"
    yield Row(step, unit, busy["loop"], "by hand", busy["hand"], Target("share", 1 / 0.95))
    yield Row("… in a session", unit, busy["session"], "loop", busy["loop"], least)
    yield Row("… watched", unit, busy["watched"], "loop", busy["loop"], least)
    yield Row("… looked at, with the looks", unit, busy["looked"], "loop", busy["loop"])
    yield Row("… recorded", unit, busy["recorded"], "by hand", busy["hand"], least)


def in_turns(
    ways: dict[str, contenders.Advance], rounds: int, count: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds a step, and those of the processor, of each contender in each round.

    The first round only warms up.
    """
    ms: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds + 1):
        at = turn % len(names)
        for name in names[at:] + names[:at]:  # none is always after the same
            began_s, busy_s = time.perf_counter(), time.process_time()
            ways[name](count)
            if turn:
                ms[name].append((time.perf_counter() - began_s) / count * 1000)
                busy[name].append((time.process_time() - busy_s) / count * 1000)
    return ms, busy


def controls(images: cw.ImageSet, asked: int) -> Iterator[Row]:
    """From a command to its answer, while the session plays at full speed."""
    session = cw.TrainingSession(contenders.network(), images, settings=contenders.SETTINGS)
    taken: dict[str, list[float]] = {"pause": [], "step": [], "stop": []}
    for turn in range(asked):
        for name, command in (
            ("pause", session.pause),
            ("step", session.step),
            ("stop", session.stop),
        ):
            session.play().result()
            reached = session.progress.step + 1 + turn % 3
            while session.progress.step < reached:
                time.sleep(0.001 * (1 + turn % 7))
            began_s = time.perf_counter()
            command().result()
            taken[name].append((time.perf_counter() - began_s) * 1000)
    for name, values in taken.items():
        yield Row(f"{name} answers", "ms", values)
        p99 = quantile(values, 0.99)
        yield Row(f"{name} answers, p99", "ms", [p99], target=Target("most", 100))


def goal(images: cw.ImageSet, test: cw.ImageSet) -> Iterator[Row]:
    """Seconds until 99 % of the test digits are read, each in a run of its own, to the end."""
    mine = [example.ours(images, test, seed) for seed in (0, 1, 2)]
    usual = example.usual(images, test)
    words = f"usual example, {usual[1]} epochs"
    seconds = [each[0] for each in mine]
    yield Row("99 % of MNIST's test", "s", seconds, words, [usual[0]], Target("faster", 10))
    yield Row("… epochs", "", [float(each[1]) for each in mine], words, [float(usual[1])])
    first = [each[2] for each in mine]
    yield Row("… the first epoch", "s", first, "usual example", [usual[2]])
