"""A history keeps what it was given, exactly, in memory and in one file."""

import random

import pytest
import torch
from safetensors.torch import save_file

from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Step
from cnnwidgets.training.thinning import snapshot_steps


def weights(value):
    return {
        "fc.weight": torch.full((2, 3), float(value)),
        "norm.count": torch.tensor(int(value)),
        "half": torch.full((1,), float(value), dtype=torch.bfloat16),
    }


@pytest.fixture
def history():
    made = History({"seed": "0"})
    made.add_snapshot(0, weights(0), accuracy=0.1, loss_nats=2.3)
    for number in range(1, 11):
        made.add_step(Step(number, 1 + number // 6, 1 / number, number / 10, 0.01 * number))
        if number in (2, 10):
            made.add_snapshot(number, weights(number), accuracy=number / 10, loss_nats=1 / number)
    return made


def test_metrics_are_the_steps_as_read_only_arrays(history):
    metrics = history.metrics
    assert metrics.step.tolist() == list(range(1, 11))
    assert metrics.epoch.tolist() == [1] * 5 + [2] * 5
    assert metrics.loss_nats.tolist() == [1 / number for number in range(1, 11)]
    assert metrics.accuracy.tolist() == [number / 10 for number in range(1, 11)]
    assert metrics.learning_rate.tolist() == [0.01 * number for number in range(1, 11)]
    with pytest.raises(ValueError, match="read-only"):
        metrics.step[0] = 5


def test_steps_are_those_with_a_snapshot(history):
    assert history.steps == (0, 2, 10)
    assert repr(history) == "<History: 10 steps, 3 snapshots>"


@pytest.mark.parametrize(
    ("asked", "found"), [(-5, 0), (0, 0), (1, 0), (2, 2), (6, 2), (7, 10), (10, 10), (999, 10)]
)
def test_at_gives_the_nearest_snapshot_and_the_earlier_of_two(history, asked, found):
    snapshot = history.at(asked)
    assert snapshot.step == found
    assert torch.equal(snapshot.weights["fc.weight"], torch.full((2, 3), float(found)))


def test_changing_weights_that_went_in_or_came_out_does_not_change_the_history(history):
    given = weights(20)
    history.add_snapshot(20, given, accuracy=1, loss_nats=0)
    given["fc.weight"].zero_()
    history.at(20).weights["fc.weight"].zero_()
    assert torch.equal(history.at(20).weights["fc.weight"], torch.full((2, 3), 20.0))
    with pytest.raises(TypeError):
        history.at(20).weights["fc.weight"] = given["fc.weight"]


def test_parameters_that_require_gradients_are_stored_without(history):
    grown = weights(20)
    grown["fc.weight"].requires_grad_(True)
    history.add_snapshot(20, grown, accuracy=1, loss_nats=0)
    assert not history.at(20).weights["fc.weight"].requires_grad


def test_an_empty_history_has_no_moment_to_give_or_save(tmp_path):
    empty = History()
    assert empty.steps == ()
    assert empty.metrics.step.shape == (0,)
    with pytest.raises(LookupError, match="no snapshots yet; take one with add_snapshot"):
        empty.at(0)
    with pytest.raises(ValueError, match="no snapshots to save"):
        empty.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_steps_that_go_back_in_time_are_refused(history):
    with pytest.raises(ValueError, match=r"step \(=10\) must come after 10"):
        history.add_snapshot(10, weights(10), accuracy=1, loss_nats=0)
    with pytest.raises(ValueError, match=r"step \(=3\) must come after 10"):
        history.add_step(Step(3, 1, 0.5, 0.5, 0.1))
    assert history.steps == (0, 2, 10)


@pytest.mark.parametrize("changed", [{"fc.weight": torch.zeros(2, 4)}, {"fc.bias": torch.zeros(2)}])
def test_weights_of_another_network_are_refused_by_the_parameters_name(history, changed):
    with pytest.raises(ValueError, match=f"differ .* at '{next(iter(changed))}' .*new History"):
        history.add_snapshot(11, weights(11) | changed, accuracy=1, loss_nats=0)


def test_a_saved_history_loads_exactly(history, tmp_path):
    history.save(tmp_path / "run.safetensors")
    loaded = History.load(tmp_path / "run.safetensors")
    assert loaded.notes == {"seed": "0"}
    assert loaded.steps == history.steps
    for name in ("step", "epoch", "loss_nats", "accuracy", "learning_rate"):
        assert getattr(loaded.metrics, name).tolist() == getattr(history.metrics, name).tolist()
    for step in history.steps:
        one, other = history.at(step), loaded.at(step)
        assert (one.step, one.accuracy, one.loss_nats) == (
            other.step,
            other.accuracy,
            other.loss_nats,
        )
        assert one.weights.keys() == other.weights.keys()
        for name, tensor in one.weights.items():
            assert tensor.dtype == other.weights[name].dtype
            assert torch.equal(tensor, other.weights[name])


def test_a_loaded_history_goes_on(history, tmp_path):
    history.save(tmp_path / "run")
    loaded = History.load(tmp_path / "run")
    loaded.add_snapshot(11, weights(11), accuracy=1, loss_nats=0)
    assert loaded.steps == (0, 2, 10, 11)


def test_a_history_of_snapshots_alone_can_be_saved(tmp_path):
    made = History()
    made.add_snapshot(7, weights(7), accuracy=0.5, loss_nats=1.0)
    made.save(tmp_path / "run")
    loaded = History.load(tmp_path / "run")
    assert loaded.steps == (7,)
    assert loaded.metrics.step.shape == (0,)


def test_the_same_history_gives_the_same_bytes(history, tmp_path):
    history.save(tmp_path / "one")
    History.load(tmp_path / "one").save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_saving_replaces_the_old_file_and_leaves_nothing_else(history, tmp_path):
    (tmp_path / "run").write_text("old")
    history.save(tmp_path / "run")
    assert History.load(str(tmp_path / "run")).steps == history.steps
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_every_flipped_byte_of_a_saved_file_is_noticed(history, tmp_path):
    path = tmp_path / "run"
    history.save(path)
    sound = path.read_bytes()
    rng = random.Random(0)
    for place in rng.sample(range(len(sound)), 300):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"damaged|not a training history|version") as caught:
            History.load(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, -1])
def test_a_truncated_file_is_named_as_damaged(history, tmp_path, keep):
    path = tmp_path / "run"
    history.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"run' is damaged \(.*save it again"):
        History.load(path)


def test_other_safetensors_files_and_missing_ones_are_told_apart(tmp_path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other")
    with pytest.raises(ValueError, match="other' is not a training history"):
        History.load(tmp_path / "other")
    with pytest.raises(FileNotFoundError, match=r"no history at .*missing'"):
        History.load(tmp_path / "missing")


def test_a_file_of_a_later_format_asks_for_an_update(history, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("cnnwidgets.training.sealed._VERSION", 2)
        history.save(tmp_path / "run")
    with pytest.raises(ValueError, match=r"has version 2 .* reads 1; update cnnwidgets"):
        History.load(tmp_path / "run")


@pytest.mark.parametrize("total", [40, 100, 1407, 2814, 100_000])
def test_snapshot_steps_span_the_run_and_are_dense_at_its_start(total):
    steps = snapshot_steps(total)
    assert len(steps) == 40
    assert steps[:4] == (0, 1, 2, 3)
    assert steps[-1] == total
    assert list(steps) == sorted(set(steps))


def test_a_run_shorter_than_the_snapshots_keeps_every_step():
    assert snapshot_steps(5) == (0, 1, 2, 3, 4, 5)


def test_snapshot_steps_of_no_run_are_refused():
    with pytest.raises(ValueError, match=r"total \(=0\)"):
        snapshot_steps(0)
