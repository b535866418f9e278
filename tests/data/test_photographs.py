"""Photographs, of some megapixels, as a set's images: exact, and in little memory."""

import tracemalloc

import numpy as np
import pytest

from cnnwidgets.data import load
from cnnwidgets.data.fit import fit
from cnnwidgets.data.scale import resize


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNWIDGETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield load("mnist")


def photograph(rows, columns):
    """A dark sign on uneven paper with noise: (channel, row, column), and of some megapixels."""
    light = np.linspace(170, 240, columns) - np.linspace(0, 20, rows)[:, None]
    light[rows // 5 : rows * 4 // 5, columns * 2 // 5 : columns // 2] -= 120
    noise = np.random.default_rng(0).integers(-9, 10, (3, rows, columns))
    return (light + noise).astype(np.uint8)


def means(picture, rows, columns):
    """The mean over the area of each new pixel, in float64: what resize is to give."""

    def shares(old, new):
        starts = np.arange(new)[:, None] * old / new
        edges = np.arange(old)
        shared = np.minimum(edges + 1, starts + old / new) - np.maximum(edges, starts)
        return shared.clip(0, None) * new / old

    return shares(picture.shape[0], rows) @ picture @ shares(picture.shape[1], columns).T


@pytest.mark.parametrize("shape", [(300, 400), (401, 299), (1000, 37)])
def test_a_photograph_is_scaled_to_the_means_of_its_areas(shape):
    picture = photograph(*shape)[0]
    for rows, columns in ((28, 28), (20, 27), (1, 3)):
        scaled = resize(picture, rows, columns)
        # Rounded: half a level, and a hair for float32.
        np.testing.assert_allclose(scaled, means(picture, rows, columns), atol=0.51)


@pytest.mark.parametrize("centre", [True, False])
def test_a_photograph_is_fitted_without_large_arrays_of_wide_numbers(digits, centre):
    picture = photograph(1200, 1600)
    fit(picture[:, :50, :50], digits, centre=centre)  # what is loaded once is not counted
    tracemalloc.start()
    try:
        fitted = fit(picture, digits, centre=centre)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fitted.any()
    # A few bytes a pixel. 32-bit numbers of all its pixels took 24 and more, and a second.
    assert peak / (1200 * 1600) < 6
