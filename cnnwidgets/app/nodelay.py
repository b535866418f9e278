"""A server extension for JupyterLab and Notebook: what a kernel says reaches the page at once.

    jupyter lab --ServerApp.jpserver_extensions=cnnwidgets.app.nodelay=True

Jupyter's server leaves Nagle's algorithm on, which holds a small message back until the one before
it is acknowledged: 40 ms at every move of a slider.
"""

from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.utils import url_path_join


class PromptSocket(KernelWebsocketHandler):
    """The server's own websocket of a kernel, without Nagle's algorithm."""

    async def open(self, kernel_id: str) -> None:  # type: ignore[override]
        self.set_nodelay(True)
        await super().open(kernel_id)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "cnnwidgets.app.nodelay"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Takes the kernels' websockets over: handlers that are added later come first."""
    path = url_path_join(server.base_url, "/api/kernels/(?P<kernel_id>[^/]+)/channels")
    server.web_app.add_handlers(".*", [(path, PromptSocket)])
