"""Worker: a thread that takes commands, and works on between them."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import torch

from cnnwidgets.network.threads import end_idle_threads, steady_threads
from cnnwidgets.training.ending import TRAINING

LATER = object()
"""What a command returns that settles its future itself, later on."""

Command = Callable[["Future[Any]"], Any]


class Worker:
    """Does commands in their order, and a piece of work whenever none waits.

    work: does one piece, and returns whether there is more to do; it raises nothing.

    Its thread is there only while there is something to do, and computes with as many of
    PyTorch's own as there were when the worker was made.
    """

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._commands: queue.SimpleQueue[tuple[Command, Future[Any]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._resting = threading.Event()
        self._resting.set()
        self._ends = False
        self._threads = torch.get_num_threads()

    @property
    def is_asked(self) -> bool:
        """Whether a command waits."""
        return not self._commands.empty()

    def ask(self, command: Command) -> "Future[Any]":
        """Has a command done in the worker's thread; the future gets what it returns or raises.

        command is called with its future, and may return LATER and settle that itself.
        """
        future: Future[Any] = Future()
        with self._lock:
            if self._ends:
                future.cancel()
                return future
            if self._thread is None:
                end_idle_threads()
                thread = threading.Thread(target=self._run, name="cnnwidgets training", daemon=True)
                thread.start()  # which waits for the lock; where it cannot, nothing has changed
                self._thread = thread
                TRAINING.add(self)
            self._resting.clear()
            self._commands.put((command, future))
        return future

    def wait(self, timeout_s: float | None = None) -> bool:
        """Blocks until there is nothing to do; False if that took longer than timeout_s."""
        return self._resting.wait(timeout_s)

    def end(self) -> None:
        """Ends the thread after what is under way; nothing more is done."""
        with self._lock:
            self._ends = True
        if (thread := self._thread) is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        # PyTorch gives a new thread whatever number another has set for itself at that moment, as
        # a Microscope does while it looks; and another number rounds differently.
        with steady_threads():
            torch.set_num_threads(self._threads)
        more = False
        while not self._may_end(more):
            try:
                command, future = self._commands.get_nowait()
            except queue.Empty:
                more = self._work()
                continue
            more = True  # `work` knows whether the command gave it something to do
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = command(future)
            except BaseException as problem:  # it is the asker's
                future.set_exception(problem)
            else:
                if result is not LATER:
                    future.set_result(result)

    def _may_end(self, more: bool) -> bool:
        """Whether the thread may end; a command that comes later starts another."""
        with self._lock:
            if not self._ends and (more or not self._commands.empty()):
                return False
            self._thread = None
            self._resting.set()
            return True
