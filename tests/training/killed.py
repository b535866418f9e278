"""Trainings that save themselves all the time, to be killed.

`python -m tests.training.killed PATH` begins one for each line it reads, and prints its process.
"""

import os
import sys
from pathlib import Path

import torch

from cnnwidgets.training.session import TrainingSession
from tests.training.small import restless, sides

SETTINGS = {"epochs": 5000, "batch_size": 16, "learning_rate": 1e-4, "seed": 3}
AUTOSAVE_S = 0.002


def begun(path: Path) -> TrainingSession:
    """The run from its start, or from where its file has it."""
    if path.exists():
        return TrainingSession.resume(
            path, restless(), sides(), autosave=path, autosave_s=AUTOSAVE_S
        )
    return TrainingSession(restless(), sides(), autosave=path, autosave_s=AUTOSAVE_S, **SETTINGS)


def main(path: Path) -> None:
    """Forks a training for each line, since importing PyTorch takes longer than being killed."""
    torch.set_num_threads(1)
    for _ in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            continue
        session = begun(path)
        session.play().result()
        print(os.getpid(), flush=True)
        session.wait()
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
