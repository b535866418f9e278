"""Random numbers of a step that depend on nothing but the seed and the step."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def randomness(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Random numbers that depend on seed and step alone; those of the caller go on afterwards.

    They are drawn from torch's generators, which all threads share: what another thread draws
    meanwhile comes from the step's numbers.
    device: of the model; its generator counts beside the processor's.
    """
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    before = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed((seed * 1_000_003 + step) % 2**63)
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
