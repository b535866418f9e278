"""Looking at a training from another thread changes not one bit of it."""

import threading

import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.training.session import Status
from tests.training.small import PATIENCE_S, network, same, session_of, sides, state_of

LOOKS_S = 0.1
STEPS = 60


@pytest.fixture(scope="module")
def images():
    whole = cw.load("mnist", split="train")
    return cw.ImageSet(
        "MNIST", whole.images[:6400], whole.labels[:6400], whole.classes, whole.mean, whole.std
    )


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def trained(images, every_s=None):
    """The weights and losses of a run, looked at so often from another thread, and how often."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        session = cw.TrainingSession(cw.DigitCNN(), images, epochs=2)
    looks, ends = 0, threading.Event()

    def look():
        nonlocal looks
        while not ends.wait(every_s):
            scope.index = looks % 100
            scope.step = session.history.steps[-1]
            looks += 1

    looker = threading.Thread(target=look)
    if every_s is not None:
        scope = cw.Microscope(session.model, images, history=session.history)
        looker.start()
    for _ in range(STEPS // 10):  # each begins a thread of its own
        session.step(10).result(PATIENCE_S)
    ends.set()
    if every_s is not None:
        looker.join(PATIENCE_S)
        assert looks
    assert session.wait(PATIENCE_S) is Status.PAUSED
    return state_of(session.model), session.history.metrics.loss_nats.tolist()


def test_a_microscope_that_looks_ten_times_a_second_or_all_the_time_changes_no_bit(
    images, two_threads
):
    weights, losses = trained(images)
    for every_s in (LOOKS_S, 0):
        seen_weights, seen_losses = trained(images, every_s)
        assert same(seen_weights, weights)
        assert seen_losses == losses


def test_looking_and_stepping_take_turns_and_the_number_of_threads_is_as_before(
    images, two_threads
):
    trained(images, 0)
    assert torch.get_num_threads() == 2


def test_a_compiled_model_is_trained_recorded_looked_at_saved_and_edited(tmp_path):
    def compiled():
        return torch.compile(network(), backend="eager")

    session = session_of(compiled())
    session.step(3).result(PATIENCE_S)
    plain = session_of()
    plain.step(3).result(PATIENCE_S)
    weights = session.history.at(3).weights
    assert same(dict(weights), plain.model)
    scope = cw.Microscope(session.model, sides(), history=session.history)
    assert scope.layers[0].name == "conv1"
    session.edit([cw.SetBias("conv1", 0, 0.25)]).result(PATIENCE_S)
    assert session.history.at(3).weights["conv1.bias"][0] == 0.25
    session.save(tmp_path / "run").result(PATIENCE_S)
    for model in (compiled(), network(), None):
        again = cw.TrainingSession.resume(tmp_path / "run", model, sides())
        assert same(dict(again.history.at(3).weights), dict(session.history.at(3).weights))
    with cw.record(compiled()) as history:
        history.log(loss=1.0)
    assert cw.Microscope(compiled(), sides(), history=history).step == 1
