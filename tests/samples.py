"""A small image set that several tests look at."""

import numpy as np

import cnnwidgets as cw


def small_set(channels=1, size=8, count=4, classes=3):
    """Random pixels, labelled in turn; classes are letters."""
    rng = np.random.default_rng(0)
    shape = (count, channels, size, size)
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    return cw.ImageSet.from_arrays(pixels, np.arange(count) % classes, list("abcdefgh")[:classes])
