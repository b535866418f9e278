"""DigitPicker: what is misread, and the thread that reads the set to find it."""

import threading
import time

import numpy as np
import pytest

import cnnwidgets as cw
from tests.pages import wait_for


def brute_force(scope):
    wrong = []
    for index in range(len(scope.images)):
        scope.index = index
        if scope.prediction.best != scope.label:
            wrong.append(index)
    return wrong


def test_misread_shows_what_one_by_one_is_misread_and_follows_the_step(page, shipped):
    model, history, many = shipped
    images = cw.ImageSet.from_arrays(many.images[:40], many.labels[:40], many.classes)
    scope = cw.Microscope(model, images, history=history)
    picker = cw.DigitPicker(scope)
    for step in (history.steps[0], history.steps[4]):
        scope.step = step
        expected = brute_force(scope)
        picker.misread = True
        wait_for(lambda wanted=expected: picker.order.tolist() == wanted)
        wait_for(lambda: picker.progress == "")
    picker.only = 3
    threes = [index for index in expected if scope.images.labels[index] == 3]
    wait_for(lambda: picker.order.tolist() == threes)
    picker.misread = False
    assert len(picker.order) == (scope.images.labels == 3).sum()


def test_it_can_start_with_what_is_misread(page, scope):
    picker = cw.DigitPicker(scope, misread=True, seed=3)
    wait_for(lambda: picker._reader is None and picker.progress == "")
    expected = np.flatnonzero(scope.predicted() != scope.images.labels)
    assert sorted(picker.order.tolist()) == expected.tolist()


class Gate:
    """Makes a microscope stop in the middle of reading its set, until it is opened."""

    def __init__(self, scope, monkeypatch):
        self.reached, self.open, self.readings = threading.Event(), threading.Event(), 0
        read = scope.predicted

        def predicted(progress):
            self.readings += 1

            def stop(done):
                self.reached.set()
                assert self.open.wait(20)
                progress(done)

            return read(stop)

        monkeypatch.setattr(scope, "predicted", predicted)


def test_a_request_made_while_the_set_is_read_is_honoured(page, scope, shipped, monkeypatch):
    gate = Gate(scope, monkeypatch)
    picker = cw.DigitPicker(scope)
    picker.misread = True
    assert gate.reached.wait(20)
    assert len(picker.order) == 200, "the order stays until the new one is known"
    scope.step = shipped[1].steps[0]
    picker.only = 5
    picker.seed = 8
    gate.open.set()
    wait_for(lambda: picker._reader is None)
    wrong = scope.predicted(lambda _: None) != scope.images.labels
    expected = np.flatnonzero(wrong & (scope.images.labels == 5))
    assert sorted(picker.order.tolist()) == expected.tolist()
    assert picker.progress == ""


def test_a_training_that_plays_is_read_once_it_rests(page, scope, shipped, monkeypatch):
    picker, read, readings = cw.DigitPicker(scope), scope.predicted, []
    picker.misread = True
    wait_for(lambda: picker._reader is None)

    def predicted(progress):
        readings.append(scope.step)
        return read(progress)

    monkeypatch.setattr(scope, "predicted", predicted)
    for step in shipped[1].steps[:8]:
        scope.step = step
        time.sleep(0.05)
        assert picker.progress == "waits until the network stays the same"
    wait_for(lambda: picker._reader is None)
    assert readings == [scope.step]
    assert picker.order.tolist() == np.flatnonzero(read() != scope.images.labels).tolist()
    scope.edits = (cw.Ablate("conv2", 3),)
    wait_for(lambda: picker._reader is None)
    assert picker.order.tolist() == np.flatnonzero(read() != scope.images.labels).tolist()
    assert picker.progress == ""


def test_a_request_made_just_as_a_reading_is_given_up_starts_another(page, scope, monkeypatch):
    picker, read, calls = cw.DigitPicker(scope), scope.predicted, []

    def predicted(progress):
        calls.append(progress)
        if len(calls) > 1:
            return read(progress)
        picker.misread = False
        try:
            progress(20)
        finally:
            picker.misread = True

    monkeypatch.setattr(scope, "predicted", predicted)
    picker.misread = True
    wait_for(lambda: picker._reader is None)
    expected = np.flatnonzero(read() != scope.images.labels)
    assert picker.order.tolist() == expected.tolist()


@pytest.mark.parametrize("end", ["switch off", "close"])
def test_a_reading_that_nobody_waits_for_ends(page, scope, monkeypatch, end):
    monkeypatch.setattr("cnnwidgets.scope.BATCH_IMAGES", 20)
    gate = Gate(scope, monkeypatch)
    picker = cw.DigitPicker(scope)
    picker.misread = True
    assert gate.reached.wait(20)
    if end == "close":
        picker.close()
    else:
        picker.misread = False
    gate.open.set()
    wait_for(lambda: picker._reader is None)
    assert len(picker.order) == 200
    assert not scope._scores, "it read on to the end"
    assert picker.error == ""


def test_a_reading_that_fails_is_told_in_the_widget(page, scope, monkeypatch):
    def fail(progress):
        raise RuntimeError("out of everything")

    monkeypatch.setattr(scope, "predicted", fail)
    picker = cw.DigitPicker(scope)
    picker.misread = True
    wait_for(lambda: picker.error)
    assert picker.error == "the set could not be read: RuntimeError: out of everything"
    wait_for(lambda: picker.progress == "")
