"""Pictures saved from cards, taken apart."""

import io
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from playwright.sync_api import expect

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def saved(card, kind):
    """Saves a card by its button: the name of the file, and its bytes."""
    card.get_by_role("button", name="save as picture").click()
    with card.page.expect_download() as download:
        card.get_by_role("dialog").get_by_role("button", name=kind).click()
    expect(card.get_by_role("dialog")).to_have_count(0)
    return download.value.suggested_filename, download.value.path().read_bytes()


def svg_of(card):
    return ElementTree.fromstring(saved(card, "SVG")[1])


def png_of(card):
    """Red, green and blue of each pixel: (row, column, 3) of 0..255; none is transparent."""
    pixels = np.asarray(Image.open(io.BytesIO(saved(card, "PNG")[1])).convert("RGBA")).astype(int)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def texts_of(svg):
    return [node.text for node in svg.iter(f"{SVG}text") if node.text]


def images_of(svg):
    """The images of an SVG: place in pixels, and colours with opacity (row, column, 4)."""
    for node in svg.iter(f"{SVG}image"):
        kind, _, text = node.get(HREF).partition(";base64,")
        assert kind == "data:image/png", kind
        pixels = np.asarray(Image.open(io.BytesIO(b64decode(text))).convert("RGBA")).astype(int)
        yield [float(node.get(name)) for name in ("x", "y", "width", "height")], pixels


def ground_of(svg):
    """The colour that a picture stands on."""
    rect = svg.find(f"{SVG}rect")
    size, box = [rect.get("width"), rect.get("height")], svg.get("viewBox").split()
    assert size == box[2:], (size, box)
    return rgb(rect.get("fill"))


def rgb(colour):
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


def contrast(one, other):
    """The contrast of two colours as WCAG 2 defines it."""
    lights = []
    for colour in (one, other):
        parts = colour / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(lights) / min(lights)
