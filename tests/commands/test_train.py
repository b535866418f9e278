"""`cnnwidgets train`, as typed."""

import csv
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.cli import main
from cnnwidgets.training.loop import train
from tests.servers import ROOT
from tests.training.small import PATIENCE_S, same, sides

# What a script starts in the background ignores Ctrl-C, unless it asks for it.
HEARS_CTRL_C = """
import signal
from cnnwidgets.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(main())
"""
FILES = ["checkpoint.safetensors", "history.safetensors", "metrics.csv"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Sets of 8×8 images in place of MNIST."""
    sets = {"train": sides(50), "test": sides(20, seed=1)}
    monkeypatch.setattr("cnnwidgets.data.load", lambda name, *, split: sets[split])


def typed(out, *words):
    return main(["train", "--batch-size", "16", "--out", str(out), *words])


def last(out):
    history = cw.History.load(out / "history.safetensors")
    return dict(history.at(history.last_step).weights)


def test_it_trains_as_the_loop_does_and_writes_all_three(tmp_path, capsys):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert typed(tmp_path, "--epochs", "3", "--seed", "5", "--learning-rate", "0.01") == 0
    assert torch.equal(torch.get_rng_state(), before)
    out = capsys.readouterr()
    assert out.out.startswith("finished: 3 epochs, 12 steps, ")
    assert out.out.endswith(f"read rightly; wrote {tmp_path}\n")
    assert out.err == ""  # no terminal, no bar
    assert sorted(each.name for each in tmp_path.iterdir()) == FILES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = cw.DigitCNN(1, (8, 8), 2)
    steps = list(train(model, sides(), epochs=3, batch_size=16, learning_rate=0.01, seed=5))
    assert same(last(tmp_path), model.state_dict())
    with (tmp_path / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(13))
    assert [float(row["loss_nats"]) for row in rows[1:]] == [step.loss_nats for step in steps]
    assert [row["step"] for row in rows if row["test_accuracy"]] == ["0", "4", "8", "12"]


def test_the_microscope_opens_the_result(tmp_path):
    assert typed(tmp_path, "--epochs", "1") == 0
    history = cw.History.load(tmp_path / "history.safetensors")
    assert history.notes["model"] == "DigitCNN(1, (8, 8), 2)"
    scope = cw.Microscope(cw.DigitCNN(1, (8, 8), 2), sides(), history=history)
    scope.step = 2
    assert scope.step == 2
    assert scope.prediction is not None


def test_the_same_command_again_says_finished_and_more_epochs_go_on(tmp_path, capsys):
    assert typed(tmp_path, "--epochs", "2", "--schedule", "constant") == 0
    capsys.readouterr()
    assert typed(tmp_path, "--epochs", "2", "--schedule", "constant") == 0
    said = capsys.readouterr().out
    assert said.startswith("already finished: 2 epochs, 8 steps, ")
    assert said.endswith("; --epochs with a larger number trains on\n")
    assert typed(tmp_path, "--epochs", "3") == 0
    assert typed(tmp_path / "straight", "--epochs", "3", "--schedule", "constant") == 0
    assert same(last(tmp_path), last(tmp_path / "straight"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "0"], "epochs (=0) must be at least 1"),
        (["--learning-rate", "-1"], "learning_rate (=-1.0) must be a number above 0"),
        (["--optimizer", "best"], "optimizer (='best') must be 'sgd', 'momentum', 'adam' or"),
        (["--schedule", "none"], "schedule (='none') must be 'one_cycle' or 'constant'"),
        (["--threads", "0"], "threads (=0) must be at least 1"),
        (["--device", "toaster"], "device (='toaster') is not there: "),
    ],
)
def test_what_cannot_work_is_one_sentence(tmp_path, capsys, words, said):
    assert typed(tmp_path / "out", *words) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"cnnwidgets: {said}")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_is_not_there_is_one_clear_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert typed(tmp_path / "out", "--device", "cuda") == 1
    assert capsys.readouterr().err == (
        "cnnwidgets: device (='cuda') is not there: PyTorch finds no GPU it can use; leave "
        "--device out to train on the processor\n"
    )


def test_another_seed_wants_another_folder(tmp_path, capsys):
    assert typed(tmp_path, "--epochs", "1") == 0
    assert typed(tmp_path, "--seed", "3") == 1
    assert "has seed 0, not 3; give another --out for another run" in capsys.readouterr().err


def test_a_loss_that_is_no_number_is_said_and_what_was_done_is_kept(tmp_path, capsys):
    words = ("--optimizer", "sgd", "--schedule", "constant", "--learning-rate", "1e30")
    assert typed(tmp_path, *words) == 1
    assert "cnnwidgets: the loss became " in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == FILES


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert typed(tmp_path / "file" / "out", "--epochs", "1") == 1
    assert "Not a directory" in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path):
    ours, theirs = pty.openpty()
    words = ["--epochs", "50", "--out", str(tmp_path), "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, "train", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""

    def read_until(words):
        nonlocal shown
        end_s = time.monotonic() + PATIENCE_S
        while words not in shown:
            assert select.select([ours], [], [], end_s - time.monotonic())[0], shown[-500:]
            shown += os.read(ours, 1000)

    try:
        read_until(b"images/s")
        process.send_signal(signal.SIGINT)
        read_until(b"goes on from there")
        assert process.wait(PATIENCE_S) == 130
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(ours)
    assert b"epoch 1/50" in shown
    assert b"Traceback" not in shown
    assert sorted(each.name for each in tmp_path.iterdir()) == FILES
    history = cw.History.load(tmp_path / "history.safetensors")
    assert f"stopped at step {history.last_step:,} of ".encode() in shown
    assert history.last_step == history.metrics.step[-1]
