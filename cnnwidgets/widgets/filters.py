"""Filters: the weights that make the feature maps."""

from typing import ClassVar

import numpy as np
from traitlets import Bunch, Enum, observe

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Weights
from cnnwidgets.widgets.view import View


class Filters(Weights, View):
    """The kernels of the selected filter, one per input channel, or those of the whole layer.

    Filters(scope), or alone: Filters(kernels=array) with (filter, input channel, row, column).
    """

    _esm = script("filters")
    _css = style("filters")
    page_writes: ClassVar[frozenset[str]] = frozenset({"channel", "view"})

    view = Enum(("one", "all"), "one").tag(sync=True)
    """What is shown: the selected filter's kernels ("one"), or all filters of the layer."""

    @observe("kernels")
    def _measure_kernels(self, change: Bunch) -> None:
        if self.stage is None and change.new is not None:
            self.kernels_count = len(change.new)
            self.kernels_limit = float(np.nanmax(np.abs(change.new), initial=0))
