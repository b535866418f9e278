"""A view as code: the few lines that rebuild in a notebook what is looked at."""

import base64
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cnnwidgets.data import ImageSet
    from cnnwidgets.scope import Microscope

LONGEST_PICTURE = 8000  # characters: a drawn digit has some 300, a photograph a hundred thousand


def code_for(
    scope: "Microscope",
    traits: Mapping[str, Any],
    parts: Mapping[str, Mapping[str, Any]],
) -> str:
    """The lines that rebuild a dashboard over a microscope as it is now.

    traits: what the Dashboard is given besides the microscope.
    parts: what is set on its widgets, by the name of the widget and of the trait.
    The shipped model and MNIST are named where the microscope's are equal to them, weight by
    weight and pixel by pixel; others are to be defined first, which a comment says.
    """
    model, images = _model_line(scope), _shipped_images(scope.images)
    history = "" if scope.history is None else ", history=history"
    imports, picture = _picture_lines(scope)
    lines = [*imports, "import cnnwidgets as cw", ""]
    yours = [] if model else ["model", "history"] if history else ["model"]
    if yours := [*yours, *([] if images else ["images"])]:
        lines.append(f"# To be defined before, as they are behind this view: {', '.join(yours)}.")
    lines += [model] if model else []
    lines += [f"scope = cw.Microscope(model, {images or 'images'}{history})", *picture]
    if selected := _selected(scope):
        names = ", ".join(f"scope.{name}" for name in selected)
        lines.append(f"{names} = {', '.join(map(repr, selected.values()))}")
    if scope.edits:
        edits = "".join(f"    cw.{edit!r},\n" for edit in scope.edits)
        lines.append(f"scope.edits = (\n{edits})")
    given = "".join(f", {name}={value!r}" for name, value in traits.items())
    settings = [
        f"dashboard.{part}.{name} = {value!r}"
        for part, values in parts.items()
        for name, value in values.items()
    ]
    dashboard = f"cw.Dashboard(scope{given})"
    lines += [f"dashboard = {dashboard}", *settings, "dashboard"] if settings else [dashboard]
    return "\n".join(lines) + "\n"


def _selected(scope: "Microscope") -> dict[str, Any]:
    """The selections that differ from those of a fresh microscope, in an order that can be set."""
    kinds = {layer.name: layer.kind for layer in scope.layers}
    first = next((name for name, kind in kinds.items() if kind == "Conv2d"), next(iter(kinds)))
    label = None if scope.index is None else int(scope.images.labels[scope.index])
    fresh: dict[str, Any] = {
        "step": scope.history.steps[-1] if scope.history is not None else None,
        "index": 0 if scope.index is not None else None,
        "label": label,
        "layer": first,
        "channel": 0,
        "pixel": None,
    }
    now = {name: getattr(scope, name) for name in fresh}
    return {name: value for name, value in now.items() if value != fresh[name]}


def _picture_lines(scope: "Microscope") -> tuple[list[str], list[str]]:
    """Imports and lines that give the microscope a picture that is not of its set."""
    image = scope.image
    if scope.index is not None:
        return [], []
    text = base64.b64encode(zlib.compress(image.tobytes(), 9)).decode()
    if len(text) > LONGEST_PICTURE:
        shape = "×".join(map(str, image.shape))
        line = f"# The picture ({shape}) is too large to be written here: set scope.image to yours."
        return [], [line]
    lines = [
        f'pixels = zlib.decompress(base64.b64decode("{text}"))',
        f"scope.image = np.frombuffer(pixels, np.uint8).reshape{image.shape}",
    ]
    return ["import base64", "import zlib", "", "import numpy as np", ""], lines


def _model_line(scope: "Microscope") -> str:
    """What makes the microscope's model and history, if both are the shipped ones; else empty."""
    from cnnwidgets.training.pretrained import pretrained

    model, history = pretrained()
    given = scope.history
    if not scope.slide.is_like(model):
        return ""
    if given is None:
        same = _same_weights(scope.slide.weights, model.state_dict())
    else:
        same = (given.notes, given.steps) == (history.notes, history.steps) and all(
            _same_weights(given.at(step).weights, history.at(step).weights)
            for step in history.steps
        )
    return "model, history = cw.pretrained()" if same else ""


def _same_weights(some: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return some.keys() == others.keys() and all(
        np.array_equal(some[name].cpu().numpy(), others[name].cpu().numpy()) for name in some
    )


def _shipped_images(images: "ImageSet") -> str:
    """What loads the images, if they are MNIST's as shipped; else empty."""
    from cnnwidgets.data import load

    for split, code in (
        ("test", 'cw.load("mnist")'),
        ("train", 'cw.load("mnist", split="train")'),
    ):
        if images.name == f"MNIST {split}":
            shipped = load("mnist", split=split)
            facts = [(each.classes, each.mean, each.std) for each in (images, shipped)]
            arrays = ((images.images, shipped.images), (images.labels, shipped.labels))
            if facts[0] == facts[1] and all(np.array_equal(*pair) for pair in arrays):
                return code
    return ""
