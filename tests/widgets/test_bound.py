"""What a widget is bound to: a Microscope, or in words what it was given instead."""

import threading

import numpy as np
import pytest
from ipywidgets import Widget
from traitlets import TraitError

import cnnwidgets as cw
from tests.pages import wait_for
from tests.samples import small_set

BOUND = (cw.AblationBoard, cw.Compare, cw.Dashboard, cw.KernelEditor, cw.PixelInspector)


@pytest.mark.parametrize("kind", BOUND)
@pytest.mark.parametrize("given", [None, cw.DigitCNN()], ids=["None", "a model"])
def test_what_needs_a_microscope_says_so_and_how_to_make_one(page, kind, given):
    named = "None" if given is None else "a DigitCNN"
    words = f"{kind.__name__} shows a Microscope, and was given {named}; make one with"
    with pytest.raises(TypeError, match=words):
        kind(given)


def test_slow_motion_needs_a_microscope_too(page):
    session = cw.TrainingSession(cw.DigitCNN(1, 8, 3), small_set())
    with pytest.raises(TypeError, match="SlowMotion shows a Microscope, and was given None"):
        cw.SlowMotion(session, None)


def test_a_pad_is_given_a_microscope_or_an_image_set(page):
    with pytest.raises(TypeError, match="DrawPad shows a Microscope, and was given a DigitCNN"):
        cw.DrawPad(cw.DigitCNN())
    for kind in (cw.DrawPad, cw.DigitPicker):
        with pytest.raises(TypeError, match="images must be an ImageSet with images, and is array"):
            kind(images=np.zeros((2, 8, 8), np.uint8))


def test_arrays_without_a_channel_are_refused_in_words(page):
    with pytest.raises(TraitError, match="there are no channels of maps"):
        cw.FeatureMaps(maps=np.zeros((0, 4, 4), np.float32))
    with pytest.raises(TraitError, match="there are no filters in kernels"):
        cw.Filters(kernels=np.zeros((0, 1, 3, 3), np.float32))


def test_what_is_selected_while_a_view_is_made_reaches_it(page, scope, monkeypatch):
    opens, done = Widget.open, []
    cw.Prediction(scope)  # so that the stage is there

    def select():
        scope.index = 5
        done.append(True)

    def opened(widget):
        if isinstance(widget, cw.FeatureMaps):
            threading.Thread(target=select, daemon=True).start()
            threading.Event().wait(0.2)  # long enough for who need not wait for this view
        opens(widget)

    monkeypatch.setattr(Widget, "open", opened)
    view = cw.FeatureMaps(scope)
    wait_for(lambda: done)
    assert view.index == 5
    np.testing.assert_array_equal(view.maps, scope.maps())
