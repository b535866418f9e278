"""Pages that are made before they are asked for: Python has started, and the notebook has run."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from voila.notebook_renderer import NotebookRenderer
from voila.utils import ENV_VARIABLE

from cnnwidgets.app.kernels import Full, PageKernels, seat_of_request

REFILL_S = 10  # by then a page has been drawn, and another kernel's start takes nothing from it
HEARTBEAT_S = 2
HEARTBEAT = "<script>window.voila_heartbeat()</script>\n"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A page that waits for its visitor; `pieces` end with None.

    written_ns: when the notebook that it shows was written.
    """

    kernel_id: str
    pieces: asyncio.Queue[str | None]
    written_ns: int

    async def html(self) -> AsyncIterator[str]:
        """The page, as far as it is made and then as it goes on; heartbeats while nothing comes."""
        while True:
            try:
                piece = await asyncio.wait_for(self.pieces.get(), HEARTBEAT_S)
            except TimeoutError:
                yield HEARTBEAT
                continue
            if piece is None:
                return
            yield piece


class Preheated:
    """Keeps pages of one notebook ready, as many as asked for where the kernels' cap allows.

    They count as kernels, and each is given to one visitor. renderer: makes a fresh one of Voilà's.
    """

    def __init__(
        self,
        kernels: PageKernels,
        renderer: Callable[[], NotebookRenderer],
        notebook: Path,
        count: int,
        environment: dict[str, str],
    ) -> None:
        self.kernels = kernels
        self.renderer = renderer
        self.notebook = notebook
        self.count = count
        self.environment = environment
        self._made: list[asyncio.Task[Made | None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._next: asyncio.TimerHandle | None = None

    async def take(self) -> Made | None:
        """A page for a visitor, or None if there is none; another is made in its place, later.

        One whose kernel is still starting is waited for.
        """
        while self._made:
            making = self._made.pop(0)
            self._fill_later()
            made = await making
            if made is None or not self.kernels.is_there(made.kernel_id):
                continue
            self.kernels.release_waiting(made.kernel_id)
            if made.written_ns == self._written_ns():
                return made
            self.kernels.end_soon(made.kernel_id)
        return None

    def fill(self) -> None:
        """Make as many pages as are missing, without waiting for them."""
        self._next = None
        self._made = [making for making in self._made if self._is_good(making)]
        for _ in range(self.count - len(self._made)):
            self._made.append(asyncio.get_running_loop().create_task(self._make()))

    def _fill_later(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(REFILL_S, self.fill)

    def _is_good(self, making: asyncio.Task[Made | None]) -> bool:
        if not making.done() or making.cancelled() or making.exception() is not None:
            return True  # what went wrong is told to the visitor who takes it
        made = making.result()
        return made is not None and self.kernels.is_there(made.kernel_id)

    def stop(self) -> None:
        """Make no more."""
        self.count = 0
        for task in (*self._made, *self._tasks):
            task.cancel()

    async def _make(self) -> Made | None:
        """Start a kernel and let it run the notebook; None if every seat is taken."""
        try:
            seat = self.kernels.reserve()
        except Full:
            self._fill_later()
            return None
        seat_of_request.set(seat)
        try:
            written_ns = self._written_ns()
            renderer = self.renderer()
            await renderer.initialize()
            kernel_id = await self.kernels.start_kernel(
                kernel_name=renderer.notebook.metadata.kernelspec.name,
                path="",
                env={**os.environ, **self.environment, ENV_VARIABLE.VOILA_PREHEAT: "True"},
            )
        finally:
            self.kernels.release(seat)
        self.kernels.keep_waiting(kernel_id)
        made = Made(kernel_id, asyncio.Queue(), written_ns)
        task = asyncio.get_running_loop().create_task(self._run(renderer, made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return made

    async def _run(self, renderer: NotebookRenderer, made: Made) -> None:
        kernel = self.kernels.get_kernel(made.kernel_id)
        try:
            async for piece, _ in renderer.generate_content_generator(made.kernel_id, kernel):
                made.pieces.put_nowait(piece)
        except Exception:  # a visitor who has this page already is told by the end of its kernel
            self.kernels.end_soon(made.kernel_id)
            raise
        made.pieces.put_nowait(None)

    def _written_ns(self) -> int:
        """When the notebook was written; 0 where it is gone."""
        try:
            return self.notebook.stat().st_mtime_ns
        except OSError:
            return 0
