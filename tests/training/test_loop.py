"""train() does one reproducible optimizer step per next(); evaluate() only looks."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnwidgets.data import ImageSet
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.batches import evaluate
from cnnwidgets.training.loop import Loop, Step, train
from cnnwidgets.training.settings import Settings, one_cycle


@pytest.fixture(scope="module")
def images():
    """50 images of 8×8 in two classes: bright on the left, or on the right."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 50)
    pixels = rng.integers(0, 60, (50, 8, 8))
    for image, label in zip(pixels, labels, strict=True):
        image[:, 4 * label : 4 * label + 4] += 150
    return ImageSet.from_arrays(pixels.astype(np.uint8), labels, name="sides")


def network(seed=0):
    torch.manual_seed(seed)
    return DigitCNN(image_size=8, classes=2)


SETTINGS = {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "seed": 3}


def run(model, images, **changes):
    return list(train(model, images, **(SETTINGS | changes)))


def same_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def test_every_step_is_numbered_with_its_epoch(images):
    steps = run(network(), images)
    assert [(step.step, step.epoch) for step in steps] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
        (5, 2),
        (6, 2),
        (7, 2),
        (8, 2),
    ]


def test_a_step_reports_loss_and_accuracy_of_its_batch_before_the_update(images):
    model = network()
    before = copy.deepcopy(model)
    step = next(train(model, images, epochs=1, batch_size=50, learning_rate=1e-2, seed=0))
    expected = evaluate(before, images)
    assert isinstance(step, Step)
    assert step.accuracy == expected.accuracy
    # The batch holds all images, in another order: float32 rounding of a sum of 50.
    assert step.loss_nats == pytest.approx(expected.loss_nats, abs=1e-6)


def test_nothing_happens_before_the_first_next(images):
    model = network()
    before = copy.deepcopy(model)
    steps = train(model, images, **SETTINGS)
    assert same_weights(model, before)
    next(steps)
    assert not same_weights(model, before)


def test_one_epoch_shows_every_image_once(images):
    class Watched(DigitCNN):
        def forward(self, batch):
            if self.training:
                seen.append(batch.detach().clone())
            return super().forward(batch)

    seen = []
    run(Watched(image_size=8, classes=2), images, epochs=1)
    assert [len(batch) for batch in seen] == [16, 16, 16, 2]
    pixels = torch.cat(seen).flatten(1).numpy()
    expected = images.normalize(images.images).reshape(50, -1)
    assert np.array_equal(pixels[np.lexsort(pixels.T)], expected[np.lexsort(expected.T)])
    assert not np.array_equal(pixels, expected)


@pytest.mark.parametrize("size", [2, 7, 16, 49, 50, 64])
@pytest.mark.parametrize("count", [2, 15, 17, 33, 50])
def test_no_image_is_left_alone_in_a_batch(images, count, size):
    few = ImageSet.from_arrays(images.images[:count], images.labels[:count])
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    seen = []
    model[0].register_forward_pre_hook(lambda module, given: seen.append(len(given[0])))
    loop = Loop(model, few, Settings(epochs=2, batch_size=size))
    del seen[:]  # the first look at a single image, in evaluation mode
    total = loop.total
    steps = list(loop)
    assert sum(seen) == 2 * count
    assert min(seen) > 1
    assert max(seen) <= size + 1
    assert len(steps) == len(seen) == total


def test_training_learns_the_task(images):
    model = network()
    run(model, images, epochs=10)
    assert evaluate(model, images).accuracy == 1.0


def test_the_same_seed_gives_bit_identical_weights_and_steps(images):
    one, other = network(), network()
    assert run(one, images) == run(other, images)
    assert same_weights(one, other)


def test_another_seed_gives_other_weights(images):
    one, other = network(), network()
    run(one, images, seed=3)
    run(other, images, seed=4)
    assert not same_weights(one, other)


def test_the_global_random_state_is_neither_moved_nor_read(images):
    one, other = network(), network()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    run(one, images)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    run(other, images)
    assert same_weights(one, other)


def test_a_pause_in_which_the_model_is_evaluated_changes_nothing(images):
    one, other = network(), network()
    run(one, images)
    for _ in train(other, images, **SETTINGS):
        evaluate(other, images)
    assert same_weights(one, other)


def test_frozen_parameters_stay_as_they_are(images):
    model = network()
    model.conv1.requires_grad_(False)
    frozen = model.conv1.weight.clone()
    free = model.fc.weight.clone()
    run(model, images)
    assert torch.equal(model.conv1.weight, frozen)
    assert not torch.equal(model.fc.weight, free)


def with_dropout():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(0.5), nn.Linear(64, 2))
    model.eval()
    model[2].train()
    return model


def test_steps_run_in_train_mode_and_leave_each_training_flag_as_it_was(images):
    model = with_dropout()
    steps = train(model, images, **SETTINGS)
    next(steps)
    assert model[1].num_batches_tracked == 1
    assert [module.training for module in model.modules()] == [False, False, False, True, False]


def test_evaluating_changes_neither_weights_buffers_flags_gradients_nor_random_state(images):
    model = with_dropout()
    state = copy.deepcopy(model.state_dict())
    random_state = torch.get_rng_state()
    evaluate(model, images)
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert [module.training for module in model.modules()] == [False, False, False, True, False]
    assert all(parameter.grad is None for parameter in model.parameters())


def test_flags_are_restored_when_the_model_raises(images):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(64, 2)

        def forward(self, batch):
            if len(batch) > 1:
                raise KeyError("broken")
            return self.fc(batch.flatten(1))

    model = Broken().eval()
    with pytest.raises(KeyError):
        next(train(model, images, **SETTINGS))
    assert not model.training
    assert not model.fc.training


def test_evaluate_agrees_with_one_forward_pass_whatever_the_batch_size(images):
    model = network().eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(images.normalize(images.images)))
    labels = torch.tensor(images.labels)
    for batch_size in (1, 7, 50, 1000):
        measured = evaluate(model, images, batch_size=batch_size)
        assert measured.accuracy == (logits.argmax(1) == labels).float().mean(dtype=float).item()
        # Float32 rounding of a sum of 50 losses of about 0.7.
        assert measured.loss_nats == pytest.approx(cross_entropy(logits, labels).item(), abs=1e-6)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_almost_zero():
    rates = [one_cycle(step, 101, 2.0) for step in range(101)]
    assert rates[0] == pytest.approx(2.0 / 25)
    assert rates[30] == max(rates) == 2.0
    assert rates[100] == pytest.approx(2e-4)
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)


@pytest.mark.parametrize("total", [1, 2, 3, 4])
def test_the_shortest_runs_have_positive_learning_rates(total):
    rates = [one_cycle(step, total, 1.0) for step in range(total)]
    assert all(0 < rate <= 1 for rate in rates)


def test_steps_report_the_one_cycle_learning_rate(images):
    steps = run(network(), images)
    assert [step.learning_rate for step in steps] == [one_cycle(k, 8, 1e-2) for k in range(8)]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"epochs": 0}, ValueError, r"epochs \(=0\) must be at least 1"),
        ({"epochs": 1.5}, TypeError, r"epochs \(=1\.5\) must be a whole number"),
        ({"epochs": True}, TypeError, r"epochs \(=True\)"),
        ({"batch_size": 0}, ValueError, r"batch_size \(=0\) must be at least 1"),
        ({"batch_size": "64"}, TypeError, r"batch_size \(='64'\)"),
        ({"learning_rate": 0}, ValueError, r"learning_rate \(=0\) must be a number above 0"),
        ({"learning_rate": float("nan")}, ValueError, r"learning_rate \(=nan\)"),
        ({"learning_rate": float("inf")}, ValueError, r"learning_rate \(=inf\)"),
        ({"learning_rate": "fast"}, TypeError, r"learning_rate \(='fast'\)"),
        ({"seed": -1}, ValueError, r"seed \(=-1\) must be at least 0"),
        ({"seed": 2**63}, ValueError, r"seed \(=9223372036854775808\) must be below"),
        ({"seed": None}, TypeError, r"seed \(=None\)"),
    ],
)
def test_a_bad_setting_is_refused_at_once_with_name_value_and_remedy(images, changes, kind, words):
    with pytest.raises(kind, match=words):
        train(network(), images, **(SETTINGS | changes))


def test_a_model_for_another_size_is_refused_at_once(images):
    with pytest.raises(ValueError, match=r"model cannot take 'sides', images of 1×8×8 \("):
        train(DigitCNN(), images, **SETTINGS)


def test_a_model_with_too_few_outputs_is_refused_at_once(images):
    with pytest.raises(ValueError, match=r"gives \(1, 1\) for one image .* must give \(1, 2\)"):
        train(DigitCNN(image_size=8, classes=1), images, **SETTINGS)


def test_a_model_without_parameters_is_refused_at_once(images):
    with pytest.raises(ValueError, match="no parameter to train; set requires_grad"):
        train(nn.Flatten(), images, **SETTINGS)


def test_evaluate_refuses_a_bad_batch_size(images):
    with pytest.raises(ValueError, match=r"batch_size \(=0\)"):
        evaluate(network(), images, batch_size=0)
