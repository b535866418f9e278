"""Presets: the textbook's numbers at 3×3, and what each is for at every size."""

import numpy as np
import pytest

from cnnwidgets.workbench.presets import PRESETS, preset

TEXTBOOK = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "sobel x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sobel y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}
MADE = tuple(TEXTBOOK)
SIZES = [(3, 3), (5, 5), (7, 7), (3, 5), (4, 6)]
values = np.arange(9, dtype=np.float32).reshape(3, 3)


@pytest.mark.parametrize("name", MADE)
def test_a_3x3_preset_is_the_textbooks_times_a_factor(name):
    expected = np.array(TEXTBOOK[name], float)
    made = preset(name, values, values, limit=0.5)
    np.testing.assert_allclose(made, expected * 0.5 / np.abs(expected).max(), rtol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MADE)
def test_its_largest_weight_is_the_limit_at_every_size(name, size):
    made = preset(name, np.zeros(size), np.zeros(size), limit=0.25)
    assert made.shape == size
    assert made.dtype == np.float32
    assert np.abs(made).max() == pytest.approx(0.25)


@pytest.mark.parametrize("size", SIZES)
def test_slopes_and_laplacians_do_not_answer_to_even_light(size):
    for name in ("sobel x", "sobel y", "laplacian"):
        assert preset(name, np.zeros(size), np.zeros(size), 1.0).sum() == pytest.approx(0, abs=1e-5)


def test_flip_negate_zeros_and_original_start_from_the_kernel():
    before = values + 100
    np.testing.assert_array_equal(preset("flip", values, before, 1.0), values[:, ::-1])
    np.testing.assert_array_equal(preset("negate", values, before, 1.0), -values)
    np.testing.assert_array_equal(preset("original", values, before, 1.0), before)
    np.testing.assert_array_equal(preset("zeros", values, before, 1.0), 0 * values)


def test_random_has_the_layers_spread_and_is_the_same_for_the_same_seed():
    large = np.zeros((60, 60))
    made = preset("random", large, large, 1.0, spread=0.2, seed=3)
    assert made.std() == pytest.approx(0.2, rel=0.05)  # of 3,600 draws
    np.testing.assert_array_equal(made, preset("random", large, large, 1.0, spread=0.2, seed=3))
    assert (made != preset("random", large, large, 1.0, spread=0.2, seed=4)).any()


@pytest.mark.parametrize("name", PRESETS)
def test_a_single_weight_gets_a_number_or_a_refusal_in_words(name):
    one = np.ones((1, 1), np.float32)
    if name in ("laplacian", "sharpen", "sobel x", "sobel y"):
        with pytest.raises(ValueError, match="1×1 kernel is too small"):
            preset(name, one, one, 1.0)
    else:
        assert np.isfinite(preset(name, one, one, 1.0)).all()


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no preset 'emboss'; there are original, identity"):
        preset("emboss", values, values, 1.0)
