"""`cnnwidgets figures`: what a network does, as pictures for print."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cnnwidgets.commands.train import HISTORY

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet
    from cnnwidgets.network.models import DigitCNN
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.history import History

DIGIT = 7


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the command line."""
    figures = commands.add_parser(
        "figures",
        help="draw filters, feature maps and curves, as files for print",
        description="Draw the filters, the feature maps, the way of a digit through all layers, "
        "and the curves of the training, as files for print.",
    )
    figures.add_argument("folder", type=Path, metavar="DIR", help="folder to write to")
    figures.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a history or checkpoint of DigitCNN, as `cnnwidgets train` and History.save write "
        "it, or the folder it is in (default: the network in the package)",
    )
    figures.add_argument(
        "--data", default="mnist", metavar="SET", help="test images of this set (default: mnist)"
    )
    figures.add_argument("--layer", metavar="NAME", help="draw this layer (default: all figures)")
    figures.add_argument(
        "--digit",
        metavar="CLASS",
        help=f"the first picture of this class is looked at (default: {DIGIT})",
    )
    figures.add_argument(
        "--format", default="png", metavar="F", help="png, svg or pdf (default: png)"
    )
    figures.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draws the figures, prints the path of each, and returns 0.

    Raises ValueError or OSError, in one sentence, for what cannot be drawn or written.
    """
    try:
        from cnnwidgets import figures
    except ModuleNotFoundError as problem:
        raise ValueError(str(problem)) from problem
    if options.format not in figures.FORMATS:
        raise ValueError(f"format (={options.format!r}) must be png, svg or pdf")
    if options.folder.exists() and not options.folder.is_dir():
        raise NotADirectoryError(f"{str(options.folder)!r} is a file; name a folder to write to")
    scope = _scope(options)
    for name, sheet in figures.draw_all(scope, options.layer):
        print(figures.save(sheet, options.folder / f"{name}.{options.format}"))
    return 0


def _scope(options: argparse.Namespace) -> "Microscope":
    from cnnwidgets.data import load
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.pretrained import pretrained

    images = load(options.data, split="test")
    if options.model is None:
        if options.data != "mnist":
            raise ValueError("the network in the package reads mnist alone; give one as --model")
        model, history = pretrained()
    else:
        model, history = _recorded(options.model, images)
    scope = Microscope(model, images, history=history)
    scope.index = _first(images, options.digit)
    return scope


def _recorded(path: Path, images: "ImageSet") -> tuple["DigitCNN", "History"]:
    """The recorded DigitCNN, and its run. Raises ValueError if it was not made for the images."""
    from cnnwidgets.network.models import DigitCNN

    history = _history(path / HISTORY if path.is_dir() else path)
    learned = str(history.notes.get("images", images.name))
    if learned.partition(" ")[0] != images.name.partition(" ")[0]:
        raise ValueError(
            f"{str(path)!r} learned from {learned!r}, and not from images like {images.name!r}; "
            "name its set with --data"
        )
    _, channels, rows, columns = images.images.shape
    model = DigitCNN(channels, (rows, columns), len(images.classes))
    weights = history.snapshots[-1].weights
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if odd := sorted(found.items() ^ wanted.items()):
        name, shape = odd[0]
        raise ValueError(
            f"{str(path)!r} holds no DigitCNN for {images.name!r}: they differ at {name!r} "
            f"{shape}; draw other networks from Python, with cnnwidgets.figures"
        )
    model.load_state_dict(dict(weights))
    return model.eval(), history


def _history(path: Path) -> "History":
    """The history in a file of its own, or in a checkpoint."""
    from cnnwidgets.training.checkpoint import FORMAT
    from cnnwidgets.training.history import History
    from cnnwidgets.training.sealed import part_of, read_sealed_tensors

    try:
        return History.load(path)
    except ValueError as problem:
        if "is not a training history" not in str(problem):
            raise
    tensors, notes = read_sealed_tensors(path, FORMAT)
    return History.from_tensors(part_of(tensors, "history"), notes["history"])


def _first(images: "ImageSet", digit: str | None) -> int:
    """Where the first picture of a class is."""
    if digit is None:
        wanted = min(DIGIT, len(images.classes) - 1)
    elif digit in images.classes:
        wanted = images.classes.index(digit)
    else:
        known = ", ".join(images.classes)
        raise ValueError(f"digit (={digit!r}) must be a class of {images.name!r}: {known}")
    places = (images.labels == wanted).nonzero()[0]
    if not len(places):
        raise ValueError(f"{images.name!r} has no picture of {images.classes[wanted]!r}")
    return int(places[0])
