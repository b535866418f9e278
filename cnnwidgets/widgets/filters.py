"""Filters: the weights that make the feature maps."""

from typing import Any, ClassVar

import numpy as np
from traitlets import Bunch, Enum, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.traits import within
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.pinned import Pinnable
from cnnwidgets.widgets.shared import Weights, limit_of


class Filters(Weights, Pinnable):
    """The kernels of the selected filter, one per input channel, or those of the whole layer.

    Filters(scope), or alone: Filters(kernels=array) with (filter, input channel, row, column).
    As a figure: cnnwidgets.figures.filters(scope).
    """

    _esm = script("filters")
    _css = style("filters")
    page_writes: ClassVar[frozenset[str]] = frozenset({"channel", "view"})

    view = Enum(("one", "all"), "one").tag(sync=True)
    """What is shown: the selected filter's kernels ("one"), or all filters of the layer."""

    difference = Array("float32", axes=(4,)).tag(sync=True, to_json=to_wire)
    """`kernels` less those of what is pinned, of the same shape; None where nothing is, or where
    that has no such kernels."""

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        if self.stage is None and self.kernels is not None:
            within("channel", proposal.value, len(self.kernels), "filters in kernels")
        return proposal.value

    @observe("kernels")
    def _measure_kernels(self, _change: Bunch) -> None:
        if self.pinned:
            self._show_difference()
        if self.stage is None:
            kernels = self.kernels
            self.kernels_count = 0 if kernels is None else len(kernels)
            self.kernels_limit = 0.0 if kernels is None else limit_of(kernels)
            if self.channel >= self.kernels_count:
                self.channel = 0

    def _shown(self) -> np.ndarray | None:
        return self.kernels

    def _before(self) -> np.ndarray | None:
        if self._pin is None or self.kernels is None:
            return self._kept
        found = self._pin.kernels(self.scope, self.layer)
        first = self.kernels_from
        return None if found is None else found.weights[first : first + len(self.kernels)]
