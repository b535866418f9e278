"""Which pixels can reach the selected unit: at once where layers lead there, else beside it."""

from typing import TYPE_CHECKING

from cnnwidgets.network import receptive
from cnnwidgets.network.probe import Run
from cnnwidgets.network.receptive import ReceptiveField
from cnnwidgets.network.threads import threads_for
from cnnwidgets.traits import LOCK

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope


def walked(scope: "Microscope", unit: tuple[int, ...]) -> ReceptiveField:
    """The field of a unit of the selected layer, as far as layers can be walked through."""
    with LOCK, scope.slide.under(scope.moment, ()) as probe, threads_for(scope.run):
        return receptive.walked_in(probe, scope.run, scope.layer, unit)


def by_gradient(scope: "Microscope", run: Run, found: ReceptiveField) -> ReceptiveField:
    """The field that could not be walked in a run; the microscope goes on meanwhile."""
    with LOCK:
        moment = scope.moment
        slide = scope.slide.apart(moment)
    with slide.under(moment, ()) as probe:
        return receptive.by_gradient(probe, run, found)
