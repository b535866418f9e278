"""The slide: the private copy of a network that a microscope looks at."""

import copy

from torch import nn

from cnnwidgets.network.probe import Probe


def slide_of(model: nn.Module) -> nn.Module:
    """A copy of the model that evaluates, and learns nothing.

    Raises TypeError for what is no module, or cannot be copied.
    """
    model = Probe(model).model
    try:
        slide = copy.deepcopy(model)
    except Exception as problem:
        words = f"{type(problem).__name__}: {problem}"
        raise TypeError(f"model (a {type(model).__name__}) cannot be copied: {words}") from problem
    for module in slide.modules():  # not slide.eval(), which a model may override
        module.training = False
    return slide.requires_grad_(False)
