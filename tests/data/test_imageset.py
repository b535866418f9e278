"""One's own arrays become an ImageSet, or are refused in one sentence with a remedy."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnwidgets.data import ImageSet, as_pixels

GREY = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
COLOUR = np.arange(2 * 3 * 6 * 7, dtype=np.uint8).reshape(2, 3, 6, 7)


def test_grey_images_get_a_channel_axis():
    images = ImageSet.from_arrays(GREY, [0, 1])
    assert images.images.shape == (2, 1, 3, 5)
    assert np.array_equal(images.images[:, 0], GREY)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_one_to_four_channels_are_kept_as_they_are(channels):
    pixels = np.full((2, channels, 6, 7), 9, np.uint8)
    images = ImageSet.from_arrays(pixels, [0, 1])
    assert np.array_equal(images.images, pixels)
    assert len(images.mean) == len(images.std) == channels


def test_one_pixel_images_make_a_set():
    assert ImageSet.from_arrays(np.zeros((3, 1, 1), bool), [0, 0, 0]).images.shape == (3, 1, 1, 1)


def test_labels_are_int64_and_classes_are_named_up_to_the_largest():
    images = ImageSet.from_arrays(GREY, np.array([3, 0], np.uint8))
    assert images.labels.dtype == np.int64
    assert images.labels.tolist() == [3, 0]
    assert images.classes == ("0", "1", "2", "3")


def test_more_class_names_than_labels_are_kept():
    assert ImageSet.from_arrays(GREY, [0, 0], ["cat", "dog"]).classes == ("cat", "dog")


def test_len_and_repr_tell_the_size():
    images = ImageSet.from_arrays(COLOUR, [0, 1], name="birds")
    assert len(images) == 2
    assert repr(images) == "<ImageSet 'birds': 2 images of 3×6×7, 2 classes>"


def test_the_arrays_are_read_only():
    images = ImageSet.from_arrays(GREY, [0, 1])
    with pytest.raises(ValueError, match="read-only"):
        images.images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        images.labels[0] = 0


def test_changing_the_callers_arrays_changes_nothing_in_the_set():
    pixels, labels = GREY.copy(), np.array([0, 1])
    images = ImageSet.from_arrays(pixels, labels)
    pixels[:] = 200
    labels[:] = 0
    assert np.array_equal(images.images[:, 0], GREY)
    assert images.labels.tolist() == [0, 1]
    assert pixels.flags.writeable
    assert labels.flags.writeable


def test_a_set_made_directly_from_writable_arrays_copies_them():
    pixels, labels = COLOUR.copy(), np.array([0, 1])
    images = ImageSet("own", pixels, labels, ("a", "b"), (0.5,) * 3, (0.5,) * 3)
    pixels[:] = 0
    assert np.array_equal(images.images, COLOUR)
    assert not images.images.flags.writeable
    assert not images.labels.flags.writeable


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda images: pickle.loads(pickle.dumps(images))]
)
def test_a_copied_or_unpickled_set_is_equal_and_still_read_only(again):
    images = ImageSet.from_arrays(COLOUR, [0, 1], ["cat", "dog"], name="pets")
    other = again(images)
    assert np.array_equal(other.images, images.images)
    assert (other.name, other.classes, other.mean) == (images.name, images.classes, images.mean)
    assert not other.images.flags.writeable
    assert not other.labels.flags.writeable


def test_a_set_made_directly_from_other_dtypes_names_from_arrays():
    with pytest.raises(TypeError, match=r"images must be a 4-dimensional uint8.*from_arrays"):
        ImageSet("own", GREY, np.array([0, 1]), ("a", "b"), (0.5,), (0.5,))


def test_mean_and_std_are_measured_per_channel():
    values = COLOUR / 255
    images = ImageSet.from_arrays(COLOUR, [0, 1])
    # Float64 sums in another order: 1e-12 is a thousand times their rounding.
    assert images.mean == pytest.approx(values.mean(axis=(0, 2, 3)), abs=1e-12)
    assert images.std == pytest.approx(values.std(axis=(0, 2, 3)), abs=1e-12)


def test_a_constant_channel_gets_std_one_so_that_normalising_stays_finite():
    images = ImageSet.from_arrays(np.full((2, 4, 4), 51, np.uint8), [0, 1])
    assert images.std == (1.0,)
    assert np.all(images.normalize(images.images) == np.float32(0.2) - np.float32(images.mean[0]))


def test_given_mean_and_std_are_taken_for_every_channel():
    images = ImageSet.from_arrays(COLOUR, [0, 1], mean=0.5, std=[0.1, 0.2, 0.3])
    assert images.mean == (0.5, 0.5, 0.5)
    assert images.std == (0.1, 0.2, 0.3)


def test_normalize_is_the_formula_channel_by_channel():
    images = ImageSet.from_arrays(COLOUR, [0, 1], mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6])
    mean, std = (np.array(v)[:, None, None] for v in (images.mean, images.std))
    result = images.normalize(images.images)
    assert result.dtype == np.float32
    # Three float32 roundings of values of about 1.
    np.testing.assert_allclose(result, (COLOUR / 255 - mean) / std, atol=1e-6)


def test_normalize_takes_a_single_image_and_leaves_it_unchanged():
    images = ImageSet.from_arrays(COLOUR, [0, 1])
    single = images.images[1]
    assert np.array_equal(images.normalize(single), images.normalize(images.images)[1])
    assert np.array_equal(single, COLOUR[1])


def test_normalize_refuses_other_dtypes_and_channel_counts():
    images = ImageSet.from_arrays(COLOUR, [0, 1])
    with pytest.raises(TypeError, match=r"images has dtype float64; convert it with as_pixels"):
        images.normalize(COLOUR / 255)
    with pytest.raises(ValueError, match=r"shape \(2, 1, 3, 5\).*3 channels"):
        images.normalize(GREY[:, None])


FLAWS = {
    "channels last": (
        (np.zeros((2, 6, 7, 3), np.uint8), [0, 1]),
        ValueError,
        r"shape \(2, 6, 7, 3\), channels last.*transpose\(0, 3, 1, 2\)",
    ),
    "too many channels": (
        (np.zeros((2, 5, 6, 7), np.uint8), [0, 1]),
        ValueError,
        "images has 5 channels .*1 to 4",
    ),
    "a single image": ((np.zeros((6, 7), np.uint8), [0]), ValueError, r"\(6, 7\).*images\[None\]"),
    "five axes": ((np.zeros((1, 1, 1, 6, 7), np.uint8), [0]), ValueError, "reshape"),
    "no images": ((np.zeros((0, 6, 7), np.uint8), []), ValueError, r"images is empty.*\(0, 6, 7\)"),
    "no pixels": ((np.zeros((2, 0, 7), np.uint8), [0, 1]), ValueError, "images is empty"),
    "int64 pixels": ((GREY.astype(int), [0, 1]), TypeError, "dtype int64.*astype"),
    "16 bits": (
        (GREY.astype(np.uint16) * 200, [0, 1]),
        TypeError,
        "uint16 and values from 0 to 5800; .*: divide it by the largest.* 65535 of 16 bits$",
    ),
    "below zero": (
        (GREY.astype(np.int16) - 9, [0, 1]),
        TypeError,
        "int16 and values from -9 to 20; .*: add to it until none is negative",
    ),
    "several sizes": (
        ([np.zeros((3, 4, 5)), np.zeros((3, 4, 6))], [0, 1]),
        ValueError,
        r"several sizes, \(3, 4, 5\) and \(3, 4, 6\); bring all of them to one",
    ),
    "text": (
        ("cat", [0]),
        TypeError,
        r"images has dtype <U3; give uint8, bool, or floats in 0..1$",
    ),
    "ragged rows": (([[[1.0], [1.0, 0.5]]], [0]), ValueError, "rows of equal length"),
    "NaN": ((np.full((2, 3, 3), np.nan), [0, 1]), ValueError, "images has 18 NaN or infinite"),
    "0 to 255 as floats": ((GREY * 8.5, [0, 1]), ValueError, r"outside 0\.\.1; divide by 255"),
    "negative": ((GREY / 29 - 0.5, [0, 1]), ValueError, r"from -0\.5 to 0\.5.*clip"),
    "too few labels": ((GREY, [0]), ValueError, "labels has 1 entry for 2 images"),
    "too many labels": ((GREY, [0, 1, 1]), ValueError, "labels has 3 entries for 2 images"),
    "float labels": ((GREY, [0.0, 1.0]), TypeError, r"labels has dtype float64.*astype\(int\)"),
    "named labels": (
        (GREY, ["cat", "dog"]),
        TypeError,
        r"labels has dtype <U3.*numpy\.unique\(labels, r",
    ),
    "boolean labels": ((GREY, [True, False]), TypeError, "labels has dtype bool"),
    "one-hot labels": ((GREY, np.eye(2, dtype=int)), ValueError, r"\(2, 2\).*argmax"),
    "ragged labels": ((GREY, [[0], [0, 1]]), TypeError, "labels is no array.*one integer"),
    "negative label": ((GREY, [0, -1]), ValueError, "labels holds -1; number .* from 0"),
    "label too large": ((GREY, [0, 2], ["a", "b"]), ValueError, "holds 2, but classes has 2 names"),
    "label without a name": ((GREY, [0, 10**9]), ValueError, "labels holds 1000000000, too large"),
    "label beyond int64": (
        (GREY, np.array([0, 2**63], np.uint64)),
        ValueError,
        "labels holds 9223372036854775808",
    ),
    "classes as one word": ((GREY, [0, 1], "ab"), TypeError, r"classes \(='ab'\)"),
    "a number of classes": ((GREY, [0, 1], 2), TypeError, r"classes \(=2\) must be a list"),
    "classes of numbers": ((GREY, [0, 1], [5, 6]), TypeError, r"classes \(=5\)"),
    "a class twice": ((GREY, [0, 1], ["cat", "cat"]), ValueError, "names 'cat' twice"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_refused_in_one_sentence(flaw):
    arguments, kind, words = FLAWS[flaw]
    with pytest.raises(kind, match=words) as caught:
        ImageSet.from_arrays(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"mean": 127}, ValueError, r"mean \(=127\) must be from 0 to 1.*255"),
        ({"mean": float("nan")}, ValueError, r"mean \(=nan\)"),
        ({"std": 0}, ValueError, r"std \(=0\) must be above 0"),
        ({"std": [0.1, 0.2]}, ValueError, r"std \(=\[0.1, 0.2\]\).*3, the number of channels"),
        ({"mean": "grey"}, TypeError, r"mean \(='grey'\)"),
    ],
)
def test_a_bad_mean_or_std_is_refused_with_its_value(settings, kind, words):
    with pytest.raises(kind, match=words):
        ImageSet.from_arrays(COLOUR, [0, 1], **settings)


def test_pixels_of_bool_are_0_and_255():
    assert as_pixels(np.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_every_uint8_level_survives_a_trip_through_floats(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(as_pixels((levels / 255).astype(dtype)), levels)


def test_what_leaves_the_range_by_rounding_is_black_or_white():
    assert as_pixels(np.array([1 + 2e-7, -2e-7], np.float32)).tolist() == [255, 0]
    with pytest.raises(ValueError, match=r"from 0 to 1\.00002, outside"):
        as_pixels(np.array([0, 1.00002]))


def test_the_remedy_for_a_tensor_that_numpy_cannot_take_is_one():
    tensor = torch.full((2, 4, 4), 0.2, dtype=torch.bfloat16, requires_grad=True)
    with pytest.raises(TypeError, match=r"such as tensor\.detach\(\)\.cpu\(\)\.float") as caught:
        ImageSet.from_arrays(tensor, [0, 1])
    again = eval(str(caught.value).rpartition("such as ")[2], {"tensor": tensor})
    assert (ImageSet.from_arrays(again, [0, 1]).images == 51).all()


@given(hnp.arrays(np.float64, (2, 3), elements=st.floats(0, 1)))
def test_a_float_is_rounded_to_the_nearest_of_256_levels(values):
    # Half a level, and the float32 rounding of 255.
    assert np.abs(as_pixels(values) - values * 255).max() <= 0.5 + 2e-5


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=4)))
def test_uint8_pixels_are_copied_unchanged(values):
    pixels = as_pixels(values)
    assert np.array_equal(pixels, values)
    assert not np.shares_memory(pixels, values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_counted_under_the_given_name(bad):
    drawing = np.zeros((4, 4))
    drawing[1, 2] = drawing[3, 3] = bad
    with pytest.raises(ValueError, match=r"^drawing has 2 NaN or infinite values of 16; "):
        as_pixels(drawing, name="drawing")
