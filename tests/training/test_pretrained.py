"""The shipped network does what its recorded run says, measured again."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cnnwidgets.data import ImageSet, load
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.training import pretrained as module
from cnnwidgets.training import record
from cnnwidgets.training.batches import evaluate
from cnnwidgets.training.history import History
from cnnwidgets.training.pretrained import pretrained


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNWIDGETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield load("mnist", split="test")


def test_the_shipped_network_reaches_99_percent_and_what_its_history_says(digits):
    model, history = pretrained()
    measured = evaluate(model, digits)
    last = history.at(history.steps[-1])
    assert measured.accuracy >= 0.99
    # Another processor may round a logit differently: at most two of the 10,000 may turn.
    assert measured.accuracy == pytest.approx(last.accuracy, abs=2e-4)
    # Float32 sums of 10,000 losses, in batches of 1,000.
    assert measured.loss_nats == pytest.approx(last.loss_nats, abs=1e-5)


@pytest.mark.parametrize("place", [0, 5, 20, 35])
def test_a_snapshot_has_the_accuracy_that_is_recorded(digits, place):
    model, history = pretrained()
    snapshot = history.at(history.steps[place])
    model.load_state_dict(snapshot.weights)
    # As above.
    assert evaluate(model, digits).accuracy == pytest.approx(snapshot.accuracy, abs=2e-4)


def test_the_run_is_complete_and_starts_from_an_untrained_network():
    _, history = pretrained()
    assert len(history.steps) == 40
    assert history.steps[:4] == (0, 1, 2, 3)
    assert history.metrics.step.tolist() == list(range(1, history.steps[-1] + 1))
    assert history.at(0).accuracy < 0.3
    assert np.isfinite(history.metrics.loss_nats).all()


def test_the_model_is_in_eval_mode_and_has_the_last_snapshots_weights():
    model, history = pretrained()
    assert isinstance(model, DigitCNN)
    assert not any(part.training for part in model.modules())
    last = history.at(history.steps[-1]).weights
    assert model.state_dict().keys() == last.keys()
    assert all(torch.equal(weight, last[name]) for name, weight in model.state_dict().items())


def test_each_call_gives_a_model_and_a_history_of_its_own():
    one, history = pretrained()
    with torch.no_grad():
        one.conv1.weight.zero_()
    other, _ = pretrained()
    assert other.conv1.weight.abs().sum() > 0
    assert history.at(history.steps[-1]).weights["conv1.weight"].abs().sum() > 0


def test_loading_it_does_not_move_the_global_random_state():
    before = torch.get_rng_state()
    pretrained()
    assert torch.equal(torch.get_rng_state(), before)


def test_no_filter_of_the_first_layer_is_dead(digits):
    model, history = pretrained()
    images = torch.from_numpy(digits.normalize(digits.images[:500]))
    with torch.no_grad():
        active = (model.conv1(images) > 0).float().mean(dim=(0, 2, 3))
    learned = model.conv1.weight - history.at(0).weights["conv1.weight"]
    # A dead filter is never above zero; one that was not trained stays within 0.1 of its start.
    assert (active > 0.01).all()
    assert (learned.abs().amax(dim=(1, 2, 3)) > 0.1).all()


def test_the_shipped_file_is_float32_and_below_3_megabytes():
    _, history = pretrained()
    assert record.SHIPPED.stat().st_size <= 3_000_000
    assert {weight.dtype for weight in history.at(0).weights.values()} == {torch.float32}


def test_a_damaged_shipped_file_is_named_in_one_sentence(tmp_path, monkeypatch):
    damaged = tmp_path / "mnist_run.safetensors"
    damaged.write_bytes(record.SHIPPED.read_bytes()[:-1])
    monkeypatch.setattr(module, "SHIPPED", damaged)
    with pytest.raises(ValueError, match=r"is damaged \(.*reinstall if it was shipped"):
        pretrained()


@pytest.fixture
def few(monkeypatch, digits):
    """The record command on 300 digits and one epoch, so that it takes a second."""
    small = ImageSet.from_arrays(digits.images[:300], digits.labels[:300], digits.classes)
    monkeypatch.setattr(record, "load", lambda name, split: small)
    original = record.record
    monkeypatch.setattr(record, "record", lambda one, other: original(one, other, epochs=1))


@pytest.mark.usefixtures("few")
def test_recording_twice_writes_the_same_bytes_whatever_the_threads_and_seed(tmp_path, capsys):
    threads = torch.get_num_threads()
    for name, number in (("one", 1), ("other", 2)):
        torch.set_num_threads(number)
        torch.manual_seed(number)
        assert record.main(["--out", str(tmp_path / name)]) == 0
        assert torch.get_num_threads() == number
        assert torch.initial_seed() == number
    torch.set_num_threads(threads)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert "step     3  accuracy" in capsys.readouterr().out


@pytest.mark.usefixtures("few")
def test_check_finds_an_equal_run_equal_and_another_one_different(tmp_path, capsys):
    path = tmp_path / "run"
    record.main(["--out", str(path)])
    written = path.read_bytes()
    assert record.main(["--check", str(path)]) == 0
    assert "bit-identical" in capsys.readouterr().out

    history, changed = History.load(path), History()
    for step in history.steps:
        weights = dict(history.at(step).weights)
        weights["fc.bias"][0] += 0.5
        changed.add_snapshot(step, weights, accuracy=0, loss_nats=0)
    changed.save(path)
    assert record.main(["--check", str(path)]) == 1
    assert "by up to 0.5" in capsys.readouterr().out
    assert path.read_bytes() != written
    assert len(list(Path(tmp_path).iterdir())) == 1
