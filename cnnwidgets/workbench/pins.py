"""Pins: what a microscope showed at one time, kept to be compared with what it shows now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnwidgets.network.edits import Edit
from cnnwidgets.network.kernels import Kernels, kernels_of
from cnnwidgets.network.probe import Run
from cnnwidgets.network.reading import Reading, maps_of
from cnnwidgets.training.history import Snapshot
from cnnwidgets.traits import LOCK
from cnnwidgets.workbench.changes import in_short

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope


@dataclass(frozen=True, slots=True, eq=False)
class Pin:
    """A run, what it said of its image, and which image, step and edits it was of, in words too."""

    run: Run
    reading: Reading | None
    words: str
    moment: Snapshot | None
    edits: tuple[Edit, ...]

    @classmethod
    def of(cls, scope: "Microscope") -> "Pin":
        """What a microscope shows now."""
        with LOCK:
            return cls(scope.run, scope.prediction, in_words(scope), scope.moment, scope.edits)

    def maps(self, layer: str) -> np.ndarray | None:
        """The maps of a layer, as Microscope.maps gives them; None if the run has no such layer."""
        return maps_of(self.run, layer) if layer in self.run else None

    def kernels(self, scope: "Microscope", layer: str) -> Kernels | None:
        """The kernels of a layer, as the microscope that was pinned gave them; None without."""
        if layer not in self.run:
            return None
        with LOCK, scope.slide.under(self.moment, self.edits) as probe:
            return kernels_of(probe, self.run, layer)


def in_words(scope: "Microscope") -> str:
    """Which image, step and edits a microscope looks at."""
    picture = "a picture of your own" if scope.index is None else f"image {scope.index:,}"
    step = "" if scope.step is None else f", step {scope.step:,}"
    edits = "".join(f", {in_short(edit)}" for edit in scope.edits)
    return f"{picture}{step}{edits}"
