"""Pictures from strangers turned into pixels: a picture, or one sentence; nothing else."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 10_000_000
MAX_PIXELS = 25_000_000

# A progressive JPEG has about ten scans. Each costs a pass over all pixels, so that a small file
# with thousands of them would keep a decoder busy for minutes.
_MAX_JPEG_SCANS = 30

_ORIENTATION_TAG = 0x0112  # EXIF 2.32, 4.6.4: 1 is upright, 2 to 8 are mirrored or turned
_LIGHT = 192  # of 255: what is visible of a picture this light would vanish on white


def decode(
    data: bytes | bytearray | memoryview,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The first frame of a PNG, JPEG or WebP file, upright, as it is seen on a page.

    data: the file's bytes, from anyone.
    max_bytes, max_pixels: refused above, before anything is decoded. At most 30 bytes of
        memory are used for each pixel.
    Returns a new uint8 (channel, row, column): one channel where every pixel is grey, else three,
    RGB. 16-bit values are scaled to 8. Transparent parts become white; black, if what is visible
    is so light that it would vanish on white.
    Raises ValueError, in one sentence with the remedy, whatever is wrong, and nothing else.
    """
    with _one_sentence():
        image = _open(data, max_bytes, max_pixels)
        turn = _orientation(image)
        return _upright(_channels(image), turn)


def size_of(
    data: bytes | bytearray | memoryview,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> tuple[int, int]:
    """The (rows, columns) that decode would give, read from the header alone.

    Raises ValueError as decode does, though damage behind the header goes unseen.
    """
    with _one_sentence():
        image = _open(data, max_bytes, max_pixels)
        columns, rows = image.size
        return (columns, rows) if _orientation(image) >= 5 else (rows, columns)


class _Refused(ValueError):
    """A sentence that is meant for the person, as opposed to Pillow's own ValueErrors."""


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Whatever Pillow raises or warns of becomes one ValueError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except _Refused as refusal:
            raise ValueError(str(refusal)) from None
        except Exception as error:  # Pillow documents no list, and mutated files find every kind
            raise ValueError(
                "the picture is damaged or cut short; save it again, such as in PNG"
            ) from error


def _open(data: bytes | bytearray | memoryview, max_bytes: int, max_pixels: int) -> "Image":
    """Pillow's image, its header read and found acceptable, its pixels not yet decoded."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _Refused(f"the upload is a {type(data).__name__}; give the bytes of a picture file")
    size = memoryview(data).nbytes
    if size == 0:
        raise _Refused("the file is empty; choose a PNG, JPEG or WebP picture")
    if size > max_bytes:
        raise _Refused(
            f"the file has {size / 1e6:,.1f} MB, more than the {max_bytes / 1e6:,.1f} MB "
            "that are read; save the picture smaller"
        )
    content = bytes(data)
    kind = _kind(content)
    if kind == "WEBP":  # its decoder takes memory for the whole canvas as soon as it is opened
        _check_pixels(*_webp_size(content), max_pixels)
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content), formats=[kind])
    except Image.DecompressionBombError as bomb:  # twice Pillow's own limit, 179 million pixels
        raise _Refused(
            f"the picture has far more than the {max_pixels:,} pixels that are read; "
            "save it smaller"
        ) from bomb
    _check_pixels(*image.size, max_pixels)
    return image


def _kind(content: bytes) -> str:
    """Pillow's name of the format, from the file's signature."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if not content.startswith(b"\xff\xd8\xff"):
        raise _Refused("the file is no PNG, JPEG or WebP picture; save it as one of these")
    if content.count(b"\xff\xda") > _MAX_JPEG_SCANS:
        raise _Refused(
            f"the JPEG has more than {_MAX_JPEG_SCANS} scans; save it again, such as in PNG"
        )
    return "JPEG"


def _webp_size(content: bytes) -> tuple[int, int]:
    """(columns, rows) of a WebP canvas, from its header (RFC 9649, section 2)."""
    chunk, start = content[12:16], content[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        columns, rows = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (4, 7))
    elif chunk == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        columns, rows = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        columns, rows = (int.from_bytes(start[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return columns, rows


def _check_pixels(columns: int, rows: int, max_pixels: int) -> None:
    if columns * rows > max_pixels:
        raise _Refused(
            f"the picture has {columns:,}×{rows:,} pixels, more than the {max_pixels:,} "
            "that are read; save it smaller"
        )


def _channels(image: "Image") -> np.ndarray:
    """The decoded pixels, (1 or 3, row, column) uint8."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which convert would clip
        values = np.asarray(image).astype(np.uint32)
        return ((values * 255 + 32767) // 65535).clip(0, 255).astype(np.uint8)[None]
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        image = _opaque(image.convert("RGBA"))
    pixels = np.asarray(image.convert("L" if image.mode in {"1", "L"} else "RGB"))
    if pixels.ndim == 2:
        return pixels[None]
    red, green, blue = np.moveaxis(pixels, 2, 0)
    grey = np.array_equal(red, green) and np.array_equal(green, blue)
    return red[None] if grey else np.moveaxis(pixels, 2, 0)


def _opaque(image: "Image") -> "Image":
    """An RGBA image over white, or over black where it would vanish on white."""
    from PIL import Image

    levels = image.convert("L").histogram(mask=image.getchannel("A"))
    seen = sum(levels)
    light = seen and sum(level * count for level, count in enumerate(levels)) >= _LIGHT * seen
    paper = Image.new("RGBA", image.size, "black" if light else "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def _orientation(image: "Image") -> int:
    """EXIF's orientation, 1 to 8; 1 if there is none or it cannot be read."""
    try:
        turn = int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF is no reason to refuse sound pixels
        return 1
    return turn if 1 <= turn <= 8 else 1


def _upright(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Pixels as a viewer shows them that obeys EXIF's orientation; a new, contiguous array."""
    if turn >= 5:  # rows of the file are columns on the screen
        pixels = pixels.swapaxes(1, 2)
    if turn in (3, 4, 7, 8):
        pixels = pixels[:, ::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, :, ::-1]
    return np.array(pixels, dtype=np.uint8, order="C", subok=False)
