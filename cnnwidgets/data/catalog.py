"""The image sets that can be loaded by name."""

from difflib import get_close_matches
from os import PathLike
from pathlib import Path

from cnnwidgets.data.downloads import NAMES, downloaded
from cnnwidgets.data.fetch import Progress
from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.data.mnist import mnist

_KNOWN = ("mnist", *NAMES)
_SPLITS = ("train", "test")


def load(
    name: str,
    split: str = "test",
    *,
    root: str | PathLike[str] | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> ImageSet:
    """An image set by name.

    name: "mnist" is in the package. "fashion_mnist", "kmnist", "emnist" (its 47 balanced
        classes), "qmnist", "cifar10", "cifar100", "svhn" and "usps" are fetched once, through
        torchvision ("svhn" needs SciPy), and kept in root; later loads need no network.
    split: "train" or "test". Both are fetched, since mean and std are measured on "train".
    root: a directory; by default the cache, $CNNWIDGETS_CACHE or the user's. Archives that lie
        there as torchvision puts them are used instead of being fetched.
    download: False to use only what is in root.
    progress: called with (bytes so far, bytes of the file or None) for each file in turn; what
        it raises cancels. By default a line of text, if stderr is a terminal.
    Raises ValueError, with suggestions, for a name or split that does not exist; ConnectionError
    if the network fails, FileNotFoundError if there is no copy and download is False, another
    OSError if root cannot be written, ImportError if SciPy is needed and missing, RuntimeError if
    torchvision cannot read its own files: each in one sentence, with nothing half-written left
    behind; what a killed process left is removed by the next download.

    >>> load("mnist")
    <ImageSet 'MNIST test': 10,000 images of 1×28×28, 10 classes>
    """
    if name not in _KNOWN:
        raise ValueError(
            f"no image set {name!r}; {_suggest(name, _KNOWN)} "
            "(ImageSet.from_arrays and ImageSet.from_folder take your own images)"
        )
    if split not in _SPLITS:
        raise ValueError(f"{name!r} has no split {split!r}; {_suggest(split, _SPLITS)}")
    if name == "mnist":
        return mnist(split)
    home = None if root is None else Path(root).expanduser().absolute()
    return downloaded(name, split, home, download, progress)


def _suggest(wrong: object, known: tuple[str, ...]) -> str:
    close = get_close_matches(str(wrong).lower(), known)
    return f"did you mean {close[0]!r}?" if close else "choose " + " or ".join(map(repr, known))
