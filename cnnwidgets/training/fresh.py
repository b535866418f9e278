"""New random weights for a network."""

from typing import Any

from torch import nn

from cnnwidgets.training.randomness import seeded


def fresh_weights(model: nn.Module, seed: int) -> None:
    """Gives every module of model new random weights, those that follow torch.manual_seed(seed).

    The global random state stays.

    Raises TypeError, before anything is changed, for a model with parameters that no module's
    reset_parameters draws anew.
    """
    drawn: list[Any] = [each for each in model.modules() if hasattr(each, "reset_parameters")]
    known = {id(own) for each in drawn for own in each.parameters()}
    for name, parameter in model.named_parameters():
        if id(parameter) not in known:
            raise TypeError(f"{name!r} has no way to be drawn anew; make a new model instead")
    with seeded(seed, next(model.parameters()).device):
        for module in drawn:
            module.reset_parameters()
