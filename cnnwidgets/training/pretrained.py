"""The network that ships with the package, and the training run that made it."""

from importlib.resources import as_file, files

import torch

from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.history import History

SHIPPED = files("cnnwidgets").joinpath("assets", "mnist_run.safetensors")


def pretrained() -> tuple[DigitCNN, History]:
    """The shipped DigitCNN, trained on MNIST, in eval mode, and its recorded run.

    Each call returns a new pair. The global random state is not moved. How the run was made is
    in history.notes; `python -m cnnwidgets.training.record` makes it again.
    Raises FileNotFoundError or ValueError if the packaged file is missing or damaged.
    """
    with as_file(SHIPPED) as path:
        history = History.load(path)
    with torch.random.fork_rng(devices=[]):
        model = DigitCNN()
    model.load_state_dict(history.at(history.steps[-1]).weights)
    return model.eval(), history
