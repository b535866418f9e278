"""Private copies of modules, which may hold weights that they compute."""

import copy

from torch import Tensor, nn


def copy_of(model: nn.Module) -> nn.Module:
    """A deep copy of a module, which shares nothing with it.

    Pruning, and weight_norm of the old kind, keep the weight that a hook computes as a plain
    attribute, with its gradient function, and deepcopy refuses such a tensor. In the copy it is a
    plain tensor until the hook computes it again, at the next call.
    """
    memo = {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in (*vars(module).values(), *module.buffers(recurse=False))
        if isinstance(value, Tensor) and not value.is_leaf
    }
    return copy.deepcopy(model, memo)
