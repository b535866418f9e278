"""TimeSlider: which moment of the recorded training to look at."""

from typing import Any, ClassVar

from traitlets import TraitError, validate

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Moment
from cnnwidgets.widgets.view import View


class TimeSlider(Moment, View):
    """Goes through the recorded steps of a training, by hand or playing; everything follows.

    TimeSlider(scope) over a Microscope with a history, or alone:
    TimeSlider(steps=[0, 10, 100], accuracies=[0.1, 0.6, 0.9], step=0).
    """

    _esm = script("time_slider")
    _css = style("time_slider")
    page_writes: ClassVar[frozenset[str]] = frozenset({"step"})

    @validate("step")
    def _check_step(self, proposal: Any) -> int | None:
        step = proposal.value
        if self.stage is None and self.steps and step is not None and step not in self.steps:
            raise TraitError(
                f"step (={step}) must be one of the {len(self.steps)} recorded steps, "
                f"{self.steps[0]} to {self.steps[-1]}"
            )
        return step
