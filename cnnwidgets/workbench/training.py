"""Handing edited weights to the training they were tried out on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from cnnwidgets.network.edits import Edit, WeightEdit
from cnnwidgets.pulse import aside
from cnnwidgets.workbench.changes import Changes

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.session import TrainingSession


def hand_over(
    scope: "Microscope",
    session: "TrainingSession | Callable[[], TrainingSession]",
    changes: Changes,
) -> "Future[None]":
    """Puts the weights edits of a microscope into the model that trains, which then trains on.

    Once that is done the microscope, which follows the training, no longer makes them itself;
    edits of results stay. A run that was finished goes on for an epoch.
    session: or what makes it; that is called in a thread of its own.

    Raises ValueError if no weight was changed. The future raises it if the microscope is not at
    the newest step, and what making the session and its `edit` raise.
    """
    weights = [edit for edit in scope.edits if isinstance(edit, WeightEdit)]
    if not weights:
        raise ValueError("no weight was changed; change a kernel or a bias first")
    done: Future[None] = Future()

    def hand() -> None:
        try:
            trains = session() if callable(session) else session
            _put(scope, trains, changes, weights)
        except BaseException as problem:  # whoever asked has it
            done.set_exception(problem)
        else:
            done.set_result(None)

    aside("train on", hand)
    return done


def _put(
    scope: "Microscope", session: "TrainingSession", changes: Changes, weights: Sequence[Edit]
) -> None:
    """Waits until the weights are in the model that trains; then it plays."""
    newest = session.history.steps[-1]
    if scope.history is not session.history:
        raise ValueError("the microscope looks at another training; give it session.history")
    if scope.step != newest:
        raise ValueError(
            f"you look at step {scope.step}, and the training is at {newest}: look at the newest"
            " step, or go back with the training first"
        )
    session.edit(weights).result()
    scope.catch_up()  # else the slide would be without them for an instant
    changes.make(edit for edit in scope.edits if edit not in weights)
    finished = session.progress.step >= session.progress.total
    session.play(epochs=1 if finished else None)
