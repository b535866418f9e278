"""A folder of folders is a set: its names, its pictures; what is wrong with it, in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnwidgets.data import ImageSet, folder


def picture(level, size=(6, 5), mode="L"):
    """A picture of one level with a darker middle; size is (rows, columns)."""
    pixels = np.full(size, level, np.uint8)
    pixels[1:-1, 1:-1] = level // 2
    return Image.fromarray(pixels).convert(mode)


@pytest.fixture
def pets(tmp_path):
    """Two classes of grey pictures, 6×5 but for one of 12×10."""
    root = tmp_path / "pets"
    for name, levels in (("dog", (10, 20)), ("cat", (30, 40, 50))):
        (root / name).mkdir(parents=True)
        for level in levels:
            picture(level).save(root / name / f"{level}.png")
    picture(60, (12, 10)).save(root / "cat" / "large.png")
    return root


def test_sub_folders_are_the_classes_sorted_by_name(pets):
    images = ImageSet.from_folder(pets)
    assert repr(images) == "<ImageSet 'pets': 6 images of 1×6×5, 2 classes>"
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [0, 0, 0, 0, 1, 1]
    # The large one at half its size: the corner is the mean of three 60s and a 30.
    assert images.images[:, 0, 0, 0].tolist() == [30, 40, 50, 52, 10, 20]


def test_pixels_mean_and_std_are_those_of_the_files(pets):
    images = ImageSet.from_folder(str(pets))
    assert np.array_equal(images.images[0, 0], np.asarray(picture(30)))
    # Float64 sums of a few hundred values.
    assert images.mean == pytest.approx(((images.images / 255).mean(),), abs=1e-12)


@pytest.mark.parametrize(("size", "shape"), [(8, (8, 8)), ((9, 4), (9, 4))])
def test_a_size_that_is_given_is_the_size(pets, size, shape):
    assert ImageSet.from_folder(pets, size=size).images.shape == (6, 1, *shape)


def test_of_two_sizes_as_common_the_larger_is_taken(tmp_path):
    (tmp_path / "a").mkdir()
    picture(1, (3, 3)).save(tmp_path / "a" / "1.png")
    picture(2, (4, 4)).save(tmp_path / "a" / "2.png")
    assert ImageSet.from_folder(tmp_path).images.shape == (2, 1, 4, 4)


def test_pictures_of_another_shape_are_contained_amid_their_border(pets):
    picture(200, (6, 30)).save(pets / "dog" / "wide.png")
    wide = ImageSet.from_folder(pets).images[-1, 0]
    assert (wide[[0, 1, 4, 5]] == 200).all()


def test_grey_pictures_saved_in_colour_make_a_grey_set(pets):
    picture(70, mode="RGB").save(pets / "dog" / "rgb.png")
    picture(80, mode="RGBA").save(pets / "dog" / "rgba.webp", lossless=True)
    assert ImageSet.from_folder(pets).images.shape == (8, 1, 6, 5)


def test_one_coloured_picture_makes_a_colour_set(pets):
    Image.new("RGB", (5, 6), (9, 8, 7)).save(pets / "dog" / "colour.png")
    images = ImageSet.from_folder(pets).images
    assert images.shape == (7, 3, 6, 5)
    assert images[-1, :, 0, 0].tolist() == [9, 8, 7]
    assert images[0, :, 0, 0].tolist() == [30, 30, 30]


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_are_given_are_the_channels(pets, channels):
    Image.new("RGB", (5, 6), (200, 100, 50)).save(pets / "dog" / "colour.jpg", quality=100)
    assert ImageSet.from_folder(pets, channels=channels).images.shape[1] == channels


def test_a_photograph_is_turned_upright(pets):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(90, (5, 6)).save(pets / "dog" / "turned.png", exif=exif)
    images = ImageSet.from_folder(pets)
    assert np.array_equal(images.images[-1, 0], np.asarray(picture(90)))


def test_other_files_and_hidden_ones_are_not_touched(pets):
    (pets / "dog" / "notes.txt").write_text("good dogs")
    (pets / "dog" / ".hidden.png").write_bytes(b"no picture")
    (pets / "dog" / ".thumbnails").mkdir()
    (pets / "dog" / ".thumbnails" / "1.png").write_bytes(b"no picture")
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (pets / name).mkdir()
    picture(5).save(pets / "beside.png")
    assert len(ImageSet.from_folder(pets)) == 6


def test_folders_inside_a_class_belong_to_it_and_suffixes_may_be_capitals(pets):
    (pets / "dog" / "more").mkdir()
    picture(70).save(pets / "dog" / "more" / "1.PNG")
    assert ImageSet.from_folder(pets).labels.tolist() == [0, 0, 0, 0, 1, 1, 1]


def warned(path):
    with pytest.warns(UserWarning, match=" left out: ") as caught:
        images = ImageSet.from_folder(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    message = str(caught[0].message)
    assert "\n" not in message
    return images, message


def test_an_unreadable_picture_is_left_out_with_a_warning_that_names_it(pets):
    (pets / "cat" / "bad.png").write_bytes(b"no picture")
    images, message = warned(pets)
    assert len(images) == 6
    assert message == (
        f"1 picture in {str(pets)!r} left out: {Path('cat', 'bad.png')} "
        "(the first: the file is no PNG, JPEG or WebP picture; save it as one of these)"
    )


def test_of_many_unreadable_pictures_three_are_named_and_all_counted(pets):
    for number in range(5):
        (pets / "cat" / f"bad{number}.png").write_bytes(b"no picture")
    _, message = warned(pets)
    assert message.startswith(f"5 pictures in {str(pets)!r} left out: ")
    assert "bad2.png and 2 more (" in message
    assert "bad3.png" not in message


def test_a_picture_damaged_behind_its_header_is_left_out_too(pets):
    sound = (pets / "cat" / "large.png").read_bytes()
    (pets / "cat" / "large.png").write_bytes(sound[:45])
    images, message = warned(pets)
    assert images.labels.tolist() == [0, 0, 0, 1, 1]
    assert "large.png (the first: the picture is damaged or cut short" in message


def refusal(kind, path, **settings):
    with pytest.raises(kind) as caught:
        ImageSet.from_folder(path, **settings)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_path_that_is_not_there_is_named(tmp_path):
    assert refusal(FileNotFoundError, tmp_path / "gone").endswith("gone'; check the path")


def test_a_file_is_no_folder(pets):
    path = pets / "cat" / "30.png"
    assert "is a file; give the folder" in refusal(NotADirectoryError, path)


def test_an_empty_folder_says_where_the_pictures_belong(tmp_path):
    assert "holds no sub-folder; put the pictures of each class" in refusal(ValueError, tmp_path)


def test_pictures_without_a_class_are_not_guessed_at(pets):
    assert f"{str(pets / 'cat')!r} holds no sub-folder" in refusal(ValueError, pets / "cat")


def test_a_class_without_pictures_is_named(pets):
    (pets / "eel").mkdir()
    (pets / "eel" / "1.gif").write_bytes(b"GIF89a")
    message = refusal(ValueError, pets)
    assert message.startswith("class 'eel' in ")
    assert "holds no PNG, JPEG or WebP picture; add some, or remove it" in message


@pytest.mark.parametrize("size", [None, 8])
def test_a_class_without_a_readable_picture_is_named(pets, size):
    (pets / "eel").mkdir()
    (pets / "eel" / "1.png").write_bytes(b"no picture")
    assert "class 'eel'" in refusal(ValueError, pets, size=size)


def test_a_folder_of_unreadable_pictures_alone_is_refused(tmp_path):
    (tmp_path / "eel").mkdir()
    (tmp_path / "eel" / "1.png").write_bytes(b"no picture")
    assert "none of the 1 pictures" in refusal(ValueError, tmp_path)


@pytest.mark.parametrize("size", [0, -3, 2.5, (3,), (3, 0), "28", (1, 2, 3)])
def test_a_bad_size_is_refused_with_its_value(pets, size):
    assert refusal(ValueError, pets, size=size).startswith(f"size (={size!r}) must be (rows, col")


@pytest.mark.parametrize("channels", [0, 2, 4, "RGB"])
def test_a_bad_number_of_channels_is_refused_with_its_value(pets, channels):
    assert refusal(ValueError, pets, channels=channels).startswith(f"channels (={channels!r})")


def test_pictures_that_would_not_fit_in_memory_ask_for_a_size(pets, monkeypatch):
    monkeypatch.setattr(folder, "_MAX_SET_BYTES", 6 * 30 - 1)
    message = refusal(ValueError, pets)
    assert message.startswith("6 pictures of 6×5 pixels do not fit in memory; give a smaller size")
    assert len(ImageSet.from_folder(pets, size=5)) == 6
