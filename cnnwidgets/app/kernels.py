"""One Python process for each open page, and none for a page that has gone."""

import asyncio
import os
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.session import Session
from jupyter_server.services.kernels.kernelmanager import (
    AsyncMappingKernelManager,
    ServerKernelManager,
)
from traitlets import Integer, default


class Full(Exception):
    """Every seat is taken."""


class Line(Protocol):
    """What a page holds open for as long as it is there."""

    def hang_up(self, reason: str) -> None: ...


class Seat:
    """The right of one request to start one kernel; `kernel_id` is set once it has."""

    def __init__(self) -> None:
        self.kernel_id: str | None = None


seat_of_request: ContextVar[Seat | None] = ContextVar("seat_of_request", default=None)


class WakingSession(Session):
    """Sends without putting to sleep who waits for an answer on the same socket.

    A send takes in what has come meanwhile, and with it the only sign that there is something to
    read. jupyter_client sends behind the asyncio socket's back, which then waits for ever: a page
    with an Output widget, as `interact` makes, was never done (jupyter_client, pull request 1059).
    """

    def send(self, stream: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Send a message, and have the socket look at what it can read."""
        sent = super().send(stream, *args, **kwargs)
        if isinstance(stream, zmq.asyncio.Socket):
            stream.get(zmq.EVENTS)
        return sent


class PageKernel(ServerKernelManager):
    """One kernel of a page."""

    @default("session")
    def _session_default(self) -> Session:
        return WakingSession(parent=self)


class PageKernels(AsyncMappingKernelManager):
    """Kernels that live as long as their page.

    A page holds a line open. When it goes away (reload, close, another address) its kernel ends at
    once; when the line merely breaks, the page has `cull_idle_timeout` seconds to come back. A page
    that stays open keeps its kernel, however long it is idle.
    """

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> str:
        return f"{PageKernel.__module__}.{PageKernel.__name__}"

    max_kernels = Integer(16, config=True, help="Kernels at most, those being started included.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seats: set[Seat] = set()
        self._ending: set[str] = set()
        self._lines: dict[str, set[Line]] = {}
        self._alone_since_s: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def reserve(self) -> Seat:
        """Take a seat before a kernel is started, or raise Full.

        There is no await between the count and the claim: of two requests for the last seat,
        one gets it.
        """
        living = [kernel for kernel in self.list_kernel_ids() if kernel not in self._ending]
        if len(living) + len(self._seats) >= self.max_kernels:
            raise Full
        seat = Seat()
        self._seats.add(seat)
        return seat

    def release(self, seat: Seat) -> None:
        """Give an unused seat back; a used one has become a kernel."""
        self._seats.discard(seat)

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        # What a page sets is told to all pages of its kernel, itself included; here it has but one.
        env = kwargs.setdefault("env", dict(os.environ))
        env.setdefault("JUPYTER_WIDGETS_ECHO", "0")
        kernel_id = await super().start_kernel(**kwargs)
        self._alone_since_s[kernel_id] = time.monotonic()
        seat = seat_of_request.get()
        if seat is not None:
            seat.kernel_id = kernel_id
            self.release(seat)
        return kernel_id

    def start_watching_activity(self, kernel_id: str) -> None:
        """Listen to nothing: pages say when a kernel may end, so no second reader is needed.

        The inherited rule decodes every message to a page once more, large maps included.
        """
        kernel: Any = self._kernels[kernel_id]
        kernel.reason, kernel.execution_state = "", "idle"
        kernel.last_activity = datetime.now(UTC)

    def is_there(self, kernel_id: str) -> bool:
        """Whether a kernel runs and is not about to end."""
        return kernel_id in self and kernel_id not in self._ending

    def keep_waiting(self, kernel_id: str) -> None:
        """A kernel waits for its page, however long that takes."""
        self._waiting.add(kernel_id)

    def release_waiting(self, kernel_id: str) -> None:
        """A kernel has been given to a page, which has the usual time to come."""
        self._waiting.discard(kernel_id)
        self._alone_since_s[kernel_id] = time.monotonic()

    def pick_up(self, kernel_id: str, line: Line) -> None:
        """A page is there."""
        self._lines.setdefault(kernel_id, set()).add(line)
        self._alone_since_s.pop(kernel_id, None)

    def put_down(self, kernel_id: str, line: Line, page_left: bool) -> None:
        """A page has left, or its line broke."""
        lines = self._lines.get(kernel_id, set())
        lines.discard(line)
        if lines or not self.is_there(kernel_id):
            return
        self._alone_since_s[kernel_id] = time.monotonic()
        if page_left:
            self.end_soon(kernel_id)

    def end_soon(self, kernel_id: str, now: bool = False) -> None:
        """End a kernel without waiting for it."""
        task = asyncio.ensure_future(self.shutdown_kernel(kernel_id, now=now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, now: bool = False, restart: bool = False
    ) -> None:
        """End a kernel; one that has ended or is ending is left alone."""
        if not self.is_there(kernel_id):
            return
        self._ending.add(kernel_id)
        self._hang_up(kernel_id, "ended")
        try:
            await super().shutdown_kernel(kernel_id, now=now, restart=restart)
        finally:
            self._ending.discard(kernel_id)
            self._alone_since_s.pop(kernel_id, None)
            self._waiting.discard(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that has been without a page for too long.

        Unlike the inherited rule, which counts from a kernel's last message, this one counts from
        the moment when its page was last there, so that a quiet page survives a short break.
        """
        if self._lines.get(kernel_id) or kernel_id in self._waiting:
            return
        since_s = self._alone_since_s.setdefault(kernel_id, time.monotonic())
        if time.monotonic() - since_s >= self.cull_idle_timeout:
            await self.shutdown_kernel(kernel_id)

    def _handle_kernel_died(self, kernel_id: str) -> None:
        print("cnnwidgets: the Python behind a page ended unexpectedly", file=sys.stderr)
        self._hang_up(kernel_id, "died")
        self.end_soon(kernel_id, now=True)

    def _hang_up(self, kernel_id: str, reason: str) -> None:
        for line in self._lines.pop(kernel_id, set()):
            line.hang_up(reason)


class RunningPython(KernelSpecManager):
    """Every notebook runs in the Python that runs the app, whatever kernels are installed."""

    def find_kernel_specs(self) -> dict[str, str]:
        from ipykernel.kernelspec import RESOURCES

        return {"python3": str(RESOURCES)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        from ipykernel.kernelspec import get_kernel_dict

        return KernelSpec(resource_dir=self.find_kernel_specs()["python3"], **get_kernel_dict())
