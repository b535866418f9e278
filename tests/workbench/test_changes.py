"""Changes: what is undone is bit for bit what was, and one movement is one change."""

import gc
import weakref

import numpy as np
import pytest
from traitlets import TraitError

import cnnwidgets as cw
from cnnwidgets.workbench.changes import Changes, in_short
from tests.pages import scope, shipped

__all__ = ["scope", "shipped"]

ONE, TWO, THREE = cw.Ablate("conv1", 0), cw.Scale("conv2", 1, 2.0), cw.SetBias("conv1", 2, 0.5)


@pytest.fixture
def changes(scope):
    return Changes.of(scope)


def test_undo_and_redo_go_through_all_that_was(scope, changes):
    before = scope.maps("fc")
    for edits in ((ONE,), (ONE, TWO), (THREE,)):
        changes.make(edits)
    seen = [scope.edits]
    while changes.can_undo:
        changes.undo()
        seen.append(scope.edits)
    assert seen == [(THREE,), (ONE, TWO), (ONE,), ()]
    np.testing.assert_array_equal(scope.maps("fc"), before)
    again = []
    while changes.can_redo:
        changes.redo()
        again.append(scope.edits)
    assert again == seen[-2::-1]


def test_changes_of_one_gesture_are_undone_together_and_others_apart(scope, changes):
    for factor in (1.0, 2.0, 3.0):
        changes.make((cw.Scale("conv1", 0, factor),), gesture="first")
    changes.make((ONE,), gesture="second")
    changes.undo()
    assert scope.edits == (cw.Scale("conv1", 0, 3.0),)
    changes.undo()
    assert scope.edits == ()
    changes.redo()
    changes.make((TWO,), gesture="first")  # what was undone has ended the gesture
    changes.undo()
    assert scope.edits == (cw.Scale("conv1", 0, 3.0),)


def test_what_is_set_on_the_microscope_itself_can_be_undone(scope, changes):
    scope.edits = (ONE,)
    scope.edits = (ONE, TWO)
    changes.undo()
    assert scope.edits == (ONE,)


def test_a_new_change_forgets_what_was_undone(scope, changes):
    changes.make((ONE,))
    changes.undo()
    changes.make((TWO,))
    assert not changes.can_redo
    with pytest.raises(ValueError, match="nothing to do again"):
        changes.redo()


def test_edits_that_do_not_fit_change_nothing(scope, changes):
    changes.make((ONE,))
    with pytest.raises(TraitError, match="conv9"):
        changes.make((cw.Ablate("conv9", 0),), gesture="g")
    assert scope.edits == (ONE,)
    changes.undo()
    assert scope.edits == ()
    with pytest.raises(ValueError, match="nothing to undo"):
        changes.undo()


def test_there_is_one_for_each_microscope_and_it_keeps_none_alive(shipped):
    model, history, images = shipped
    scope = cw.Microscope(model, images, history=history)
    assert Changes.of(scope) is Changes.of(scope)
    gone = weakref.ref(scope)
    del scope
    gc.collect()
    assert gone() is None


def test_an_edit_in_short_is_its_repr_but_for_many_numbers():
    assert in_short(ONE) == repr(ONE)
    long = cw.SetKernel("conv1", 0, None, np.zeros((1, 5, 5)))
    assert in_short(long) == "SetKernel('conv1', filter=0, input=None, values=1×5×5)"
