"""Settings hold from the step they are given at, and what cannot work is refused in words."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from cnnwidgets.data import ImageSet
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.loop import Loop
from cnnwidgets.training.session import TrainingSession
from cnnwidgets.training.settings import Settings, one_cycle
from tests.training.small import OPTIMIZERS, network, restless, same, sides

IMAGES = sides()
SETTINGS = Settings(epochs=2, batch_size=16, learning_rate=0.01, schedule="constant", seed=3)


def changed(settings=SETTINGS, **named):
    return replace(settings, **named)


def by_hand(optimizer, rates):
    """The weights after a step at each of the rates, by PyTorch's own optimizer."""
    model = network()
    kinds = {
        "sgd": torch.optim.SGD,
        "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    steps = kinds[optimizer](model.parameters(), lr=1.0)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    inputs = torch.from_numpy(IMAGES.normalize(IMAGES.images))
    labels = torch.tensor(IMAGES.labels)
    for at, rate in enumerate(rates):
        chosen = order[16 * at : 16 * at + 16]
        steps.param_groups[0]["lr"] = rate
        steps.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs[chosen]), labels[chosen]).backward()
        steps.step()
    return model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_optimizer_and_schedule_is_pytorchs_own(optimizer):
    for schedule in ("constant", "one_cycle"):
        loop = Loop(network(), IMAGES, changed(optimizer=optimizer, schedule=schedule))
        steps = [next(loop) for _ in range(3)]
        rates = [0.01] * 3 if schedule == "constant" else [one_cycle(k, 8, 0.01) for k in range(3)]
        assert [step.learning_rate for step in steps] == rates
        expected = by_hand(optimizer, rates).state_dict()
        for name, value in loop.model.state_dict().items():
            # Channels lie last in memory here, so sums are rounded in another order; Adam divides
            # by gradients, some of which are small.
            assert torch.allclose(value, expected[name], rtol=0, atol=2e-5), name


def test_numbers_of_numpy_and_torch_are_taken_and_kept_as_pythons():
    given = Settings(np.int64(2), torch.tensor(16), np.float32(0.25), seed=np.uint8(3))
    assert given == Settings(2, 16, 0.25, seed=3)
    assert {type(value) for value in asdict(given).values()} == {int, float, str}


def test_a_new_learning_rate_holds_from_the_next_step_and_keeps_the_optimizers_memory():
    loop = Loop(network(), IMAGES, changed(optimizer="momentum"))
    next(loop)
    loop.change(changed(optimizer="momentum", learning_rate=0.003))
    assert next(loop).learning_rate == 0.003
    expected = by_hand("momentum", [0.01, 0.003]).state_dict()
    for name, value in loop.model.state_dict().items():
        # As above; momentum does not divide.
        assert torch.allclose(value, expected[name], rtol=0, atol=1e-6), name


def test_another_optimizer_starts_without_memory():
    loop = Loop(network(), IMAGES, changed(optimizer="adam"))
    next(loop)
    assert any(name.endswith("exp_avg") for name in loop.state().optimizer)
    loop.change(changed(optimizer="momentum"))
    assert loop.state().optimizer == {}
    next(loop)
    assert all(name.endswith("momentum_buffer") for name in loop.state().optimizer)


def test_another_batch_size_amid_an_epoch_shows_every_image_of_it_once():
    sizes, seen = [], []

    class Watched(DigitCNN):
        def forward(self, batch):
            if self.training:
                sizes.append(len(batch))
                seen.append(batch.detach().flatten(1).clone())
            return super().forward(batch)

    loop = Loop(Watched(image_size=8, classes=2), IMAGES, SETTINGS)
    next(loop)
    loop.change(changed(batch_size=10))
    assert loop.total == 1 + 4 + 5
    epochs = [step.epoch for step in loop]
    assert sizes == [16, 10, 10, 10, 4, 10, 10, 10, 10, 10]
    assert epochs == [1] * 4 + [2] * 5
    first = torch.cat(seen[:5]).numpy()
    expected = IMAGES.normalize(IMAGES.images).reshape(50, -1)
    assert np.array_equal(first[np.lexsort(first.T)], expected[np.lexsort(expected.T)])


def test_more_and_fewer_epochs():
    loop = Loop(network(), IMAGES, SETTINGS)
    next(loop)
    loop.change(changed(epochs=3))
    assert loop.total == 12
    assert len(list(loop)) == 11
    assert loop.finished
    loop.change(changed(epochs=1))
    assert loop.finished
    assert loop.total == 12
    with pytest.raises(StopIteration):
        next(loop)


def test_another_seed_or_a_change_amid_a_step_is_refused():
    loop = Loop(network(), IMAGES, SETTINGS)
    with pytest.raises(ValueError, match=r"seed \(=4\) belongs to the run; start a new one"):
        loop.change(changed(seed=4))
    loop.advance()
    with pytest.raises(ValueError, match="a step is under way, its loss comes next; finish it"):
        loop.change(changed(epochs=3))
    with pytest.raises(ValueError, match="a step is under way"):
        loop.state()


@pytest.mark.parametrize("make", [network, restless])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_restored_state_goes_on_bit_for_bit(optimizer, make):
    loop = Loop(make(), IMAGES, changed(optimizer=optimizer, schedule="one_cycle"))
    for _ in range(3):
        next(loop)
    state = loop.state()
    first = list(loop)
    after = {name: value.clone() for name, value in loop.model.state_dict().items()}
    loop.restore(state)
    assert list(loop) == first
    assert same(loop.model, after)
    elsewhere = Loop(make(seed=9), IMAGES, changed(seed=8))
    elsewhere.restore(state)
    assert list(elsewhere) == first
    assert same(elsewhere.model, after)


@pytest.mark.parametrize(
    ("named", "kind", "words"),
    [
        ({"learning_rate": -0.1}, ValueError, r"learning_rate \(=-0\.1\) must be a number above 0"),
        ({"optimizer": "rmsprop"}, ValueError, r"optimizer \(='rmsprop'\) must be 'sgd', .* or"),
        ({"schedule": "cosine"}, ValueError, r"schedule \(='cosine'\) must be 'one_cycle' or"),
        ({"epochs": 0}, ValueError, r"epochs \(=0\) must be at least 1"),
        ({"rate": 0.1}, TypeError, "no setting 'rate'; there are epochs, batch_size"),
        ({"settings": SETTINGS, "epochs": 3}, TypeError, "give settings, or each by its name"),
        ({"autosave_s": 0}, ValueError, r"autosave_s \(=0\) must be above 0"),
    ],
)
def test_a_session_refuses_bad_settings_at_once(named, kind, words):
    with pytest.raises(kind, match=words):
        TrainingSession(network(), IMAGES, **named)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (DigitCNN(image_size=8, classes=1), r"gives \(1, 1\) .*; it must give \(1, 2\), a logit"),
        (DigitCNN(3, 8, 2), r"cannot take 'sides', images of 1×8×8 \(.*\); build it for this"),
        (DigitCNN(1, 28, 2), "cannot take 'sides'"),
    ],
)
def test_a_session_refuses_a_model_that_does_not_fit_at_once(model, words):
    with pytest.raises(ValueError, match=words):
        TrainingSession(model, IMAGES)


def test_a_session_refuses_an_empty_set_and_a_test_set_that_does_not_fit():
    none = np.zeros((0, 1, 8, 8), np.uint8), np.zeros(0, np.int64)
    empty = ImageSet("nothing", *none, ("left", "right"), (0.5,), (0.2,))
    with pytest.raises(ValueError, match="is an empty set; give at least one image"):
        TrainingSession(network(), empty)
    three = ImageSet.from_arrays(np.zeros((3, 8, 8), np.uint8), [0, 1, 2])
    with pytest.raises(ValueError, match="a logit for each class"):
        TrainingSession(network(), IMAGES, test=three)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_all_weights_are_updated_in_one_call_where_pytorch_can(optimizer):
    def is_fused(weight):
        return (
            Settings(optimizer=optimizer)
            .make_optimizer([torch.nn.Parameter(weight)])
            .defaults["fused"]
        )

    assert is_fused(torch.zeros(2))
    assert not is_fused(torch.zeros(2, dtype=torch.complex64))
    assert not is_fused(torch.zeros(2, device="meta"))
