"""Images and networks that train in milliseconds, and comparisons down to the last bit."""

import threading

import numpy as np
import torch
from torch import nn

from cnnwidgets.data import ImageSet
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.session import TrainingSession

PATIENCE_S = 60
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
SETTINGS = {"epochs": 3, "batch_size": 16, "learning_rate": 1e-2, "seed": 3}


def sides(count=50, seed=0):
    """Images of 8×8 in two classes: bright on the left, or on the right."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    pixels = rng.integers(0, 60, (count, 8, 8))
    for image, label in zip(pixels, labels, strict=True):
        image[:, 4 * label : 4 * label + 4] += 150
    return ImageSet.from_arrays(pixels.astype(np.uint8), labels, name="sides")


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DigitCNN(image_size=8, classes=2)


def restless(seed=0):
    """A network with buffers that every forward pass moves, and with dropout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(144, 2),
        )


def channels_last(seed=0):
    """A network whose kernels have their input channels last in memory."""
    return network(seed).to(memory_format=torch.channels_last)


class Breakable(nn.Module):
    """A network whose forward pass raises `problem` when that is set, and waits at `gate`."""

    def __init__(self):
        super().__init__()
        self.inner = network()
        self.problem = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def forward(self, batch):
        if self.training:
            self.entered.set()
            assert self.gate.wait(PATIENCE_S)
            if self.problem is not None:
                raise self.problem
        return self.inner(batch)


def session_of(model=None, images=None, **changes):
    model = network() if model is None else model
    return TrainingSession(model, sides() if images is None else images, **(SETTINGS | changes))


def state_of(model):
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same(one, other):
    """Whether two state dicts, or models, are equal in every bit."""
    one, other = (x.state_dict() if isinstance(x, nn.Module) else x for x in (one, other))
    return one.keys() == other.keys() and all(
        torch.equal(value, other[name]) for name, value in one.items()
    )


def rows(metrics):
    """Metrics or evaluations as a list, to be compared."""
    columns = [getattr(metrics, name).tolist() for name in type(metrics).__dataclass_fields__]
    return list(zip(*columns, strict=True))


def until(condition):
    """Waits for a condition that another thread makes true."""
    waiting = threading.Event()
    for _ in range(PATIENCE_S * 500):
        if condition():
            return
        waiting.wait(0.002)
    raise AssertionError("it never came true")
