"""Random numbers of a step that depend on nothing but the seed and the step."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

_LOCK = threading.RLock()  # two at once would each put back what the other had seeded


def randomness(seed: int, step: int, device: torch.device) -> AbstractContextManager[None]:
    """Random numbers that depend on seed and step alone; see `seeded`."""
    return seeded((seed * 1_000_003 + step) % 2**63, device)


@contextmanager
def seeded(number: int, device: torch.device) -> Iterator[None]:
    """The random numbers that follow torch.manual_seed(number); the caller's go on afterwards.

    They are drawn from torch's generators, which all threads share: what another thread draws
    meanwhile comes from these numbers, and two runs take turns.
    device: of the model; its generator counts beside the processor's.
    """
    with _LOCK:
        generators = [torch.default_generator]
        if device.type == "cuda":
            generators.append(torch.cuda.default_generators[device.index or 0])
        before = [generator.get_state() for generator in generators]
        try:
            for generator in generators:
                generator.manual_seed(number)
            yield
        finally:
            for generator, state in zip(generators, before, strict=True):
                generator.set_state(state)
