"""DrawPad without a browser: what it makes of ink and pictures."""

import numpy as np
import pytest
from traitlets import link

import cnnwidgets as cw
from cnnwidgets.data.fit import fit, like_mnist
from cnnwidgets.widgets.draw_pad import DrawPad
from tests.widgets.pads import SHAPE, draw, mnist, pad, png, scope, send, set_of, seven, wire

__all__ = ["mnist", "pad", "scope"]


def test_ink_from_the_page_is_scaled_and_centred_and_read(pad, scope):
    draw(pad, seven())
    assert pad.error == ""
    np.testing.assert_array_equal(scope.image[0], like_mnist(seven()[0]))
    assert (scope.prediction.best, scope.index, scope.label) == (7, None, None)
    assert pad.origin == "drawing"
    assert pad.image is scope.image


def test_without_centring_the_image_is_the_mean_of_each_cell(pad, scope):
    pad.set_state({"centre": False})
    draw(pad, seven())
    means = seven()[0].reshape(28, 5, 28, 5).mean((1, 3))
    # half a level from rounding, and float32 sums of 25 bytes
    np.testing.assert_allclose(scope.image[0], means, atol=0.51)


def test_the_switch_fits_the_drawing_again_and_leaves_a_picked_digit_alone(pad, scope):
    pad.ink = seven()
    centred = scope.image.copy()
    pad.set_state({"centre": False})
    assert not np.array_equal(scope.image, centred)
    pad.set_state({"centre": True})
    np.testing.assert_array_equal(scope.image, centred)
    scope.index = 5
    pad.set_state({"centre": False})
    assert scope.index == 5


def test_an_empty_pad_is_an_image_without_ink(pad, scope):
    pad.ink = seven()
    pad.ink = np.zeros(SHAPE, np.uint8)
    assert not scope.image.any()
    assert pad.origin == "drawing"


def test_the_first_look_is_the_microscopes_and_changes_nothing(scope):
    before = (scope.index, scope.run)
    pad = DrawPad(scope)
    assert (scope.index, scope.run) == before
    assert pad.origin == "elsewhere"
    assert not pad.ink.any()


def test_picking_a_digit_keeps_the_drawing_which_can_come_back(pad, scope):
    picker = cw.DigitPicker(scope)
    pad.ink = seven()
    drawn = scope.image.copy()
    picker.set_state({"index": 3})
    assert (pad.origin, pad.index, scope.index) == ("elsewhere", 3, 3)
    np.testing.assert_array_equal(pad.ink, seven())
    send(pad, {"do": "draw"})
    np.testing.assert_array_equal(scope.image, drawn)
    assert (pad.origin, picker.index) == ("drawing", None)
    picker.close()


def test_ink_that_comes_late_does_not_take_a_picked_digit_away(pad, scope):
    draw(pad, np.zeros(SHAPE, np.uint8))
    scope.index = 3
    pad.set_state({"ink": wire(seven())})
    assert (scope.index, pad.origin) == (3, "elsewhere")
    send(pad, {"do": "draw"})
    assert scope.prediction.best == 7
    pad.set_state({"ink": wire(np.zeros(SHAPE, np.uint8))})
    assert not scope.image.any(), "now the ink is followed"


def test_the_drawing_stays_the_drawing_at_another_training_step(pad, scope):
    pad.ink = seven()
    scope.step = scope.history.steps[0]
    assert pad.origin == "drawing"


def test_drawing_over_a_digit_starts_from_exactly_that_digit(pad, scope, mnist):
    for index in range(40):
        scope.index = index
        send(pad, {"do": "over"})
        assert (pad.error, pad.origin, scope.index) == ("", "drawing", None)
        np.testing.assert_array_equal(scope.image, mnist.images[index])
        np.testing.assert_array_equal(pad.ink[:, 2::5, 2::5], mnist.images[index])


def test_a_pad_alone_has_an_image_that_can_be_linked(mnist):
    pad, other = DrawPad(images=mnist), DrawPad(images=mnist)
    link((pad, "image"), (other, "image"))
    draw(pad, seven())
    np.testing.assert_array_equal(other.image[0], like_mnist(seven()[0]))
    assert (pad.origin, other.origin) == ("drawing", "elsewhere")
    assert (pad.source, pad.size, pad.index) == (mnist.name, len(mnist), None)


@pytest.mark.parametrize(
    ("channels", "rows", "columns", "ink"),
    [
        (1, 28, 28, (1, 140, 140)),
        (3, 32, 32, (3, 128, 128)),
        (1, 8, 8, (1, 144, 144)),
        (2, 10, 30, (1, 50, 150)),
        (4, 5, 4, (1, 140, 112)),
        (3, 224, 300, (3, 224, 300)),
    ],
)
def test_the_pad_follows_the_size_and_colours_of_the_set(channels, rows, columns, ink):
    pad = DrawPad(images=set_of(channels, rows, columns), centre=False)
    assert (pad.ink.shape, pad.cells) == (ink, (rows, columns))
    pad.ink = np.full(ink, 200, np.uint8)
    assert pad.image.shape == (channels, rows, columns)
    assert (pad.image == 200).all()


@pytest.mark.parametrize(
    ("rows", "columns", "cells"),
    [(512, 512, (512, 512)), (513, 400, (257, 200)), (2000, 3000, (334, 500))],
)
def test_large_images_are_drawn_smaller_and_enlarged(rows, columns, cells):
    pad = DrawPad(images=set_of(3, rows, columns))
    assert pad.cells == cells
    assert pad.ink_shape == (3, *cells)
    ink = np.zeros(pad.ink_shape, np.uint8)
    ink[1, : cells[0] // 2] = 255
    draw(pad, ink)
    assert pad.error == ""
    assert pad.image.shape == (3, rows, columns)
    assert pad.image[1, : int(rows * 0.49)].min() == 255
    assert pad.image[1, int(rows * 0.51) :].max() == 0
    assert not pad.image[[0, 2]].any()
    pad.close()


def test_coloured_ink_keeps_its_colours():
    pad = DrawPad(images=set_of(3, 32, 32))
    ink = np.zeros(pad.ink.shape, np.uint8)
    ink[0, :4, :4] = 255
    pad.ink = ink
    assert pad.image[:, 0, 0].tolist() == [255, 0, 0]


def test_a_set_of_dark_on_light_gets_dark_ink_on_light_and_draws_over_it():
    pad = DrawPad(images=set_of(1, 10, 10, value=250))
    assert (pad.image == 255).all()
    ink = np.zeros(pad.ink.shape, np.uint8)
    ink[0, :14, :14] = 255
    pad.ink = ink
    assert (pad.image[0, 0, 0], pad.image[0, 5, 5]) == (0, 255)
    pad.image = np.full((1, 10, 10), 240, np.uint8)
    send(pad, {"do": "over"})
    assert (pad.error, int(pad.ink.max()), int(pad.image.min())) == ("", 15, 240)


def test_centring_is_for_sets_like_mnist_and_is_refused_for_others():
    pad = DrawPad(images=set_of(3, 32, 32))
    assert pad.centre is False
    pad.set_state({"centre": True})
    assert pad.centre is False
    assert "28×28" in pad.error
    assert "3×32×32" in pad.error


def test_an_upload_is_what_the_set_wants_and_keeps_the_drawing(pad, scope, mnist):
    pad.ink = seven()
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    send(pad, {"do": "upload"}, [memoryview(png(pixels))])
    assert (pad.error, pad.origin) == ("", "upload")
    expected = fit(pixels.transpose(2, 0, 1), mnist, centre=True)
    np.testing.assert_array_equal(scope.image, expected)
    np.testing.assert_array_equal(pad.ink, seven())
    pad.set_state({"centre": False})
    expected = fit(pixels.transpose(2, 0, 1), mnist, centre=False)
    np.testing.assert_array_equal(scope.image, expected)
