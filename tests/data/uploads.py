"""Pictures as strangers upload them, and 20,000 mutations; run as a program, it reports on them."""

import io
import json
import random
import resource
import struct
import sys
import zlib

import numpy as np
from PIL import Image

from cnnwidgets.data.decode import decode


def png(bits, kind, raw, size, *chunks):
    """A PNG written by hand: for kinds that Pillow reads but does not write."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", size[1], size[0], bits, kind, 0, 0, 0)
    rows = np.frombuffer(raw, np.uint8).reshape(size[0], -1)
    filtered = np.pad(rows, ((0, 0), (1, 0))).tobytes()
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(filtered))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def saved(image, kind, **settings):
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def seeds():
    """A file of each kind, by name."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (12, 9, 3), np.uint8)
    smooth = np.add.outer(np.arange(24), np.arange(16)).astype(np.uint8)[..., None]
    colour = Image.fromarray(smooth * np.array([3, 4, 6], np.uint8))
    grey = Image.fromarray(noise[..., 0])
    clear = colour.copy()
    clear.putalpha(Image.fromarray(smooth[..., 0] * np.uint8(6)))
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = [Image.fromarray(noise), Image.fromarray(255 - noise)]
    moving = {"save_all": True, "append_images": frames[1:], "duration": 100}
    deep = np.arange(108, dtype=">u2") * 600
    return {
        "png rgb": saved(Image.fromarray(noise), "PNG"),
        "png grey": saved(grey, "PNG"),
        "png 1 bit": saved(grey.convert("1"), "PNG"),
        "png 16 bit": png(16, 0, deep.tobytes(), (12, 9)),
        "png 16 bit rgb": png(16, 2, deep.tobytes(), (6, 6)),
        "png 16 bit alpha": png(16, 4, deep.tobytes(), (9, 6)),
        "png rgba": saved(clear, "PNG"),
        "png grey alpha": saved(clear.convert("LA"), "PNG"),
        "png palette": saved(colour.convert("P"), "PNG"),
        "png clear palette": saved(colour.convert("P"), "PNG", transparency=3),
        "png exif": saved(colour, "PNG", exif=turned),
        "png text": saved(colour, "PNG", icc_profile=b"profile" * 40),
        "apng": saved(frames[0], "PNG", **moving),
        "jpeg": saved(colour, "JPEG"),
        "jpeg grey": saved(grey, "JPEG"),
        "jpeg progressive": saved(colour, "JPEG", progressive=True),
        "jpeg cmyk": saved(colour.convert("CMYK"), "JPEG"),
        "jpeg exif": saved(colour, "JPEG", exif=turned),
        "webp": saved(colour, "WEBP"),
        "webp lossless": saved(Image.fromarray(noise), "WEBP", lossless=True),
        "webp rgba": saved(clear, "WEBP", exif=turned),
        "webp moving": saved(frames[0], "WEBP", **moving),
    }


def mutated(rng, files):
    """One file with a few bytes changed, cut, repeated, or with a part of another spliced in."""
    data = bytearray(rng.choice(files))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(5)
        if change <= 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif change == 2:
            del data[at : at + rng.choice((1, 4, 60, 100_000))]
        elif change == 3:
            other = rng.choice(files)
            start = rng.randrange(len(other))
            data[at:at] = other[start : start + rng.choice((1, 4, 60, 1000))]
        else:
            data[at : at + 4] = rng.choice(
                (b"\xff" * 4, bytes(4), b"\0\0\x10\0", b"\x7f\xff\xff\xff")
            )
    return bytes(data)


def seal(data):
    """A PNG's checksums made true again, so that damage gets past them; others as they are."""
    whole = bytearray(data)
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4], "big")
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = struct.pack(">I", zlib.crc32(whole[at + 4 : end]))
        at = end + 4
    return bytes(whole)


def report(count):
    """Decode count mutations; how many gave a picture, a sentence, or something worse."""
    rng = random.Random(0)
    files = list(seeds().values())
    for file in files:
        decode(file)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"pictures": 0, "sentences": 0, "worse": []}
    for _ in range(count):
        data = mutated(rng, files)
        data = seal(data) if rng.random() < 0.5 else data
        try:
            picture = decode(data)
            sound = picture.dtype == np.uint8 and picture.ndim == 3 and len(picture) in (1, 3)
            found["pictures"] += 1
            if not sound or picture.size == 0:
                found["worse"].append(f"{picture.dtype} {picture.shape}")
        except ValueError as error:
            found["sentences"] += 1
            if type(error) is not ValueError or "\n" in str(error) or ";" not in str(error):
                found["worse"].append(repr(error))
        except BaseException as error:
            found["worse"].append(repr(error))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found["grown_mb"] = (after - before) / (1e6 if sys.platform == "darwin" else 1e3)
    return found


if __name__ == "__main__":
    print(json.dumps(report(int(sys.argv[1]))))
