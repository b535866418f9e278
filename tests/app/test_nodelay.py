"""The server extension: a kernel's websocket in Jupyter's own server, without Nagle's algorithm."""

import asyncio
import socket

from jupyter_server.serverapp import ServerApp
from tornado.websocket import websocket_connect

from cnnwidgets.app import nodelay
from tests.servers import free_port


def server_on(folder, *options):
    server = ServerApp()
    server.initialize(
        [
            f"--ServerApp.port={free_port()}",
            f"--ServerApp.root_dir={folder}",
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
            "--IdentityProvider.token=",
            *options,
        ],
        find_extensions=False,
    )
    return server


async def answer_of(server):
    """What the kernel of a new websocket says first."""
    kernel_id = await server.kernel_manager.start_kernel()
    try:
        address = server.connection_url.replace("http", "ws", 1)
        line = await websocket_connect(f"{address}api/kernels/{kernel_id}/channels")
        message = await asyncio.wait_for(line.read_message(), 60)
        line.close()
        return message
    finally:
        await server.kernel_manager.shutdown_kernel(kernel_id, now=True)


def test_small_messages_are_sent_at_once(tmp_path, monkeypatch):
    delays = []
    opens = nodelay.PromptSocket.open

    async def watched(self, kernel_id):
        await opens(self, kernel_id)
        line = self.ws_connection.stream.socket
        delays.append(not line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(nodelay.PromptSocket, "open", watched)
    server = server_on(tmp_path, "--ServerApp.jpserver_extensions=cnnwidgets.app.nodelay=True")
    try:
        assert server.io_loop.asyncio_loop.run_until_complete(answer_of(server))
    finally:
        server.io_loop.asyncio_loop.run_until_complete(server._cleanup())
    assert delays == [False]
