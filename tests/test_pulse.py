"""Pulse: few calls for many pokes, and none lost; and Python ends as it should."""

import subprocess
import sys
import threading
import time

import pytest

from cnnwidgets import pulse as pulses
from cnnwidgets.pulse import Pulse
from tests.servers import eventually


def cannot_start(_thread):
    raise RuntimeError("can't start new thread")


def test_many_pokes_are_few_calls_and_the_last_is_answered():
    seen, value = [], [0]
    pulse = Pulse(lambda: seen.append(value[0]), at_most=20)
    began_s = time.monotonic()
    while time.monotonic() - began_s < 0.5:
        value[0] += 1
        pulse.poke()
    eventually(lambda: seen[-1] == value[0], "the last value was seen")
    assert 2 <= len(seen) <= 1 + 20 * (time.monotonic() - began_s)


def test_its_thread_ends_when_there_is_nothing_to_do():
    pulse = Pulse(lambda: None, at_most=100)
    before = threading.active_count()
    for _ in range(3):
        pulse.poke()
        eventually(lambda: threading.active_count() <= before, "the thread has ended")


def test_a_thread_that_cannot_start_leaves_no_trace_and_the_next_poke_tries_again(monkeypatch):
    called = threading.Event()
    pulse = Pulse(called.set)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cannot_start)
        with pytest.raises(RuntimeError, match="can't start"):
            pulse.poke()
    assert all(thread.ident for thread in pulses._aside), "Python would wait for it at its end"
    pulse.poke()
    assert called.wait(10)


def test_python_ends_well_while_a_thread_computes():
    code = (
        "import torch, time\n"
        "from cnnwidgets.pulse import Pulse\n"
        "def work():\n"
        "    for _ in range(40): torch.ones(300, 300) @ torch.ones(300, 300)\n"
        "    pulse.poke()\n"
        "pulse = Pulse(work, at_most=1000)\n"
        "pulse.poke()\n"
        "time.sleep(0.3)\n"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
