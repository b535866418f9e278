"""A loop of one's own is recorded: its numbers, its weights now and then, and nothing else kept."""

import math
import threading
import weakref
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

import cnnwidgets as cw
from cnnwidgets.training import pace
from cnnwidgets.training.history import History
from cnnwidgets.training.recording import Recording
from tests.training.small import PATIENCE_S, network, restless, same, sides, state_of

IMAGES = sides()


@pytest.fixture
def slow_clock(monkeypatch):
    """A clock that stands still, and goes on when it is told."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def test_every_log_is_a_step_with_its_numbers():
    with cw.record(network()) as history:
        history.log(loss=2.0)
        history.log(loss=torch.tensor(1.5), accuracy=0.5, learning_rate=0.1, epoch=3)
        history.log(loss=1, accuracy=torch.tensor([1.0]))
    metrics = history.metrics
    assert metrics.step.tolist() == [1, 2, 3]
    assert metrics.loss_nats.tolist() == [2.0, 1.5, 1.0]
    assert metrics.epoch.tolist() == [1, 3, 3]
    assert math.isnan(metrics.accuracy[0])
    assert metrics.accuracy.tolist()[1:] == [0.5, 1.0]
    assert metrics.learning_rate[1] == 0.1


def test_what_was_measured_on_test_images_is_kept_with_its_snapshot(slow_clock):
    with cw.record(network()) as history:
        for step in range(1, 31):
            measured = {"test_accuracy": 0.9, "test_loss": 0.3} if step == 25 else {}
            history.log(loss=1.0, **measured)
    assert history.evaluations.step.tolist() == [25]
    assert history.evaluations.accuracy.tolist() == [0.9]
    snapshot = history.at(25)
    assert (snapshot.step, snapshot.accuracy, snapshot.tested) == (25, 0.9, True)


def test_weights_are_kept_at_the_first_steps_then_ten_a_second_and_at_the_end(slow_clock):
    model = network()
    with cw.record(model) as history:
        weights = {0: state_of(model)}
        for step in range(1, 106):
            with torch.no_grad():
                model.fc.bias += 1
            slow_clock[0] += 0.01
            weights[step] = state_of(model)
            history.log(loss=1.0)
        assert history.steps[:21] == tuple(range(21))
        assert history.last_step < 105
    steps = history.steps
    assert steps[-1] == 105
    assert all(9 <= b - a <= 11 for a, b in pairwise(steps[20:-1]))
    for step in steps:
        assert same(dict(history.at(step).weights), weights[step])


def test_a_block_that_raises_keeps_its_last_weights(slow_clock):
    def fails():
        with cw.record(model) as history:
            kept.append(history)
            for _ in range(30):
                history.log(loss=1.0)
            raise KeyError("mine")

    model, kept = network(), []
    with pytest.raises(KeyError, match="mine"):
        fails()
    assert kept[0].last_step == 30
    with pytest.raises(RuntimeError, match="log belongs inside the block"):
        kept[0].log(loss=1.0)


def test_snapshots_stay_within_their_budget(slow_clock):
    model = network()
    each = sum(value.nbytes for value in model.state_dict().values())
    with cw.record(model, budget_bytes=10 * each) as history:
        for _ in range(500):
            slow_clock[0] += 1
            history.log(loss=1.0)
    assert len(history.steps) == 10
    assert history.steps[0] == 0
    assert history.steps[-1] == 500


def test_no_gradient_and_no_graph_is_kept():
    model = network()
    inputs = torch.from_numpy(IMAGES.normalize(IMAGES.images))
    with cw.record(model) as history:
        loss = cross_entropy(model(inputs), torch.tensor(IMAGES.labels))
        node = weakref.ref(loss)
        history.log(loss=loss)
        del loss
        assert node() is None
    assert not any(value.requires_grad for value in history.at(1).weights.values())


@pytest.mark.parametrize("make", [network, restless])
def test_recording_changes_nothing(make):
    def trained(model, history=None):
        torch.manual_seed(3)
        optimizer = torch.optim.Adam(model.parameters())
        inputs = torch.from_numpy(IMAGES.normalize(IMAGES.images))
        for _ in range(30):
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), torch.tensor(IMAGES.labels))
            loss.backward()
            optimizer.step()
            if history is not None:
                history.log(loss=loss)
        return state_of(model), torch.get_rng_state()

    plain = trained(make())
    model = make()
    with cw.record(model) as history:
        recorded = trained(model, history)
    assert same(recorded[0], plain[0])
    assert torch.equal(recorded[1], plain[1])


def test_a_history_goes_on_in_a_later_block_and_after_a_file(tmp_path):
    model = network()
    with cw.record(model, notes={"run": "mine"}) as history:
        history.log(loss=1.0, epoch=2)
    with cw.record(model, history) as again:
        again.log(loss=0.5)
    assert again is history
    history.save(tmp_path / "run")
    loaded = Recording.load(tmp_path / "run")
    assert loaded.notes == {"run": "mine"}
    with cw.record(model, loaded):
        loaded.log(loss=0.2)
    assert loaded.metrics.step.tolist() == [1, 2, 3]
    assert loaded.metrics.epoch.tolist() == [2, 2, 2]
    assert loaded.steps == (0, 1, 2, 3)
    assert History.load(tmp_path / "run").steps == (0, 1, 2)


def test_a_microscope_looks_at_it_while_it_grows_in_another_thread():
    model = network()
    with cw.record(model) as history:
        scope = cw.Microscope(model, IMAGES, history=history)

        def trains():
            for _ in range(10):
                with torch.no_grad():
                    model.conv1.weight += 0.1
                history.log(loss=1.0)

        thread = threading.Thread(target=trains)
        thread.start()
        thread.join(PATIENCE_S)
        scope.step = 10
        assert scope.step == 10
        kernels = scope.kernels("conv1").weights
    assert np.array_equal(kernels, model.conv1.weight.detach().numpy())


@pytest.mark.parametrize(
    ("named", "kind", "words"),
    [
        ({"loss": "low"}, TypeError, r"loss \(='low'\) must be a number, or a tensor of one"),
        (
            {"loss": torch.zeros(3)},
            ValueError,
            r"loss must be one number, .*; give its mean",
        ),
        ({"loss": 1, "accuracy": 99.2}, ValueError, r"accuracy \(=99\.2\) must be a share, from 0"),
        ({"loss": 1, "test_accuracy": -1}, ValueError, r"test_accuracy \(=-1\) must be a share"),
        ({"loss": 1, "epoch": 1.5}, TypeError, r"epoch \(=1\.5\) must be a whole number"),
    ],
)
def test_what_is_no_such_number_is_refused_and_nothing_recorded(named, kind, words):
    with cw.record(network()) as history:
        with pytest.raises(kind, match=words):
            history.log(**named)
        history.log(loss=math.nan)
    assert history.metrics.step.tolist() == [1]


def test_a_share_that_rounding_put_outside_0_to_1_is_one():
    with cw.record(network()) as history:
        history.log(loss=1, accuracy=torch.tensor(1 + 1e-6), test_accuracy=-1e-7)
    assert history.metrics.accuracy.tolist() == [1]
    assert history.evaluations.accuracy.tolist() == [0]


def test_what_is_no_model_or_no_recording_is_refused():
    with (
        pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module, and is a dict"),
        cw.record({}),
    ):
        pass
    with (
        pytest.raises(TypeError, match="history must be one that record gave, and is a History"),
        cw.record(network(), History()),
    ):
        pass
