"""What the tests of DrawPad draw and send."""

import io

import numpy as np
import pytest
from PIL import Image

import cnnwidgets as cw
from cnnwidgets.widgets.draw_pad import DrawPad

SHAPE = (1, 140, 140)


@pytest.fixture(scope="module")
def mnist():
    return cw.load("mnist")


@pytest.fixture
def scope(mnist):
    model, history = cw.pretrained()
    return cw.Microscope(model, mnist, history=history)


@pytest.fixture
def pad(scope):
    pad = DrawPad(scope)
    yield pad
    pad.close()


def set_of(channels, rows, columns, value=0):
    images = np.full((3, channels, rows, columns), value, np.uint8)
    return cw.ImageSet.from_arrays(images, [0, 1, 0], name="tiny", mean=0.5, std=0.5)


def seven():
    """A seven as ink: a bar and a slanted stroke."""
    ink = np.zeros(SHAPE, np.uint8)
    ink[0, 20:32, 30:110] = 255
    for row in range(32, 120):
        middle = 104 - (row - 32) // 2
        ink[0, row, middle - 6 : middle + 6] = 255
    return ink


def wire(ink):
    return {"shape": list(ink.shape), "dtype": "uint8", "data": memoryview(ink.tobytes())}


def draw(pad, ink):
    """What a page sends for a stroke while something else is looked at."""
    pad.set_state({"ink": wire(ink)})
    if not pad.error:
        send(pad, {"do": "draw"})


def send(pad, content, buffers=()):
    pad._handle_custom_msg(content, list(buffers))


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
