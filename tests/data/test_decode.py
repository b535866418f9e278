"""An upload becomes the picture that a page would show, or one sentence; never anything else."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnnwidgets.data.decode import decode, size_of
from tests.data.uploads import png, saved, seal, seeds

ROOT = Path(__file__).resolve().parents[2]
SEEDS = seeds()
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


def channels_first(image):
    return np.moveaxis(np.asarray(image), 2, 0)


@pytest.mark.parametrize("kind", SEEDS)
def test_each_kind_of_file_gives_a_picture_of_the_size_in_its_header(kind):
    picture = decode(SEEDS[kind])
    assert picture.dtype == np.uint8
    assert picture.flags.writeable
    assert picture.flags.c_contiguous
    assert picture.shape[1:] == size_of(SEEDS[kind])


@pytest.mark.parametrize(("kind", "settings"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_a_lossless_colour_picture_is_decoded_exactly(kind, settings):
    data = saved(Image.fromarray(COLOUR), kind, **settings)
    assert np.array_equal(decode(data), channels_first(COLOUR))


def test_a_jpeg_gives_what_pillow_decodes():
    data = SEEDS["jpeg"]
    assert np.array_equal(decode(data), channels_first(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_picture_of_grey_pixels_has_one_channel_whatever_its_mode(mode):
    grey = COLOUR[..., 0]
    assert np.array_equal(decode(saved(Image.fromarray(grey).convert(mode), "PNG")), grey[None])


def test_one_coloured_pixel_makes_three_channels():
    grey = np.full((4, 4, 3), 90, np.uint8)
    grey[2, 1, 2] = 91
    assert np.array_equal(decode(saved(Image.fromarray(grey), "PNG")), channels_first(grey))


def test_16_bit_grey_is_scaled_not_clipped():
    values = np.array([[0, 128, 129], [257, 32768, 65535]], ">u2")
    assert decode(png(16, 0, values.tobytes(), (2, 3))).tolist() == [[[0, 0, 1], [1, 128, 255]]]


def test_16_bit_colour_is_scaled_not_clipped():
    values = np.array([[0, 32768, 65535]], ">u2")
    assert decode(png(16, 2, values.tobytes(), (1, 1))).ravel().tolist() == [0, 128, 255]


def test_1_bit_pixels_are_black_and_white():
    image = Image.fromarray(np.array([[True, False]]))
    assert decode(saved(image, "PNG")).tolist() == [[[255, 0]]]


def test_a_palette_is_looked_up():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert decode(saved(image, "PNG")).tolist() == [[[10, 40]], [[20, 50]], [[30, 60]]]


def test_cmyk_is_shown_as_rgb():
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red, green, blue = decode(saved(image, "JPEG", quality=100))[:, 4, 4]
    # JPEG rounds each of the four inks.
    assert (red > 250, green < 5, blue < 5) == (True, True, True)


def clear(ink, shape=(3, 3)):
    """A PNG that is transparent but for its middle, which is ink."""
    image = Image.new("RGBA", shape[::-1], (0, 0, 0, 0))
    image.putpixel((1, 1), ink)
    return saved(image, "PNG")


def test_dark_ink_on_transparent_paper_stands_on_white():
    expected = np.full((1, 3, 3), 255)
    expected[0, 1, 1] = 20
    assert np.array_equal(decode(clear((20, 20, 20, 255))), expected)


def test_light_ink_on_transparent_paper_stands_on_black_where_it_can_be_seen():
    expected = np.zeros((1, 3, 3))
    expected[0, 1, 1] = 250
    assert np.array_equal(decode(clear((250, 250, 250, 255))), expected)


def test_half_transparent_ink_is_mixed_with_the_paper():
    # 100 at 128/255 over white: 255 - 155 * 128 / 255 = 177.2
    assert decode(clear((100, 100, 100, 128)))[0, 1, 1] == 177


def test_a_wholly_transparent_picture_is_white():
    assert (decode(saved(Image.new("RGBA", (4, 4)), "PNG")) == 255).all()


def test_a_transparent_palette_entry_becomes_paper():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    data = saved(image, "PNG", transparency=0)
    assert decode(data).tolist() == [[[255, 40]], [[255, 50]], [[255, 60]]]


@pytest.mark.parametrize("turn", range(9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_exif_turns_the_picture_as_a_viewer_does(kind, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(Image.fromarray(COLOUR), kind, exif=exif, lossless=True)
    expected = channels_first(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert np.array_equal(decode(data), expected)
    assert size_of(data) == expected.shape[1:]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert decode(data)[:, 0, 0].tolist() == [255, 0, 0]


def refusal(data, **caps):
    with pytest.raises(ValueError, match=";") as caught:
        decode(data, **caps)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("data", [b"", bytearray(), memoryview(b"")])
def test_an_empty_file_is_named_so(data):
    assert refusal(data) == "the file is empty; choose a PNG, JPEG or WebP picture"


@pytest.mark.parametrize("data", [None, "text", 3, [1, 2]])
def test_what_is_no_bytes_is_refused_in_a_sentence(data):
    assert type(data).__name__ in refusal(data)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO", "JPEG2000"])
def test_a_format_outside_the_list_is_refused_though_pillow_could_read_it(kind):
    assert "no PNG, JPEG or WebP" in refusal(saved(Image.fromarray(COLOUR), kind))


@pytest.mark.parametrize("data", [b"hello", b"<svg></svg>", b"RIFF\0\0\0\0WAVE", bytes(1000)])
def test_what_is_no_picture_is_refused(data):
    assert "no PNG, JPEG or WebP" in refusal(data)


@pytest.mark.parametrize("kind", SEEDS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_gives_a_sentence_or_a_picture_of_the_promised_size(kind, share):
    data = SEEDS[kind][: int(len(SEEDS[kind]) * share)]
    try:
        picture = decode(data)
    except ValueError:
        refusal(data)
    else:  # cut behind the first frame, or in what follows the pixels
        assert np.array_equal(picture, decode(SEEDS[kind]))


def test_too_many_bytes_are_refused_with_both_numbers():
    message = refusal(SEEDS["png rgb"] + bytes(2_000_000), max_bytes=1_500_000)
    assert message.startswith("the file has 2.0 MB, more than the 1.5 MB")


def test_the_largest_allowed_numbers_are_allowed():
    data = SEEDS["png rgb"]
    assert decode(data, max_bytes=len(data), max_pixels=12 * 9).shape == (3, 12, 9)
    refusal(data, max_bytes=len(data) - 1)
    refusal(data, max_pixels=12 * 9 - 1)


def bombs():
    """Small files whose headers claim 60,000×60,000 pixels, or as many as the format allows."""
    wide = bytearray(png(8, 0, bytes(1), (1, 1)))
    wide[16:24] = b"\0\0\xea\x60" * 2
    jpeg = bytearray(SEEDS["jpeg"])
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xea\x60\xea\x60"
    lossy, lossless, moving = (
        bytearray(SEEDS[kind]) for kind in ("webp", "webp lossless", "webp moving")
    )
    lossy[26:30] = b"\xff\x3f\xff\x3f"
    lossless[21:25] = b"\xff\xff\xff\x0f"
    moving[24:30] = b"\xff\xff\0\xff\xff\0"
    return {"png": seal(wide), "jpeg": jpeg, "webp": lossy, "lossless": lossless, "canvas": moving}


@pytest.mark.parametrize("kind", bombs())
def test_a_decompression_bomb_is_refused_by_its_header(kind, monkeypatch):
    def no_pixels(self):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(Image.Image, "convert", no_pixels)
    assert "more than the 25,000,000" in refusal(bytes(bombs()[kind]))


def test_a_webp_bomb_never_reaches_the_decoder(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *arguments, **settings: pytest.fail("opened"))
    assert "16,383×16,383 pixels" in refusal(bytes(bombs()["webp"]))


def test_a_jpeg_of_thousands_of_scans_is_refused():
    data = SEEDS["jpeg progressive"]
    last = data.rindex(b"\xff\xda")
    assert "scans" in refusal(data[:-2] + data[last:-2] * 2000 + data[-2:])


def test_damaged_exif_is_no_reason_to_refuse_sound_pixels():
    data = SEEDS["jpeg exif"]
    at = data.index(b"Exif\0\0") + 6
    damaged = data[:at] + b"\xff" * 8 + data[at + 8 :]
    assert np.array_equal(decode(damaged), decode(SEEDS["jpeg"]))


def test_20000_mutated_uploads_give_a_picture_or_a_sentence_in_bounded_memory():
    # In a process of its own, whose peak memory is then that of decoding. Warnings stay errors,
    # so one that leaked would be found.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.data.uploads", "20000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert found["worse"] == []
    assert found["pictures"] + found["sentences"] == 20_000
    assert min(found["pictures"], found["sentences"]) > 2_000
    # One header may claim 25 million pixels, of up to 30 bytes each while they are decoded.
    assert found["grown_mb"] < 25 * 30
