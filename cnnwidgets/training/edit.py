"""Weights changed by hand amid a training run."""

from cnnwidgets.network.editing import set_weights
from cnnwidgets.network.edits import Edit
from cnnwidgets.network.untouched import uncompiled
from cnnwidgets.training.engine import Engine
from cnnwidgets.training.loop import Phase


def edit(engine: Engine, edits: tuple[Edit, ...]) -> None:
    """Changes weights between two steps, and keeps the moment with them in place of the old."""
    set_weights(uncompiled(engine.model), edits)
    if engine.loop.phase is not Phase.FORWARD:
        engine.loop.give_up()
    engine.slow = None
    engine.moments.renew(engine.loop)
