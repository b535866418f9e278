"""Train DigitCNN on MNIST and record the run: makes the file that pretrained() loads.

    python -m cnnwidgets.training.record [--out PATH]    train and write
    python -m cnnwidgets.training.record --check [PATH]  train and compare with the file

The epochs and the learning rate were chosen on the last 10,000 training images, held out; the
test images had no part in it. The seed is the first, 0.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import torch

from cnnwidgets.data import ImageSet, load
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.batches import evaluate
from cnnwidgets.training.history import History
from cnnwidgets.training.loop import train
from cnnwidgets.training.thinning import snapshot_steps

SHIPPED = Path(__file__).parent.parent / "assets" / "mnist_run.safetensors"
EPOCHS = 6
BATCH_SIZE = 128
LEARNING_RATE = 6e-3
SEED = 0


def record(train_images: ImageSet, test_images: ImageSet, *, epochs: int = EPOCHS) -> History:
    """Train a new DigitCNN and return its run, with about 40 snapshots, dense at the start.

    Progress is printed. Runs on one thread, whatever the machine has, and leaves the number of
    threads and the global random state as they were: the same torch version and processor type
    give bit-identical weights.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            return _record(DigitCNN(), train_images, test_images, epochs)
    finally:
        torch.set_num_threads(threads)


def _record(model: DigitCNN, images: ImageSet, test_images: ImageSet, epochs: int) -> History:
    history = History(
        {
            "model": "DigitCNN()",
            "images": images.name,
            "accuracy_on": test_images.name,
            "settings": f"AdamW, one-cycle, {epochs=}, batch_size={BATCH_SIZE}, "
            f"learning_rate={LEARNING_RATE}, seed={SEED}",
            "torch": torch.__version__,
        }
    )
    total = epochs * math.ceil(len(images) / BATCH_SIZE)
    moments = set(snapshot_steps(total))
    _snapshot(model, history, 0, test_images)
    for step in train(
        model,
        images,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        seed=SEED,
    ):
        history.add_step(step)
        if step.step in moments:
            _snapshot(model, history, step.step, test_images)
    return history


def _snapshot(model: DigitCNN, history: History, step: int, test_images: ImageSet) -> None:
    measured = evaluate(model, test_images)
    history.add_snapshot(step, model.state_dict())
    history.add_evaluation(step, accuracy=measured.accuracy, loss_nats=measured.loss_nats)
    print(
        f"step {step:5}  accuracy {measured.accuracy:7.2%}  loss {measured.loss_nats:.4f} nats",
        flush=True,
    )


def largest_difference(one: History, other: History) -> float:
    """Largest difference of any weight at any snapshot; inf if the snapshots do not match."""
    if one.steps != other.steps:
        return math.inf
    largest = 0.0
    for step in one.steps:
        left, right = one.at(step).weights, other.at(step).weights
        if left.keys() != right.keys():
            return math.inf
        for name, weight in left.items():
            largest = max(largest, (weight - right[name]).abs().max().item())
    return largest


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns 0, or 1 if --check found a difference."""
    parser = argparse.ArgumentParser(
        prog="python -m cnnwidgets.training.record",
        description="Train DigitCNN on MNIST and record the run.",
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (%(default)s)")
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=SHIPPED,
        metavar="PATH",
        help="write nothing; compare with this file (default: the shipped one)",
    )
    chosen = parser.parse_args(arguments)
    known = History.load(chosen.check) if chosen.check else None
    started = time.perf_counter()
    history = record(load("mnist", split="train"), load("mnist", split="test"))
    print(f"{len(history.steps)} snapshots in {time.perf_counter() - started:.0f} s")
    if known is None:
        history.save(chosen.out)
        print(f"wrote {chosen.out} ({chosen.out.stat().st_size / 1e6:.2f} MB)")
        return 0
    difference = largest_difference(history, known)
    if difference == 0:
        print(f"bit-identical to {chosen.check}")
        return 0
    print(
        f"differs from {chosen.check} by up to {difference:g} (recorded with torch "
        f"{known.notes.get('torch')}, this is {torch.__version__}); "
        "another torch version or processor type rounds differently"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
