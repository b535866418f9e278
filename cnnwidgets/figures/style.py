"""How figures look: fonts, colours, and Matplotlib's settings while one is made or saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import matplotlib
except ModuleNotFoundError as problem:
    raise ModuleNotFoundError(
        "figures need Matplotlib; install it with: pip install 'cnnwidgets[figures]'"
    ) from problem

import numpy as np
from matplotlib import style
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize

DPI = 300
FONT = "DejaVu Sans"  # the one that Matplotlib carries: the same letters on every machine
TEXT_POINTS, SMALL_POINTS, TITLE_POINTS = 7.5, 6.5, 9.5
INK, QUIET = "#1b1b1b", "#555555"
# Blue and orange differ in lightness too, and for every kind of colour vision.
TRAIN_COLOUR, TEST_COLOUR = "#0b6fb8", "#b65708"
_DIVERGING = "053b75 1f6fb4 4aa8d8 a6d8ee ffffff fdcfa2 f59448 e05f0c 9c3204"

_SETTINGS = {
    "font.family": FONT,
    "font.size": TEXT_POINTS,
    "axes.linewidth": 0.6,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": SMALL_POINTS,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL_POINTS,
    "ytick.labelsize": SMALL_POINTS,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "hatch.linewidth": 0.4,
    "legend.frameon": False,
    "axes.unicode_minus": True,
    "savefig.dpi": DPI,
    "pdf.fonttype": 42,  # whole TrueType fonts, which every printer knows
    "svg.fonttype": "path",
    "svg.hashsalt": "cnnwidgets",
}


@contextmanager
def settings() -> Iterator[None]:
    """Matplotlib with our settings and no others, whatever the user's own are."""
    with style.context(["default", _SETTINGS]):
        yield


def colours(signed: bool) -> Colormap:
    """Blue, white and orange around zero for signed data, viridis for the rest.

    What is not a number stays without a colour.
    """
    if signed:
        stops = [f"#{stop}" for stop in _DIVERGING.split()]
        made: Colormap = LinearSegmentedColormap.from_list("blue to orange", stops, N=257)
    else:
        made = matplotlib.colormaps["viridis"]
    return made.with_extremes(bad=(0, 0, 0, 0))


class Scale:
    """How the numbers of some arrays become colours: one scale for all of them.

    signed: whether one of them is negative, or might have been; then zero is in the middle, else
    at the bottom.
    """

    def __init__(self, values: np.ndarray, signed: bool = False) -> None:
        finite = values[np.isfinite(values)]
        least = float(finite.min(initial=0.0))
        self.size = max(float(finite.max(initial=0.0)), -least) or 1.0
        self.signed = signed or least < 0
        self.missing = values.size - finite.size
        self.colours = colours(self.signed)
        self.norm = Normalize(-self.size if self.signed else 0.0, self.size)

    @property
    def shown(self) -> dict[str, Any]:
        """What imshow is to be given."""
        return {"cmap": self.colours, "norm": self.norm}
