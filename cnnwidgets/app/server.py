"""Runs the app: binds the port, configures Voilà, prints the address, stops cleanly."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from typing import Any, cast
from urllib.parse import urlencode

from jupyter_server.auth.identity import PasswordIdentityProvider
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.platform.asyncio import BaseAsyncIOLoop
from traitlets.config import Config
from voila.app import Voila
from voila.notebook_renderer import NotebookRenderer
from voila.utils import ENV_VARIABLE, get_page_config

from cnnwidgets.app.handlers import (
    TEMPLATES,
    FolderPage,
    KernelSocket,
    LineSocket,
    NotebookPage,
    NothingHere,
)
from cnnwidgets.app.kernels import PageKernels, RunningPython
from cnnwidgets.app.preheat import Preheated
from cnnwidgets.app.settings import AppSettings, is_loopback

KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
# The parts of Voilà that a page needs; its file server, tree, themes and contents stay away.
VOILA_ROUTES = (
    "/api/kernels/",
    "/voila/api/shutdown/",
    "/voila/labextensions/",
    "/voila/static/",
    "/voila/templates/",
)
# The front ends of the widgets that cnnwidgets builds on. Other extensions slow a page down.
LAB_EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
    "bqplot",
    "bqscales",
]


def serve(settings: AppSettings) -> None:
    """Serve until Ctrl-C or SIGTERM, then end every kernel.

    Raises OSError, in one sentence, if the address cannot be listened on.
    """
    sockets = _bind(settings)
    port = sockets[0].getsockname()[1]
    app = App(settings, port)
    app.initialize([])
    app.sockets = sockets
    app.start()


def _bind(settings: AppSettings) -> list[socket.socket]:
    try:
        return bind_sockets(settings.port, settings.host)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(
            f"cannot listen on {settings.host}, port {settings.port}: {reason}; "
            "choose another with --port or --host, or leave --port out to get a free one"
        ) from None


def configuration(settings: AppSettings) -> Config:
    """What Voilà and the kernels below it are told."""
    config = Config()
    config.VoilaConfiguration.template = "lab"
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.file_allowlist = []
    config.VoilaConfiguration.extension_allowlist = LAB_EXTENSIONS
    config.VoilaConfiguration.page_config_hook = _page_config
    config.VoilaConfiguration.multi_kernel_manager_class = PageKernels
    config.VoilaConfiguration.kernel_spec_manager_class = RunningPython
    # An author on the same machine wants the traceback; a visitor from elsewhere must not have it.
    config.VoilaConfiguration.show_tracebacks = is_loopback(settings.host)
    config.VoilaExecutor.cell_error_instruction = "Its author finds the reason where the app runs."
    config.VoilaConfiguration.http_keep_alive_timeout = 2
    config.PageKernels.max_kernels = settings.max_kernels
    config.PageKernels.cull_interval = 20
    config.PageKernels.cull_idle_timeout = 300
    # A restarted kernel knows nothing of its page's widgets: better to say that it has died.
    config.KernelRestarter.restart_limit = 0
    config.KernelRestarter.time_to_dead = 1.0
    config.KernelManager.shutdown_wait_time = 2.0
    if os.name == "posix":  # sockets that no other user of the machine can listen to
        config.KernelManager.transport = "ipc"
    return config


def _page_config(page_config: dict[str, Any], base_url: str, **_: Any) -> dict[str, Any]:
    """Voilà's page configuration, less the MathJax on another host that it names when told none."""
    return page_config | {
        "fullMathjaxUrl": f"{base_url}voila/static/no-mathjax.js",
        "mathjaxConfig": "",
    }


class NoLoginPage(PasswordIdentityProvider):
    """The token comes with the address or not at all."""

    login_available = False
    logout_available = False


class App(Voila):
    """Voilà, serving one notebook or a folder of them."""

    sockets: list[socket.socket]
    template_paths: Any
    static_paths: Any
    preheated: Preheated | None = None

    def __init__(self, settings: AppSettings, port: int) -> None:
        super().__init__(
            config=configuration(settings),
            config_file_paths=[],
            log_level="CRITICAL",
            ip=settings.host,
            port=port,
            token=settings.token,
            identity_provider_class=NoLoginPage,
            open_browser=settings.open_browser,
        )
        self.settings = settings
        self.root_dir = str(self._folder)
        if not settings.notebook.is_dir():
            self.notebook_path = str(settings.notebook)

    @property
    def _folder(self) -> Any:
        notebook = self.settings.notebook
        return notebook if notebook.is_dir() else notebook.parent

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths = [str(TEMPLATES), *self.template_paths]
        self.static_paths = [*self.static_paths, str(TEMPLATES / "static")]

    def init_settings(self) -> dict[str, Any]:
        settings = super().init_settings()
        settings.update(
            # A name that is made to point at this machine (DNS rebinding) is not this machine.
            allow_remote_access=not is_loopback(self.settings.host),
            login_url=self.base_url,
            log_function=lambda handler: None,
        )
        return settings

    def init_handlers(self) -> list[Any]:
        def wanted(route: Any) -> bool:
            return any(part in route[0] for part in VOILA_ROUTES)

        page = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        if self.notebook_path:
            page["notebook_path"] = self.settings.notebook.name
            page["preheated"] = self.preheated = self._preheated()
            pages: list[Any] = [(r"/", NotebookPage, page)]
        else:
            pages = [
                (r"/", FolderPage, {"folder": self._folder}),
                (r"/([^/]+\.ipynb)", NotebookPage, page),
            ]
        return [
            (rf"/api/kernels/{KERNEL}/channels", KernelSocket),
            (rf"/api/kernels/{KERNEL}/line", LineSocket),
            *filter(wanted, super().init_handlers()),
            *pages,
            (r"/.*", NothingHere),
        ]

    def _preheated(self) -> Preheated:
        """The pages that are made before they are asked for."""
        told = {"base_url": self.base_url, "settings": self.app.settings, "log": self.log}
        told["voila_configuration"] = self.voila_configuration
        page_config = _page_config(get_page_config(**told), self.base_url)

        def renderer() -> NotebookRenderer:
            return NotebookRenderer(
                voila_configuration=self.voila_configuration,
                traitlet_config=self.config,
                notebook_path=self.settings.notebook.name,
                template_paths=self.template_paths,
                config_manager=self.config_manager,
                contents_manager=self.contents_manager,
                base_url=self.base_url,
                kernel_spec_manager=self.kernel_spec_manager,
                page_config=page_config,
                mathjax_config=self.app.settings.get("mathjax_config"),
                mathjax_url=self.app.settings.get("mathjax_url"),
            )

        environment = {
            ENV_VARIABLE.VOILA_BASE_URL: self.base_url,
            ENV_VARIABLE.VOILA_SERVER_URL: self.server_url,
            ENV_VARIABLE.VOILA_APP_PORT: str(self.port),
        }
        kernels = cast(PageKernels, self.kernel_manager)
        settings = self.settings
        return Preheated(kernels, renderer, settings.notebook, settings.preheat, environment)

    def listen(self) -> None:
        """Serve on the sockets that are bound already, until a signal arrives."""
        self.ioloop = IOLoop.current()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        loop = cast(BaseAsyncIOLoop, self.ioloop).asyncio_loop
        loop.set_exception_handler(_forget_ended_kernels)
        logging.getLogger("tornado.general").addFilter(_is_of_use)
        server = HTTPServer(self.app)
        server.add_sockets(self.sockets)
        print(f"cnnwidgets is at {self.address}  (Ctrl-C stops it)", flush=True)
        if self.open_browser:
            threading.Thread(target=_open_browser, args=(self.address,), daemon=True).start()
        if self.preheated:
            self.ioloop.add_callback(self.preheated.fill)
        try:
            self.ioloop.start()
        finally:
            server.stop()
            if self.preheated:
                self.preheated.stop()
            self.stop()

    @property
    def address(self) -> str:
        """The address to visit, token included."""
        host = self.settings.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        elif ":" in host:
            host = f"[{host}]"
        query = f"?{urlencode({'token': self.settings.token})}" if self.settings.token else ""
        return f"http://{host}:{self.port}/{query}"


def _is_of_use(record: logging.LogRecord) -> bool:
    """Whether a warning concerns anybody: tornado takes jupyter_server's pings for its own."""
    return "websocket_ping_timeout" not in record.getMessage()


def _forget_ended_kernels(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Voilà's rendering task fails, unheard, when a page is left while its kernel starts."""
    if "Kernel died" not in str(context.get("exception")):
        loop.default_exception_handler(context)


def _open_browser(address: str) -> None:
    try:
        webbrowser.open(address, new=2)
    except webbrowser.Error as error:
        print(f"no browser could be opened ({error})", file=sys.stderr)
