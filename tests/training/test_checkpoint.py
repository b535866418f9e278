"""A saved run goes on exactly, and a file that is not it is refused in words."""

import pickle
import random

import numpy as np
import pytest
import torch

from cnnwidgets.data import ImageSet
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training.checkpoint import describe
from cnnwidgets.training.session import Status, TrainingSession
from tests.training.small import (
    OPTIMIZERS,
    PATIENCE_S,
    channels_last,
    network,
    restless,
    rows,
    same,
    session_of,
    sides,
    state_of,
)


def result(future):
    return future.result(PATIENCE_S)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A run saved amid its second epoch."""
    where = tmp_path_factory.mktemp("saved") / "run.safetensors"
    session = session_of(test=sides(20, seed=1))
    result(session.step(6))
    result(session.save(where))
    return where


@pytest.mark.parametrize("make", [network, restless, channels_last])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_goes_on_bit_for_bit(optimizer, make, tmp_path):
    test = sides(20, seed=1)
    first = session_of(make(), optimizer=optimizer, test=test, learning_rate=1e-3)
    for step, name in ((0, "start"), (3, "amid"), (8, "between"), (12, "end")):
        if step:
            result(first.step(step - first.progress.step))
            first.wait(PATIENCE_S)
        result(first.save(tmp_path / name))
    for name in ("start", "amid", "between", "end"):
        again = TrainingSession.resume(tmp_path / name, make(seed=9), sides(), test=test)
        assert again.status is (Status.FINISHED if name == "end" else Status.PAUSED)
        assert again.settings == first.settings
        if name != "end":
            result(again.play())
            again.wait(PATIENCE_S)
        assert same(again.model, first.model)
        assert rows(again.history.metrics) == rows(first.history.metrics)
        assert rows(again.history.evaluations) == rows(first.history.evaluations)
        assert again.history.steps == first.history.steps
        for step in (9, 2):  # what was recorded before the save can be gone back to as well
            assert result(again.rewind(step)) == step
            assert same(again.model, dict(first.history.at(step).weights))


def test_what_was_set_after_the_last_step_is_saved_too(tmp_path):
    session = session_of()
    result(session.step(3))
    result(session.set(learning_rate=1e-4, optimizer="sgd"))
    result(session.save(tmp_path / "run"))
    again = TrainingSession.resume(tmp_path / "run", network(), sides())
    assert again.settings == session.settings
    assert result(again.step()) == result(session.step())
    assert same(again.model, session.model)


def test_amid_a_step_the_step_is_not_part_of_what_is_saved(tmp_path):
    session = session_of(restless())
    result(session.step(3))
    result(session.phase())
    result(session.save(tmp_path / "run"))
    again = TrainingSession.resume(tmp_path / "run", restless(seed=1), sides())
    assert again.progress.step == 3
    assert again.progress.phase is None
    assert result(again.step()) == result(session.step())
    assert same(again.model, session.model)


def test_a_digit_network_need_not_be_given(path):
    again = TrainingSession.resume(path, images=sides(), test=sides(20, seed=1))
    assert isinstance(again.model, DigitCNN)
    assert again.progress.step == 6


def test_resuming_leaves_the_global_random_state(path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    TrainingSession.resume(path, images=sides(), test=sides(20, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


class Other(DigitCNN):
    pass


def other_labels():
    images = sides()
    return ImageSet(
        "sides", images.images, 1 - images.labels, images.classes, images.mean, images.std
    )


def other_mean():
    images = sides()
    return ImageSet("sides", images.images, images.labels, images.classes, (0.1,), images.std)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": DigitCNN(1, 12, 2)}, r"model \(a DigitCNN\) does not fit .*'fc.weight'.*; give"),
        ({"model": network().double()}, r"model \(a DigitCNN\) does not fit"),
        ({"images": sides(seed=4)}, r"is not what the run used, 'sides': its \w+ differs; give"),
        ({"images": sides(49)}, "its shape differs; give the same set, or start a new session"),
        ({"images": other_labels()}, "its sha256 differs"),
        ({"images": other_mean()}, "its mean differs"),
        ({"images": None}, "the run used 'sides'; give it as images="),
        ({"test": None}, "the run used 'sides'; give it as test="),
        ({"test": sides()}, r"test \('sides'\) is not what the run used"),
    ],
)
def test_what_does_not_fit_a_saved_run_is_refused_in_words(path, given, words):
    fitting = {"model": network(), "images": sides(), "test": sides(20, seed=1)}
    arguments = fitting | given
    with pytest.raises(ValueError, match=words):
        TrainingSession.resume(
            path, arguments["model"], arguments["images"], test=arguments["test"]
        )


def test_a_test_set_that_the_run_had_not_is_refused(tmp_path):
    result(session_of().save(tmp_path / "run"))
    with pytest.raises(ValueError, match=r"test \(=.*\) was not part of the saved run; leave it"):
        TrainingSession.resume(tmp_path / "run", network(), sides(), test=sides())


def test_a_model_of_ones_own_has_to_be_given(tmp_path):
    result(session_of(restless()).save(tmp_path / "run"))
    with pytest.raises(ValueError, match="the run trained a Sequential; give one as model="):
        TrainingSession.resume(tmp_path / "run", images=sides())


def test_files_of_another_kind_and_missing_ones_are_told_apart(path, tmp_path):
    session = session_of()
    session.history.save(tmp_path / "history")
    with pytest.raises(ValueError, match="history' is not a training checkpoint; give a file"):
        TrainingSession.resume(tmp_path / "history", network(), sides())
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*missing'; give a file that"):
        TrainingSession.resume(tmp_path / "missing", network(), sides())


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_a_pickle_is_refused_and_not_loaded(tmp_path):
    (tmp_path / "plain").write_bytes(pickle.dumps(Trap()))
    torch.save({"weights": Trap()}, tmp_path / "torch")
    for name in ("plain", "torch"):
        with pytest.raises(ValueError, match=f"{name}' is damaged"):
            TrainingSession.resume(tmp_path / name, network(), sides())


def test_every_flipped_byte_is_noticed(path, tmp_path):
    sound, rng = path.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(sound[:8], "little")
    places = [*range(16), *rng.sample(range(header), 100), *rng.sample(range(len(sound)), 200)]
    damaged = tmp_path / "damaged"
    before = state_of(model := network())
    for place in places:
        content = bytearray(sound)
        content[place] ^= 1 << rng.randrange(8)
        damaged.write_bytes(content)
        with pytest.raises(ValueError, match=r"damaged|not a training checkpoint|version"):
            TrainingSession.resume(damaged, model, sides(), test=sides(20, seed=1))
    assert same(model, before)


def test_a_truncated_file_is_damaged(path, tmp_path):
    sound = path.read_bytes()
    for keep in (0, 7, 8, 100, len(sound) // 2, len(sound) - 1):
        (tmp_path / "part").write_bytes(sound[:keep])
        with pytest.raises(ValueError, match=r"part' is damaged \("):
            TrainingSession.resume(tmp_path / "part", network(), sides())


def test_the_same_run_gives_the_same_bytes(path, tmp_path):
    again = TrainingSession.resume(path, network(), sides(), test=sides(20, seed=1))
    result(again.save(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_images_are_told_apart_by_all_that_is_in_them():
    images = sides()
    assert describe(images) == describe(sides())
    pixels = images.images.copy()
    pixels[-1, 0, -1, -1] ^= 1
    other = ImageSet("sides", pixels, images.labels, images.classes, images.mean, images.std)
    assert describe(images)["sha256"] != describe(other)["sha256"]
    assert np.array_equal(images.labels, other.labels)
