"""A step by its four phases is the same step, and a step that is given up never was."""

import math

import pytest
import torch
from torch import nn

from cnnwidgets.training.loop import Loop, Phase
from cnnwidgets.training.settings import SCHEDULES, Settings
from cnnwidgets.training.slow import advance_slowly
from tests.training.small import OPTIMIZERS, network, restless, same, sides, state_of

IMAGES = sides()


def loop(model, **changes):
    return Loop(model, IMAGES, Settings(**({"epochs": 2, "batch_size": 16, "seed": 3} | changes)))


@pytest.mark.parametrize("make", [network, restless])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_four_phases_are_one_step_bit_for_bit(optimizer, schedule, make):
    whole, slow = (loop(make(), optimizer=optimizer, schedule=schedule) for _ in range(2))
    for _ in range(6):  # into the second epoch
        done = [slow.advance() for _ in Phase]
        assert done[:3] == [None, None, None]
        assert next(whole) == done[3]
        assert same(whole.model, slow.model)


def test_the_phases_come_in_their_order():
    slow, seen = loop(network()), []
    for _ in range(5):
        seen.append(slow.phase)
        slow.advance()
    assert seen == [Phase.FORWARD, Phase.LOSS, Phase.BACKWARD, Phase.UPDATE, Phase.FORWARD]


def test_plain_sgd_takes_the_rate_times_the_gradient_from_each_weight():
    slow, seen = loop(network(), optimizer="sgd", learning_rate=0.05), None
    for _ in range(4):
        for _ in Phase:
            seen, done = advance_slowly(slow, seen)
        assert done.step == seen.step
        assert done.learning_rate == seen.learning_rate
        assert seen.gradients.keys() == seen.updated.keys() == seen.weights.keys()
        for name, before in seen.weights.items():
            expected = before - seen.learning_rate * seen.gradients[name]
            # Float32 rounding of weights below 1: one or two units in the last place.
            assert torch.allclose(seen.updated[name], expected, rtol=0, atol=1e-6)
            assert not torch.equal(seen.updated[name], before)


def test_a_slow_step_tells_what_is_known_after_each_phase():
    slow, seen, known = loop(network()), None, []
    for _ in Phase:
        seen, _ = advance_slowly(slow, seen)
        known.append(
            (seen.done, seen.loss_nats is not None, bool(seen.gradients), bool(seen.updated))
        )
    assert known == [
        (Phase.FORWARD, False, False, False),
        (Phase.LOSS, True, False, False),
        (Phase.BACKWARD, True, True, False),
        (Phase.UPDATE, True, True, True),
    ]


def test_a_slow_step_names_the_weights_of_a_compiled_model_as_its_layers_are_named():
    plain = network()
    names = [name for name, _ in plain.named_parameters()]
    compiled = nn.Sequential(torch.compile(plain, backend="eager"))
    for model, expected in ((compiled[0], names), (compiled, [f"0.{name}" for name in names])):
        slow, seen = loop(model), None
        for _ in Phase:
            seen, _ = advance_slowly(slow, seen)
        assert [*seen.weights] == [*seen.gradients] == [*seen.updated] == expected


def test_a_slow_step_holds_copies():
    slow = loop(network())
    first, _ = advance_slowly(slow, None)
    kept = {name: value.clone() for name, value in first.weights.items()}
    for _ in range(3):
        slow.advance()
    assert same(dict(first.weights), kept)


@pytest.mark.parametrize("phases", [1, 2, 3])
def test_a_step_given_up_amid_it_never_was(phases):
    whole, slow = loop(restless()), loop(restless())
    for _ in range(2):
        next(whole)
        next(slow)
    before = state_of(slow.model)
    for _ in range(phases):
        slow.advance()
    slow.give_up()
    assert slow.phase is Phase.FORWARD
    assert same(slow.model, before)
    assert [next(slow) for _ in range(5)] == [next(whole) for _ in range(5)]
    assert same(whole.model, slow.model)


def test_a_buffer_that_the_forward_pass_put_another_tensor_for_is_put_back_too():
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(()))

        def forward(self, batch):
            self.mean = 0.9 * self.mean + 0.1 * batch.detach().mean()
            return batch - self.mean

    slow = loop(nn.Sequential(Mean(), nn.Flatten(), nn.Linear(64, 2)))
    next(slow)
    before = state_of(slow.model)
    slow.advance()
    assert not same(slow.model, before)
    slow.give_up()
    assert same(slow.model, before)


def test_a_forward_pass_that_raises_leaves_the_buffers_as_they_were():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.fc = nn.BatchNorm2d(1), nn.Linear(64, 2)

        def forward(self, batch):
            scores = self.fc(self.norm(batch).flatten(1))
            if self.training:
                raise KeyError("broken")
            return scores

    broken = loop(Broken())
    before = state_of(broken.model)
    with pytest.raises(KeyError):
        next(broken)
    assert same(broken.model, before)
    assert broken.phase is Phase.FORWARD
    assert broken.step == 0


def test_a_loss_that_is_no_number_touches_nothing_and_says_what_to_try():
    model = restless()
    broken = loop(model, learning_rate=0.5)
    next(broken)
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] = math.nan
    before = state_of(model)
    with pytest.raises(FloatingPointError) as raised:
        next(broken)
    words = str(raised.value)
    assert words.startswith("the loss became nan at step 2; go back to an earlier step, and take")
    assert words.endswith("a smaller learning rate, such as 0.006")
    for name, value in model.state_dict().items():
        assert torch.equal(value.nan_to_num(7), before[name].nan_to_num(7)), name
    assert torch.isfinite(model[1].running_mean).all()
    assert broken.phase is Phase.FORWARD
    assert broken.step == 1


def test_a_run_that_explodes_stops_by_itself():
    broken = loop(network(), optimizer="sgd", learning_rate=1e30, schedule="constant")
    with pytest.raises(FloatingPointError, match=r"at step \d+; .* such as 0.006$"):
        list(broken)


def test_what_dropout_draws_depends_on_seed_and_step_and_not_on_the_caller():
    one, other = loop(restless()), loop(restless())
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = [next(one) for _ in range(5)]
    assert torch.equal(torch.get_rng_state(), before)
    second = []
    for _ in range(5):
        torch.rand(7)
        second.append(next(other))
    assert first == second
    assert same(one.model, other.model)
    assert next(loop(restless(), seed=4)) != first[0]
