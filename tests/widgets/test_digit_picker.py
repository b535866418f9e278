"""DigitPicker: filters, orders and tiles; test_digit_picker_misread.py has what is misread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from traitlets import TraitError

import cnnwidgets as cw
from cnnwidgets.widgets.digit_picker import TILES_A_MESSAGE, small


@pytest.fixture
def picker(page, shipped):
    return cw.DigitPicker(images=shipped[2])


def test_alone_it_shows_the_image_of_its_index(picker):
    picker.index = 9
    assert (picker.image == picker.images.images[9]).all()
    assert picker.label == picker.images.labels[9]
    with pytest.raises(TraitError, match="from 0 to 199"):
        picker.index = 200
    assert picker.index == 9


def test_a_class_alone_is_shown_in_the_order_of_the_set(picker):
    for only in (3, 7):
        picker.only = only
        assert picker.order.tolist() == np.flatnonzero(picker.images.labels == only).tolist()
    picker.only = None
    assert len(picker.order) == 200
    with pytest.raises(TraitError, match="from 0 to 9"):
        picker.only = 10


def test_a_filter_that_nothing_passes_shows_nothing(page):
    images = cw.ImageSet.from_arrays(np.zeros((2, 4, 4), "uint8"), [0, 0], ["a", "b"])
    picker = cw.DigitPicker(images=images)
    picker.only = 1
    assert len(picker.order) == 0
    page.clear()
    page.ask(picker, {"start": 0, "stop": 9, "version": picker.version})
    assert page.replies()[0][0]["shape"] == (0, 1, 4, 4)


def test_a_shuffle_is_a_permutation_and_the_same_for_the_same_seed(picker, page, shipped):
    picker.seed = 5
    first = picker.order
    assert sorted(first.tolist()) == list(range(200))
    assert first.tolist() != list(range(200))
    picker.seed = 6
    assert picker.order.tolist() != first.tolist()
    assert cw.DigitPicker(images=shipped[2], seed=5).order.tolist() == first.tolist()
    picker.seed = 0
    assert picker.order.tolist() == list(range(200))


@pytest.mark.parametrize("seed", [-1, 2**32, 10**40, 1.5, True])
def test_a_seed_that_is_none_is_refused(picker, seed):
    with pytest.raises(TraitError, match="seed"):
        picker.seed = seed


def test_every_change_of_the_order_is_one_message_with_a_new_version(picker, page):
    page.clear()
    picker.seed = 4
    page.write(picker, {"only": 2, "seed": 9})
    versions = [sent["version"] for sent in page.updates() if "order" in sent]
    assert all("version" in sent for sent in page.updates() if "order" in sent)
    assert versions == sorted(set(versions))


def test_tiles_are_the_images_of_the_order(picker, page):
    picker.only, picker.seed = 4, 3
    page.clear()
    page.ask(picker, {"start": 2, "stop": 7, "version": picker.version})
    ((content, buffers),) = page.replies()
    tiles = np.frombuffer(buffers[0], np.uint8).reshape(content["shape"])
    assert (tiles == picker.images.images[picker.order[2:7]]).all()
    assert content["start"] == 2
    assert content["version"] == picker.version


def test_tiles_of_an_order_that_is_gone_are_not_sent(picker, page):
    version = picker.version
    picker.seed = 2
    page.clear()
    page.ask(picker, {"start": 0, "stop": 5, "version": version})
    assert not page.replies()
    assert picker.error == ""


@pytest.mark.parametrize(
    ("start", "stop", "amount"), [(-5, 3, 3), (198, 10**30, 2), (9, 3, 0), (10**30, 10**31, 0)]
)
def test_a_request_beyond_the_order_gets_what_there_is(picker, page, start, stop, amount):
    page.clear()
    page.ask(picker, {"start": start, "stop": stop, "version": picker.version})
    assert page.replies()[0][0]["shape"][0] == amount


def test_a_request_for_everything_gets_a_limited_part(page):
    count = TILES_A_MESSAGE + 10
    images = cw.ImageSet.from_arrays(np.zeros((count, 4, 4), "uint8"), [0] * count)
    picker = cw.DigitPicker(images=images)
    page.clear()
    page.ask(picker, {"start": 0, "stop": count, "version": picker.version})
    assert page.replies()[0][0]["shape"][0] == TILES_A_MESSAGE


@pytest.mark.parametrize(
    "content", [None, 3, "tiles", [1], {}, {"start": 0}, {"start": True, "stop": 2, "version": 1}]
)
def test_a_request_that_is_none_is_told_so(picker, page, content):
    page.clear()
    page.ask(picker, content)
    assert "start, stop and version" in picker.error
    assert not page.replies()


@given(arrays.arrays(np.uint8, st.tuples(*map(st.integers, (0, 1, 1, 1), (3, 4, 100, 100)))))
def test_tiles_are_small_and_made_of_true_pixels(images):
    tiles = small(images)
    assert max(tiles.shape[2:]) <= 48
    assert tiles.shape[1] in (1, 3)
    stride = -(-max(images.shape[2:]) // 48)
    assert (tiles == images[:, : tiles.shape[1], ::stride, ::stride]).all()


def test_misread_needs_a_network_that_scores_classes(page, picker):
    with pytest.raises(TraitError, match="needs a microscope"):
        picker.misread = True
    page.write(picker, {"misread": True})
    assert not picker.misread
    assert "needs a microscope" in picker.error


@pytest.mark.parametrize("make", [lambda images: {}, lambda images: {"scope": 3, "images": images}])
def test_it_needs_a_microscope_or_images(shipped, make):
    with pytest.raises(TypeError, match="one of them"):
        cw.DigitPicker(**make(shipped[2]))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sets_of_one_to_four_channels_are_shown(page, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (3, channels, 9, 9), dtype=np.uint8)
    picker = cw.DigitPicker(images=cw.ImageSet.from_arrays(pixels, [0, 1, 2]))
    page.clear()
    page.ask(picker, {"start": 0, "stop": 3, "version": picker.version})
    assert page.replies()[0][0]["shape"][1] == (3 if channels > 2 else 1)
    assert picker.image.shape == (channels, 9, 9)
