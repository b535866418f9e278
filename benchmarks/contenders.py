"""Ways to train the same network, each advanced by so many steps at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

import cnnwidgets as cw
from cnnwidgets.training.loop import Loop
from cnnwidgets.training.settings import Settings

BATCH = 128
MANY = 1_000_000  # epochs: no contender comes to its end
RATE = 1e-3
LOOKS_S = 0.1

Advance = Callable[[int], object]
SETTINGS = Settings(epochs=MANY, batch_size=BATCH, learning_rate=RATE, schedule="constant")


class Digits(MNIST):
    """torchvision's own class, a picture at a time through transforms, over digits in memory."""

    def __init__(self, images: cw.ImageSet) -> None:  # the parent's would look for files
        self.data = torch.from_numpy(images.images[:, 0].copy())
        self.targets = torch.tensor(images.labels)
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
        )
        self.target_transform = None

    def __len__(self) -> int:
        return len(self.data)


def network() -> nn.Module:
    """The network that all train, from the same weights."""
    torch.manual_seed(0)
    return cw.DigitCNN()


def step_by_hand(model: nn.Module, optimizer: Any, inputs: Tensor, labels: Tensor) -> Tensor:
    """One step, as it is written everywhere; returns the loss."""
    optimizer.zero_grad()
    loss = cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss


def loop(images: cw.ImageSet) -> Advance:
    """Our loop."""
    steps = Loop(network(), images, SETTINGS)
    return lambda count: [next(steps) for _ in range(count)]


def by_hand(images: cw.ImageSet, log: Callable[..., object] | None = None) -> Advance:
    """The set as one normalised tensor, and nothing measured: the least there is to do."""
    model = network()
    return _by_hand(model, images, log)


def _by_hand(model: nn.Module, images: cw.ImageSet, log: Callable[..., object] | None) -> Advance:
    inputs = torch.from_numpy(images.normalize(images.images))
    labels = torch.tensor(images.labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)

    def batches() -> Iterator[Tensor]:
        while True:
            yield from torch.randperm(len(labels)).split(BATCH)

    order = batches()

    def advance(count: int) -> None:
        for _ in range(count):
            chosen = next(order)
            batch = inputs[chosen]
            # contiguous() would leave the strides of a single channel alone
            last = torch.empty_like(batch, memory_format=torch.channels_last).copy_(batch)
            loss = step_by_hand(model, optimizer, last, labels[chosen])
            if log is not None:
                log(loss=loss)

    return advance


@contextmanager
def recorded(images: cw.ImageSet) -> Iterator[Advance]:
    """The loop by hand, within `cw.record`."""
    model = network()
    with cw.record(model) as history:
        yield _by_hand(model, images, history.log)


def usual_script(images: cw.ImageSet, workers: int) -> Advance:
    """A Dataset with transforms and a DataLoader."""
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    loader = DataLoader(Digits(images), batch_size=BATCH, shuffle=True, num_workers=workers)

    def batches() -> Iterator[Any]:
        while True:
            yield from loader

    order = batches()

    def advance(count: int) -> None:
        for _ in range(count):
            step_by_hand(model, optimizer, *next(order)).item()

    return advance


def session(images: cw.ImageSet, told: Callable[[], None] | None = None) -> Advance:
    """A session with its snapshots, and with somebody who watches."""
    trains = cw.TrainingSession(network(), images, settings=SETTINGS)
    if told is not None:
        trains.watch(told)
    return lambda count: trains.step(count).result()


@contextmanager
def looked_at(images: cw.ImageSet, test: cw.ImageSet) -> Iterator[Advance]:
    """A session at whose newest moment a Microscope looks ten times a second."""
    trains = cw.TrainingSession(network(), images, settings=SETTINGS)
    scope = cw.Microscope(trains.model, test, history=trains.history)
    ends = threading.Event()
    plays = threading.Event()

    def look() -> None:
        while not ends.wait(LOOKS_S):
            if plays.is_set():
                scope.step = trains.history.steps[-1]

    def advance(count: int) -> None:
        plays.set()
        trains.step(count).result()
        plays.clear()

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield advance
    finally:
        ends.set()
        looker.join()
