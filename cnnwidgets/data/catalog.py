"""The image sets that can be loaded by name."""

from difflib import get_close_matches

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.data.mnist import mnist

_SETS = {"mnist": mnist}
_SPLITS = ("train", "test")


def load(name: str, split: str = "test") -> ImageSet:
    """An image set by name.

    name: "mnist" (28×28 grey digits; 60,000 in "train", 10,000 in "test").
    split: "train" or "test".
    Raises ValueError, with suggestions, for a name or split that does not exist.

    >>> load("mnist")
    <ImageSet 'MNIST test': 10,000 images of 1×28×28, 10 classes>
    """
    if name not in _SETS:
        remedy = _suggest(name, tuple(_SETS))
        raise ValueError(
            f"no image set {name!r}; {remedy} (ImageSet.from_arrays takes your own images)"
        )
    if split not in _SPLITS:
        raise ValueError(f"{name!r} has no split {split!r}; {_suggest(split, _SPLITS)}")
    return _SETS[name](split)


def _suggest(wrong: object, known: tuple[str, ...]) -> str:
    close = get_close_matches(str(wrong).lower(), known)
    return f"did you mean {close[0]!r}?" if close else "choose " + " or ".join(map(repr, known))
