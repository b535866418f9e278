"""SlowStep: one optimizer step, seen phase by phase."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from cnnwidgets.training.loop import Loop, Phase, Step


@dataclass(frozen=True, slots=True, eq=False)
class SlowStep:
    """What is known of a step after its phase `done`; tensors are copies on the CPU, by the names
    of the parameters in the model as it is without torch.compile.

    step: the number of the step, from 1. loss_nats: after LOSS, else None.
    weights: before the step. gradients: after BACKWARD. updated: the weights after UPDATE; both
    empty before. For plain SGD, updated = weights − learning_rate · gradients.
    """

    step: int
    done: Phase
    learning_rate: float
    loss_nats: float | None
    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    updated: Mapping[str, Tensor]


def advance_slowly(loop: Loop, before: SlowStep | None) -> tuple[SlowStep, Step | None]:
    """Does a loop's next phase; returns what is known then, and the Step if that ended it.

    before: what was known after the phase before.
    """
    phase, step = loop.phase, loop.step + 1
    begins = phase is Phase.FORWARD or before is None
    weights = _parameters(loop.model) if begins or before is None else before.weights
    done = loop.advance()
    rate = loop.learning_rate
    loss_nats = done.loss_nats if done else None if phase is Phase.FORWARD else loop.loss_nats
    has_gradients = phase in (Phase.BACKWARD, Phase.UPDATE)
    gradients = _gradients(loop.model) if has_gradients else MappingProxyType({})
    updated = _parameters(loop.model) if phase is Phase.UPDATE else MappingProxyType({})
    return SlowStep(step, phase, rate, loss_nats, weights, gradients, updated), done


def _parameters(model: nn.Module) -> Mapping[str, Tensor]:
    return MappingProxyType(
        {name: each.detach().to("cpu", copy=True) for name, each in _named(model)}
    )


def _gradients(model: nn.Module) -> Mapping[str, Tensor]:
    return MappingProxyType(
        {
            name: each.grad.detach().to("cpu", copy=True)
            for name, each in _named(model)
            if each.grad is not None
        }
    )


def _named(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters, by the names that the layers of a Microscope have too."""
    return ((name.replace("_orig_mod.", ""), each) for name, each in model.named_parameters())
