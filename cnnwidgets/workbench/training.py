"""Handing edited weights to the training they were tried out on."""

from concurrent.futures import Future
from typing import TYPE_CHECKING

from cnnwidgets.network.edits import WeightEdit
from cnnwidgets.workbench.changes import Changes

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession


def hand_over(scope: "Microscope", session: "TrainingSession", changes: Changes) -> "Future[None]":
    """Puts the weights edits of a microscope into the model that trains, which then trains on.

    Once that is done the microscope, which follows the training, no longer makes them itself;
    edits of results stay. Returns the future of the session's `edit`.

    Raises ValueError if no weight was changed, or the microscope is not at the newest step.
    """
    weights = [edit for edit in scope.edits if isinstance(edit, WeightEdit)]
    if not weights:
        raise ValueError("no weight was changed; change a kernel or a bias first")
    newest = session.history.steps[-1]
    if scope.history is not session.history:
        raise ValueError("the microscope looks at another training; give it session.history")
    if scope.step != newest:
        raise ValueError(
            f"you look at step {scope.step}, and the training is at {newest}: look at the newest"
            " step, or go back with the training first"
        )

    def done(future: "Future[None]") -> None:
        if future.exception() is None:
            scope._catch_up(session.history)  # else the slide would be without them for an instant
            kept = [edit for edit in scope.edits if edit not in weights]
            changes.make(kept)
            if not session.progress.step >= session.progress.total:
                session.play()

    future = session.edit(weights)
    future.add_done_callback(done)
    return future
