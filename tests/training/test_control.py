"""A session answers while it trains at full speed, and leaves nothing behind."""

import gc
import threading
import time

import psutil
import torch

from cnnwidgets.training.session import Status
from tests.training.small import PATIENCE_S, restless, session_of, sides, until

NOISE_S = 0.2  # a shared machine may give the processor to others for so long


def result(future):
    return future.result(PATIENCE_S)


def test_controls_answer_within_a_tenth_of_a_second_or_one_step():
    session = session_of(
        restless(), sides(2000), epochs=10_000, batch_size=256, test=sides(1000, seed=1)
    )
    taken, steps = [], []
    told = [time.monotonic()]

    def note():
        steps.append(time.monotonic() - told[0])
        told[0] = time.monotonic()

    session.watch(note)
    for turn in range(300):
        result(session.play())
        reached = session.progress.step + 1
        until(lambda reached=reached: session.progress.step >= reached)
        began = time.monotonic()
        result((session.pause, session.step, session.stop)[turn % 3]())
        taken.append(time.monotonic() - began)
    session.wait(PATIENCE_S)
    taken.sort()
    assert taken[int(0.99 * len(taken))] < max(0.1, max(steps)) + NOISE_S
    assert taken[len(taken) // 2] < 0.1


def test_ten_thousand_plays_and_pauses_leave_no_thread_and_no_memory():
    session = session_of(epochs=1_000_000)
    process = psutil.Process()

    def cycles(count):
        for turn in range(count):
            session.play()
            paused = session.pause()
            if turn % 100 == 99:  # who never waits has a queue of 20,000 on a busy machine
                result(paused)
        session.wait(PATIENCE_S)
        gc.collect()
        return process.memory_info().rss

    cycles(200)
    threads, began = threading.active_count(), time.monotonic()
    before = cycles(1_000)
    after = cycles(10_000)
    assert session.status is Status.PAUSED
    assert threading.active_count() == threads
    # A future and its command take about a kilobyte: 20,000 of them would be 20 MB.
    assert after - before < 8_000_000
    assert time.monotonic() - began < 30


def test_plays_and_pauses_that_wait_for_each_other_end_their_thread():
    session = session_of(epochs=1_000_000)
    for _ in range(300):
        result(session.play())
        result(session.pause())
    session.wait(PATIENCE_S)
    until(lambda: all(each.name != "cnnwidgets training" for each in threading.enumerate()))


def test_commands_from_many_threads_are_all_answered():
    session = session_of(epochs=1_000_000)
    answered = []

    def asks():
        for turn in range(100):
            command = (session.play, session.pause)[turn % 2]
            result(command())
            answered.append(turn)

    asking = [threading.Thread(target=asks) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(PATIENCE_S)
    assert len(answered) == 800
    result(session.stop())
    assert session.wait(PATIENCE_S) is Status.STOPPED


def test_a_session_computes_on_as_many_threads_as_there_were_when_it_was_made():
    seen = []
    session = session_of()
    session.model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        result(session.step())
        session.wait(PATIENCE_S)
    finally:
        torch.set_num_threads(threads)
    assert seen == [threads]
