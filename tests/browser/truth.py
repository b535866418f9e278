"""The truth that pages are compared with: plain PyTorch on the MNIST files and shipped weights.

Worked out apart from the widgets; the colours are Matplotlib's.
"""

import gzip
import struct
from functools import cache

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F

import cnnwidgets
from tests.servers import ROOT

LAYERS = ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc")

# Two steps of 257 on the steepest part of a map (about 3 of 255 a step), plus what 16 straight
# lines stray from viridis.
COLOUR_LEVELS = 10
# Five significant digits are shown; float32 sums may differ in their order by 1e-6 or so.
DIGITS = {"rtol": 0.6e-4, "atol": 2e-6}


@cache
def mnist() -> tuple[np.ndarray, np.ndarray]:
    """The test set from its files: uint8 (image, row, column) and labels (image,)."""
    folder = ROOT / "cnnwidgets" / "data" / "mnist"
    pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    _, count, rows, columns = struct.unpack(">IIII", pixels[:16])
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(count, rows, columns)
    return images, np.frombuffer(labels, np.uint8, offset=8).astype(int)


@cache
def weights() -> dict[str, torch.Tensor]:
    """The shipped network's weights by name."""
    model, _history = cnnwidgets.pretrained()
    return {name: value.detach() for name, value in model.state_dict().items()}


def given(images: np.ndarray) -> np.ndarray:
    """What the network is given for images of bytes: float32, as its training normalised them."""
    mean, std = 0.13066048, 0.30810780  # of the 60,000 training images
    return (images.astype(np.float32) / 255 - mean) / std


def forward(
    images: np.ndarray, w: dict[str, torch.Tensor] | None = None
) -> dict[str, torch.Tensor]:
    """What every layer of the shipped network makes of images (image, row, column).

    w: other weights than the final ones.
    """
    w = weights() if w is None else w
    x = torch.from_numpy(given(images))[:, None]
    out = {}
    for number in "12":
        x = out[f"conv{number}"] = F.conv2d(
            x, w[f"conv{number}.weight"], w[f"conv{number}.bias"], padding=2
        )
        x = out[f"relu{number}"] = x.clamp(min=0)
        x = out[f"pool{number}"] = F.max_pool2d(x, 2)
    out["fc"] = x.flatten(1) @ w["fc.weight"].T + w["fc.bias"]
    return out


@cache
def maps(index: int, layer: str) -> np.ndarray:
    """The maps of a layer for a test image: (channel, row, column), or (unit,)."""
    return forward(mnist()[0][index : index + 1])[layer][0].numpy()


@cache
def read_as() -> np.ndarray:
    """The class that the network reads in each test image."""
    images = mnist()[0]
    parts = [forward(images[at : at + 1000])["fc"].argmax(1) for at in range(0, len(images), 1000)]
    return torch.cat(parts).numpy()


# As documented in paint.js: blue below zero, white, orange above.
STOPS = np.array(
    [
        (0x05, 0x3B, 0x75),
        (0x1F, 0x6F, 0xB4),
        (0x4A, 0xA8, 0xD8),
        (0xA6, 0xD8, 0xEE),
        (0xFF, 0xFF, 0xFF),
        (0xFD, 0xCF, 0xA2),
        (0xF5, 0x94, 0x48),
        (0xE0, 0x5F, 0x0C),
        (0x9C, 0x32, 0x04),
    ],
    float,
)


def diverging(values: np.ndarray, limit: float) -> np.ndarray:
    """Colours of signed values: (..., 3) of 0..255, white at zero, the ends at ± limit."""
    at = (np.clip(values / limit, -1, 1) + 1) / 2 * (len(STOPS) - 1)
    return np.stack([np.interp(at, range(len(STOPS)), STOPS[:, part]) for part in range(3)], -1)


def sequential(values: np.ndarray, limit: float, name: str = "viridis") -> np.ndarray:
    """Colours of values from 0 to limit in one of Matplotlib's maps: (..., 3) of 0..255."""
    share = np.clip(values / limit, 0, 1) if limit else np.zeros_like(values)
    return matplotlib.colormaps[name](share)[..., :3] * 255


def coloured(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Colours of maps as "automatic" promises them: signed data diverge, other data are viridis."""
    finite = values[np.isfinite(values)]
    limit = float(np.abs(finite).max(initial=0)) if limit is None else limit
    return (diverging if (finite < 0).any() else sequential)(values, limit)
