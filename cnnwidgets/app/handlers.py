"""What the app answers: pages, the kernel's websocket, and the line that a page holds open."""

import json
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader
from jupyter_server.auth.decorator import allow_unauthenticated, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from cnnwidgets.app import words
from cnnwidgets.app.kernels import Full, PageKernels, Seat, seat_of_request
from cnnwidgets.app.preheat import Made, Preheated

TEMPLATES = Path(__file__).with_name("template")
GOING_AWAY = 1001  # RFC 6455, 7.4.1: what a browser says when a page is left

# The promise that no page asks another host for anything, kept by the browser itself. Lab's
# settings and anywidget's modules need eval and blob:.
OWN_HOST_ONLY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline' blob:",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data: {sockets}",
        "worker-src 'self' blob:",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)


@cache
def _notice_template() -> Any:
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True).get_template("notice.html.j2")


def kernels_of(handler: JupyterHandler) -> PageKernels:
    """The kernels of the app that a handler answers for."""
    return cast(PageKernels, handler.settings["kernel_manager"])


class ReadableHandler(JupyterHandler):
    """Says what went wrong on a page that can be read."""

    @property
    def content_security_policy(self) -> str:
        scheme = "wss" if self.request.protocol == "https" else "ws"
        return OWN_HOST_ONLY.format(sockets=f"{scheme}://{self.request.host}")

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Referrer-Policy", "same-origin")  # the address may hold the token

    def show(self, notice: words.Notice) -> None:
        """Finish with a plain page."""
        self.set_status(notice.status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        if notice.retry_s:
            self.set_header("Retry-After", str(notice.retry_s))
        self.finish(_notice_template().render(notice=notice))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.show(words.failure(status_code))


class NothingHere(ReadableHandler):
    """Every other address."""

    @allow_unauthenticated
    def get(self) -> None:
        self.show(words.TOKEN if self.current_user is None else words.failure(404))


class FolderPage(ReadableHandler):
    """The notebooks of a folder."""

    def initialize(self, folder: Path) -> None:
        self.folder = folder

    @allow_unauthenticated
    def get(self) -> None:
        if self.current_user is None:
            self.show(words.TOKEN)
        else:
            self.show(words.contents(sorted(path.name for path in self.folder.glob("*.ipynb"))))


class NotebookPage(ReadableHandler, TornadoVoilaHandler):
    """A notebook as a page, if there is a seat for its kernel."""

    seat: Seat | None = None
    left_early = False

    def initialize(self, preheated: Preheated | None = None, **kwargs: Any) -> None:
        super().initialize(**kwargs)
        self.preheated = preheated

    @allow_unauthenticated
    async def get(self, path: str | None = None) -> None:
        if self.current_user is None:
            self.show(words.TOKEN)
            return
        if not self._is_a_visit():
            self.show(words.EMBEDDED)
            return
        made = await self._made()
        try:
            self.seat = Seat() if made else kernels_of(self).reserve()
        except Full:
            self.show(words.full(kernels_of(self).max_kernels))
            return
        if made:
            self.seat.kernel_id = made.kernel_id
        # Reading the token sets the cookie that the page's closing request needs (voila#1458).
        _ = self.xsrf_token
        seat_of_request.set(self.seat)
        try:
            await self._stream(self._ready(made) if made else self.get_generator(path=path))
        except StreamClosedError:
            self.left_early = True
        finally:
            kernels_of(self).release(self.seat)
            self._end_if_left()

    async def _made(self) -> Made | None:
        """A page made before; one with a query is the notebook's own affair, and made for it."""
        asked = self.request.query_arguments.keys() - {"token"}
        return await self.preheated.take() if self.preheated and not asked else None

    def _ready(self, made: Made) -> AsyncIterator[str]:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        return made.html()

    async def _stream(self, pieces: AsyncIterator[str]) -> None:
        """Send the page piece by piece, as long as somebody reads it and its kernel runs.

        Voilà sends a heartbeat for ever when a kernel dies while it starts.
        """
        async for html in pieces:
            if self.left_early:
                return
            self.write(html)
            await self.flush()
            kernel_id = self.seat.kernel_id if self.seat else None
            if kernel_id is not None and not kernels_of(self).is_there(kernel_id):
                self.write('<script>window.cw_cover("died")</script>')
                return

    def _is_a_visit(self) -> bool:
        """Whether a person opens the page: not an image tag of a foreign site, nor a prefetch."""
        headers = self.request.headers
        wanted_as = headers.get("Sec-Fetch-Dest", "document")
        return wanted_as == "document" and "prefetch" not in headers.get("Sec-Purpose", "")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.left_early = True
        self._end_if_left()

    def _end_if_left(self) -> None:
        if self.left_early and self.seat is not None and self.seat.kernel_id is not None:
            kernels_of(self).end_soon(self.seat.kernel_id, now=True)


class KernelSocket(VoilaKernelWebsocketHandler):
    """The kernel's websocket without Nagle's algorithm, which holds small messages for 40 ms."""

    async def open(self, kernel_id: str) -> None:  # type: ignore[override]
        self.set_nodelay(True)
        await super().open(kernel_id)

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message; Voilà reads its header first, so as to keep the cells' source back.

        Voilà takes all bytes for the v1 protocol. JupyterLab's client falls back to the older one
        when its first try fails, and its bytes, misread, fill the memory and stop the server.
        """
        if isinstance(message, bytes) and self.selected_subprotocol is None:
            return WebSocketHandler.write_message(self, message, binary)
        return super().write_message(message, binary)


class LineSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The line that a page holds open for as long as it is there, and learns its kernel's end by.

    The mixin refuses pages of other origins.
    """

    hung_up = False

    def set_default_headers(self) -> None:
        """Headers of a page make no sense on a websocket."""

    @ws_authenticated
    async def get(self, kernel_id: str) -> None:  # type: ignore[override]
        await super().get(kernel_id=kernel_id)

    def open(self, kernel_id: str) -> None:  # type: ignore[override]
        super().open(kernel_id)
        self.set_nodelay(True)
        self.kernel_id = kernel_id
        if kernels_of(self).is_there(kernel_id):
            kernels_of(self).pick_up(kernel_id, self)
        else:
            self.hang_up("ended")

    def on_message(self, message: str | bytes) -> None:
        """A page only listens."""

    def hang_up(self, reason: str) -> None:
        """Tell the page that its kernel has ended or died, and close."""
        self.hung_up = True
        if self.ws_connection is not None:
            self.write_message(json.dumps({"kernel": reason}))
            self.close()

    def on_close(self) -> None:
        if not self.hung_up:
            left = self.close_code == GOING_AWAY
            kernels_of(self).put_down(self.kernel_id, self, page_left=left)
        super().on_close()
