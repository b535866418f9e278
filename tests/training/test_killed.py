"""SIGKILL at any moment leaves a checkpoint that goes on as the unbroken run does.

CNNWIDGETS_KILLS sets how often a training is killed (20).
"""

import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import psutil
import pytest
import torch

from cnnwidgets.training.loop import Loop
from cnnwidgets.training.session import Settings, TrainingSession
from tests.servers import ROOT
from tests.training.killed import SETTINGS
from tests.training.small import PATIENCE_S, restless, same, sides, state_of, until

KILLS = int(os.environ.get("CNNWIDGETS_KILLS", "20"))
LONGEST_S = 0.4


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@contextmanager
def nursery(path):
    """Gives a function that begins a training, and kills it so long after it began to play."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.training.killed", str(path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def kill(after_s):
        process.stdin.write("begin\n")
        process.stdin.flush()
        child = int(process.stdout.readline())
        threading.Event().wait(after_s)  # the moment is what is tested
        os.kill(child, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(child))

    with process:
        yield kill
        process.stdin.close()
    assert process.returncode == 0


def test_every_kill_leaves_a_run_that_goes_on_bit_for_bit(tmp_path, one_thread):
    with nursery(tmp_path / "run") as kill:
        survives(kill, tmp_path / "run")
    parts = [each for each in tmp_path.iterdir() if each.name.endswith(".part")]
    assert len(parts) <= 1  # each sweeps what the one before left


def survives(kill, path):
    """Kills, resumes and compares with a run that nobody broke."""
    rng = random.Random(0)
    straight = Loop(restless(), sides(), Settings(**SETTINGS))
    reached = []
    for _ in range(KILLS):
        kill(rng.uniform(0, LONGEST_S))
        if not path.exists():  # killed before its first save: the next begins at the start
            continue
        session = TrainingSession.resume(path, restless(seed=9), sides())
        at = session.progress.step
        assert at >= (reached[-1] if reached else 0)
        reached.append(at)
        while straight.step < at:
            next(straight)
        assert same(session.model, straight.model)
        state = straight.state()
        goal = at + 10  # into the next epoch
        assert session.step(goal - at).result(PATIENCE_S).step == goal
        while straight.step < goal:
            next(straight)
        assert same(session.model, straight.model)
        straight.restore(state)
    assert reached[-1] > 0
    assert len(set(reached)) > len(reached) // 2
    assert not same(state_of(straight.model), restless().state_dict())
