"""A set comes off the shelf as it was put there, or not at all."""

import numpy as np
import pytest

from cnnwidgets.data import ImageSet, shelf


def test_every_flipped_byte_of_a_kept_set_is_noticed(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "some.set"
    shelf.put(path, ImageSet.from_arrays(rng.random((3, 4, 4)), [0, 1, 2]))
    sound = path.read_bytes()
    assert shelf.take(path) is not None
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        assert shelf.take(path) is None


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, -1])
def test_a_kept_set_of_another_length_is_noticed(tmp_path, size):
    path = tmp_path / "some.set"
    shelf.put(path, ImageSet.from_arrays(np.zeros((3, 4, 4)), [0, 1, 2]))
    path.write_bytes(path.read_bytes()[:size])
    assert shelf.take(path) is None


def test_a_set_comes_off_the_shelf_as_it_was_put(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 6), np.uint8)
    before = ImageSet.from_arrays(images, [0, 1, 2, 1, 0], ["cat", "naïve\n", "犬"], name="pets")
    shelf.put(tmp_path / "some.set", before)
    after = shelf.take(tmp_path / "some.set")
    assert np.array_equal(after.images, before.images)
    assert np.array_equal(after.labels, before.labels)
    for field in ("name", "classes", "mean", "std"):
        assert getattr(after, field) == getattr(before, field)
