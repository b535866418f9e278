"""DrawPad without a browser: what it refuses, in words."""

import random

import numpy as np
import pytest
from torch import nn
from traitlets import TraitError

import cnnwidgets as cw
from cnnwidgets.widgets.draw_pad import DrawPad
from tests.widgets.pads import SHAPE, draw, mnist, pad, png, scope, send, set_of, seven, wire

__all__ = ["mnist", "pad", "scope"]


def test_a_model_that_cannot_take_the_drawing_is_told_and_the_image_stays():
    class Picky(nn.Module):
        def forward(self, x):
            if float(x.max()) > 0:
                raise ValueError("too bright for me")
            return x.flatten(1)

    scope = cw.Microscope(Picky(), set_of(1, 28, 28))
    pad = DrawPad(scope)
    before = scope.image
    draw(pad, seven())
    assert "too bright for me" in pad.error
    assert scope.image is before
    assert pad.origin == "elsewhere"


@pytest.mark.parametrize(
    "ink",
    [
        None,
        7,
        "ink",
        [],
        {},
        wire(np.zeros((1, 28, 28), np.uint8)),
        {**wire(seven()), "dtype": "float32"},
        {**wire(seven()), "shape": [1, 140.5, 140]},
        {**wire(seven()), "shape": "(1, 140, 140)"},
        {**wire(seven()), "data": None},
        {**wire(seven()), "data": "x" * 19600},
        {**wire(seven()), "data": memoryview(bytes(19599))},
    ],
)
def test_ink_that_is_none_is_refused_in_a_sentence_and_changes_nothing(pad, scope, ink):
    pad.ink = seven()
    before = (scope.image, pad.ink, pad.centre)
    pad.set_state({"centre": False, "ink": ink})
    assert "ink" in pad.error
    assert (scope.image, pad.ink, pad.centre) == before
    pad.set_state({"ink": wire(seven())})
    assert pad.error == ""


@pytest.mark.parametrize(
    ("content", "buffers", "word"),
    [
        ({"do": "upload"}, [], "bytes"),
        ({"do": "upload"}, [b"one", b"two"], "bytes"),
        ({"do": "upload"}, [b"GIF89a no"], "picture"),
        ({"do": "upload"}, [bytes(10_000_001)], "MB"),
        ({"do": "fly"}, [], "understands"),
        ({}, [], "understands"),
        (["do", "draw"], [], "understands"),
        (None, [], "understands"),
    ],
)
def test_a_request_that_is_none_is_refused_in_a_sentence(pad, scope, content, buffers, word):
    before = (scope.image, pad.ink)
    send(pad, content, buffers)
    assert word in pad.error
    assert (scope.image, pad.ink) == before


def test_the_same_refusal_twice_is_told_twice(pad):
    told = []
    pad.observe(lambda change: told.append(change.new), "error")
    for _ in range(2):
        send(pad, {"do": "upload"}, [b"words"])
    assert [bool(words) for words in told] == [True, False, True]


def test_the_page_may_write_ink_and_centring_alone(pad, scope):
    pad.set_state({"origin": "drawing", "cells": [1, 1], "image": None})
    assert "cells" in pad.error
    assert (pad.origin, pad.cells) == ("elsewhere", (28, 28))
    with pytest.raises(TraitError, match="shape"):
        pad.ink = np.zeros((1, 3, 3), np.uint8)


def test_a_pad_needs_a_microscope_or_a_set(scope, mnist):
    for arguments in ({}, {"scope": scope, "images": mnist}):
        with pytest.raises(TypeError, match="microscope or images"):
            DrawPad(**arguments)
    with pytest.raises(TypeError, match="did you mean 'centre'"):
        DrawPad(scope, center=True)


def anything(rng):
    """A value such as a hostile page may send, some of them nearly right."""
    values = [None, True, -1, 2**70, 0.5, float("nan"), "", "draw", "ink", b"", memoryview(b"abc")]
    nested = [[], {}, {"shape": [1, 140, 140]}, [[0] * 3], {"do": "draw"}, wire(seven())]
    return rng.choice([*values, *nested])


def mutated(rng):
    """An ink message with one part replaced."""
    ink = wire(seven())
    ink[rng.choice(["shape", "dtype", "data", "more"])] = anything(rng)
    return ink


def test_three_thousand_hostile_messages_leave_a_whole_state():
    """On a light model, so that what is taken is quick; every refusal has words."""
    scope = cw.Microscope(nn.Flatten(), set_of(1, 28, 28))
    pad, rng = DrawPad(scope), random.Random(20)
    picture = png(np.arange(784, dtype=np.uint8).reshape(28, 28))
    refused = 0
    for _ in range(3000):
        before = (pad.ink, pad.centre)
        kind = rng.randrange(4)
        if kind == 0:
            pad.set_state({"ink": mutated(rng)})
        elif kind == 1:
            pad.set_state({rng.choice(sorted(pad.keys)): anything(rng)})
        elif kind == 2:
            content = {"do": rng.choice(["draw", "over", "upload", anything(rng)])}
            send(pad, rng.choice([content, anything(rng)]), [anything(rng)] * rng.randrange(3))
        else:
            damaged = bytearray(picture)
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
            send(pad, {"do": "upload"}, [bytes(damaged[: rng.randrange(1, len(damaged) + 1)])])
        if pad.error:
            refused += 1
            assert (pad.ink, pad.centre) == before
        assert pad.ink.shape == SHAPE
        assert type(pad.centre) is bool
        assert scope.image.shape == (1, 28, 28)
        assert pad.origin in ("elsewhere", "drawing", "upload")
    assert 1000 < refused < 3000, "both kinds were tried"
