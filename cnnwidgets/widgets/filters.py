"""Filters: the weights that make the feature maps."""

from typing import Any, ClassVar

from traitlets import Bunch, Enum, observe, validate

from cnnwidgets.widgets.alone import within
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Weights, limit_of
from cnnwidgets.widgets.view import View


class Filters(Weights, View):
    """The kernels of the selected filter, one per input channel, or those of the whole layer.

    Filters(scope), or alone: Filters(kernels=array) with (filter, input channel, row, column).
    As a figure: cnnwidgets.figures.filters(scope).
    """

    _esm = script("filters")
    _css = style("filters")
    page_writes: ClassVar[frozenset[str]] = frozenset({"channel", "view"})

    view = Enum(("one", "all"), "one").tag(sync=True)
    """What is shown: the selected filter's kernels ("one"), or all filters of the layer."""

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        if self.stage is None and self.kernels is not None:
            within("channel", proposal.value, len(self.kernels), "filters in kernels")
        return proposal.value

    @observe("kernels")
    def _measure_kernels(self, _change: Bunch) -> None:
        if self.stage is None:
            kernels = self.kernels
            self.kernels_count = 0 if kernels is None else len(kernels)
            self.kernels_limit = 0.0 if kernels is None else limit_of(kernels)
            if self.channel >= self.kernels_count:
                self.channel = 0
