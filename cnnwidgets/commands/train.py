"""`cnnwidgets train`: trains DigitCNN on a set of images, with no page and no notebook."""

import argparse
import csv
import io
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet
    from cnnwidgets.training.session import TrainingSession

CHECKPOINT, HISTORY, METRICS = "checkpoint.safetensors", "history.safetensors", "metrics.csv"
INTERRUPTED = 130  # what a shell gives for a command ended by Ctrl-C
_SHOWN_S = 0.2
_BAR = 24
_OPTIONS = ("epochs", "batch_size", "learning_rate", "optimizer", "schedule", "seed")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the command line."""
    train = commands.add_parser(
        "train",
        help="train a network, and record how it learns",
        description="Train DigitCNN and write a checkpoint, its recorded history and metrics.csv. "
        "The same command again goes on where it stopped. Ctrl-C saves and ends.",
    )
    train.add_argument("--data", default="mnist", metavar="SET", help="images (default: mnist)")
    train.add_argument("--epochs", type=int, metavar="N", help="passes over them (default: 4)")
    train.add_argument("--batch-size", type=int, metavar="N", help="images a step (default: 128)")
    train.add_argument(
        "--learning-rate", type=float, metavar="R", help="its peak, or itself (default: 0.006)"
    )
    train.add_argument(
        "--optimizer", metavar="O", help="sgd, momentum, adam or adamw (default: adamw)"
    )
    train.add_argument("--schedule", metavar="S", help="one_cycle or constant (default: one_cycle)")
    train.add_argument("--seed", type=int, metavar="N", help="of all that is random (default: 0)")
    train.add_argument("--device", default="cpu", metavar="D", help="cpu or cuda (default: cpu)")
    train.add_argument(
        "--threads", type=int, metavar="N", help="of the processor (default: PyTorch's choice)"
    )
    train.add_argument(
        "--out",
        type=Path,
        default=Path("cnnwidgets-run"),
        metavar="DIR",
        help="folder to write to, and to go on from (default: %(default)s)",
    )
    train.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Trains, and returns 0 when all epochs are done, 1 when they cannot be, 130 at Ctrl-C."""
    session = None
    try:
        session = _session(options)
        return _train(session, options.out)
    except KeyboardInterrupt:
        if session is None:
            print("\nstopped before the training began", file=sys.stderr)
            return INTERRUPTED
        session.stop()
        session.wait()
        _write(session, options.out)
        done = f"step {session.progress.step:,} of {session.progress.total:,}"
        print(
            f"\nstopped at {done}; the same command goes on from there ({options.out})",
            file=sys.stderr,
        )
        return INTERRUPTED


def _session(options: argparse.Namespace) -> "TrainingSession":
    """A session as the options want it: the one that was saved, or a new one."""
    import torch

    from cnnwidgets.data import load
    from cnnwidgets.network.whole import whole
    from cnnwidgets.training.session import Settings, TrainingSession

    device = _device(options.device)
    named = {name: value for name in _OPTIONS if (value := getattr(options, name)) is not None}
    settings = Settings(**named)
    if options.threads is not None:
        torch.set_num_threads(whole("threads", options.threads, least=1))
    images, test = load(options.data, split="train"), load(options.data, split="test")
    model = _network(images, settings.seed).to(device)
    path = options.out / CHECKPOINT
    if not path.exists():
        session = TrainingSession(model, images, test=test, settings=settings, autosave=path)
    else:
        session = TrainingSession.resume(path, model, images, test=test, autosave=path)
        _take_up(session, named, options.out)
    session.history.notes |= {
        "model": _call(images),
        "images": images.name,
        "accuracy_on": test.name,
        "settings": str(session.settings),
        "torch": torch.__version__,
    }
    return session


def _take_up(session: "TrainingSession", named: dict[str, Any], out: Path) -> None:
    """Gives a saved session the options that were typed anew."""
    before = session.settings
    if named.get("seed", before.seed) != before.seed:
        raise ValueError(
            f"the run in {str(out)!r} has seed {before.seed}, not {named['seed']}; "
            "give another --out for another run"
        )
    other = {name: value for name, value in named.items() if getattr(before, name) != value}
    if other:
        session.set(**other).result()


def _train(session: "TrainingSession", out: Path) -> int:
    from cnnwidgets.training.session import Status

    if session.status is Status.FINISHED:
        _write(session, out)
        print(f"already finished: {_summary(session)}; --epochs with a larger number trains on")
        return 0
    shows = sys.stderr.isatty()
    said = ""
    session.play().result()
    while True:
        try:
            status = session.wait(_SHOWN_S)
            break
        except TimeoutError:
            if shows:
                print(f"\r{_line(session)}\033[K", end="", file=sys.stderr, flush=True)
            if session.problem != said and (said := session.problem):
                print(f"\ncnnwidgets: {said}", file=sys.stderr, flush=True)
    if shows:
        print(f"\r{_line(session)}\033[K", file=sys.stderr, flush=True)
    _write(session, out)
    if status is not Status.FINISHED:
        print(f"cnnwidgets: {session.problem}", file=sys.stderr)
        return 1
    print(f"finished: {_summary(session)}; wrote {out}")
    return 0


def _write(session: "TrainingSession", out: Path) -> None:
    """Writes all three files, each whole or not at all."""
    from cnnwidgets.data.files import write_atomically

    session.save(out / CHECKPOINT).result()
    session.history.save(out / HISTORY)
    metrics, measured = session.history.metrics, session.history.evaluations
    tested = {
        int(step): (accuracy, loss)
        for step, accuracy, loss in zip(
            measured.step, measured.accuracy, measured.loss_nats, strict=True
        )
    }
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    names = ("step", "epoch", "loss_nats", "accuracy", "learning_rate")
    rows.writerow((*names, "test_accuracy", "test_loss_nats"))
    if 0 in tested:
        rows.writerow((0, 0, "", "", "", *tested[0]))
    for row in zip(*(getattr(metrics, name).tolist() for name in names), strict=True):
        rows.writerow((*row, *tested.get(row[0], ("", ""))))
    write_atomically(out / METRICS, text.getvalue().encode())


def _line(session: "TrainingSession") -> str:
    """What the progress bar shows."""
    now, latest = session.progress, session.history.latest(50)
    full = round(_BAR * now.step / max(1, now.total))
    words = [
        f"[{'#' * full}{'.' * (_BAR - full)}]",
        f"epoch {now.epoch}/{now.epochs}",
        f"step {now.step:,}/{now.total:,}",
    ]
    if len(latest.step):
        words.append(f"loss {latest.loss_nats.mean():.4f}")
        words.append(f"accuracy {latest.accuracy.mean():.2%}")
    if not math.isnan(now.images_per_second):
        words.append(f"{now.images_per_second:,.0f} images/s")
        words.append(f"{now.seconds_left:,.0f} s left")
    return "  ".join(words)


def _summary(session: "TrainingSession") -> str:
    found, count = session.history.evaluations, session.settings.epochs
    assert session.test is not None
    return (
        f"{count} epoch{'s' if count > 1 else ''}, {session.progress.step:,} steps, "
        f"{found.accuracy[-1]:.2%} of {session.test.name} read rightly"
    )


def _network(images: "ImageSet", seed: int) -> Any:
    """A DigitCNN for the images, its weights by the seed; torch's random state stays."""
    import torch

    from cnnwidgets.network.models import DigitCNN
    from cnnwidgets.training.randomness import seeded

    _, channels, rows, columns = images.images.shape
    with seeded(seed, torch.device("cpu")):
        return DigitCNN(channels, (rows, columns), len(images.classes))


def _call(images: "ImageSet") -> str:
    """The Python that makes the network for the images."""
    _, channels, rows, columns = images.images.shape
    if (channels, rows, columns, len(images.classes)) == (1, 28, 28, 10):
        return "DigitCNN()"
    return f"DigitCNN({channels}, ({rows}, {columns}), {len(images.classes)})"


def _device(name: str) -> Any:
    """The device of that name. Raises ValueError if this machine has none."""
    import torch

    try:
        device = torch.device(name)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise RuntimeError("PyTorch finds no GPU it can use")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"device (={name!r}) is not there: {reason}; leave --device out to train on the "
            "processor"
        ) from error
    return device
