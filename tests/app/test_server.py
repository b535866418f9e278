"""The running app, asked by HTTP and websocket alone."""

import asyncio
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from jupyter_server.base.websocket import WebSocketMixin
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from cnnwidgets.app.handlers import KernelSocket
from cnnwidgets.app.server import App
from cnnwidgets.app.settings import AppSettings
from tests.servers import eventually, start_app, status_of, write_notebook

NOBODY = "00000000-0000-0000-0000-000000000000"


def get(url, **headers):
    """(status, text, headers) of a GET."""
    request = Request(url, headers={name.replace("_", "-"): v for name, v in headers.items()})
    try:
        with urlopen(request, timeout=30) as response:
            return response.status, response.read().decode(), response.headers
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def kernel_of(text):
    return re.search(r'"kernelId": "([\w-]+)"', text)[1]


@asynccontextmanager
async def websocket(url, **headers):
    """An open websocket, closed to the end."""
    connection = await websocket_connect(HTTPRequest(url, headers=headers))
    try:
        yield connection
    finally:
        connection.close()
        while await connection.read_message() is not None:
            pass


async def refused_with(url, **headers):
    """The status by which a websocket is refused, or None if it opens."""
    try:
        async with websocket(url, **headers):
            return None
    except HTTPClientError as error:
        return error.code


def test_it_listens_on_loopback_only(server):
    port = int(server.url.split(":")[2].strip("/"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address; nothing is sent
        other = probe.getsockname()[0]
    if other.startswith("127."):
        other = "127.0.0.2"  # a machine without a network: any other loopback address serves
    with socket.socket() as caller, pytest.raises(OSError, match="refused"):
        caller.connect((other, port))


def test_a_name_that_points_here_is_not_here(server):
    assert status_of(server.url, Host="evil.example") == 403


def test_the_token_guards_pages_kernels_and_sockets(serve):
    server = serve("--host", "0.0.0.0")
    token = re.search(r"\?token=([\w-]+)$", server.address)[1]
    url = f"http://127.0.0.1:{server.url.split(':')[2]}"
    sockets = url.replace("http", "ws")

    status, text, _ = get(url)
    assert status == 403
    assert "This page needs its token" in text
    assert "<form" not in text
    assert status_of(f"{url}?token=wrong") == 403
    assert server.kernels() == []

    status, text, _ = get(f"{url}?token={token}")
    assert status == 200
    kernel = kernel_of(text)
    assert status_of(f"{url}api/kernels/{kernel}") == 403
    assert status_of(f"{url}api/kernels/{kernel}?token={token}") == 200
    for end in ("channels", "line"):
        assert asyncio.run(refused_with(f"{sockets}api/kernels/{kernel}/{end}")) == 403
        opened = f"{sockets}api/kernels/{kernel}/{end}?token={token}"
        assert asyncio.run(refused_with(opened)) is None


def test_a_foreign_site_can_neither_start_nor_end_a_kernel(serve):
    server = serve()
    assert status_of(server.url, Sec_Fetch_Dest="image") == 403
    assert status_of(server.url, Sec_Purpose="prefetch") == 403
    assert server.kernels() == []

    kernel = kernel_of(get(server.url)[1])
    foreign = {"Origin": "http://evil.example"}
    for url in (f"{server.url}voila/api/shutdown/{kernel}", f"{server.url}api/kernels/{kernel}"):
        method = "POST" if "shutdown" in url else "DELETE"
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(url, data=b"", headers=foreign, method=method), timeout=10)
        with refused.value as error:
            assert error.code in (403, 404)
    for end in ("channels", "line"):
        url = f"{server.url.replace('http', 'ws')}api/kernels/{kernel}/{end}"
        assert asyncio.run(refused_with(url, **foreign)) == 403
    assert status_of(f"{server.url}api/kernels/{kernel}") == 200


def test_pages_opened_at_once_never_pass_the_cap(serve):
    server = serve("--max-kernels", "2")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(get, [server.url] * 6))
    assert sorted(status for status, _, _ in answers) == [200, 200, 503, 503, 503, 503]
    assert len(server.kernels()) == 2
    _, text, headers = next(answer for answer in answers if answer[0] == 503)
    assert "2 pages are open" in text
    assert int(headers["Retry-After"]) > 0


def test_a_kernel_is_told_not_to_repeat_to_its_page_what_the_page_said(tmp_path, monkeypatch):
    cell = "import ipywidgets.widgets.widget as w; print('echo', w.JUPYTER_WIDGETS_ECHO)"
    notebook = write_notebook(tmp_path / "echo.ipynb", cell)
    for wish, expected in ((None, "echo False"), ("1", "echo True")):
        if wish:
            monkeypatch.setenv("JUPYTER_WIDGETS_ECHO", wish)
        server = start_app(notebook, tmp_path)
        try:
            assert expected in get(server.url)[1]
        finally:
            server.stop()


def test_a_reader_who_leaves_while_python_starts_leaves_no_kernel(serve):
    server = serve()
    port = int(server.url.split(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        eventually(server.kernels, "a kernel starts")
    eventually(lambda: not server.kernels(), "the kernel ends", timeout_s=5)


def test_an_unknown_address_is_a_readable_page(server):
    for path in ("nothing", "voila/files/tiny.ipynb", "login", "voila/tree"):
        status, text, _ = get(server.url + path)
        assert (status, "Nothing here" in text) == (404, True), path


def test_a_page_without_its_kernel_is_told_so(server):
    async def first_word():
        url = f"{server.url.replace('http', 'ws')}api/kernels/{NOBODY}/line"
        async with websocket(url) as line:
            return await line.read_message()

    assert asyncio.run(first_word()) == '{"kernel": "ended"}'


def test_the_kernel_socket_does_not_wait_to_fill_packets(monkeypatch):
    options = []

    async def note_option(self, kernel_id):
        connection = self.ws_connection.stream.socket
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    # What remains of the handler is its own open(), on a plain websocket without a kernel.
    monkeypatch.setattr(VoilaKernelWebsocketHandler, "open", note_option)
    monkeypatch.setattr(KernelSocket, "prepare", lambda self: None)
    monkeypatch.setattr(KernelSocket, "get", WebSocketHandler.get)
    monkeypatch.setattr(KernelSocket, "select_subprotocol", lambda self, names: None)
    monkeypatch.setattr(KernelSocket, "on_close", lambda self: None)

    async def call():
        listener, port = bind_unused_port()
        server = HTTPServer(Application([(r"/(.*)", KernelSocket)]))
        server.add_socket(listener)
        async with websocket(f"ws://127.0.0.1:{port}/any"):
            server.stop()
        await server.close_all_connections()

    asyncio.run(call())
    assert options == [1]


def test_a_page_may_answer_a_ping_late_by_an_interval(notebook):
    app = App(AppSettings.checked(notebook=notebook), port=0)
    app.initialize([])

    class Line(WebSocketMixin):
        settings = app.init_settings()

    # When a ping is sent late, the last pong is older than one interval.
    assert Line().ping_interval > 0
    assert Line().ping_timeout >= 2 * Line().ping_interval


def test_a_client_of_the_older_protocol_gets_its_bytes_and_the_server_stays_well(tmp_path):
    answering = """
import comm
def answer(opened, message):
    opened.send({}, buffers=[b"x" * 99])
comm.get_comm_manager().register_target("bytes", answer)
"""
    server = start_app(write_notebook(tmp_path / "bytes.ipynb", answering), tmp_path)
    kernel_id = kernel_of(get(server.address)[1])
    url = f"{server.url.replace('http', 'ws')}api/kernels/{kernel_id}/channels?session_id=old"
    opening = {
        "header": {"msg_id": "a", "msg_type": "comm_open", "session": "old", "username": ""},
        "parent_header": {},
        "metadata": {},
        "content": {"comm_id": "c", "target_name": "bytes", "data": {}},
        "channel": "shell",
    }

    async def first_bytes():
        async with websocket(url) as socket:
            await socket.write_message(json.dumps(opening))
            while isinstance(message := await socket.read_message(), str):
                pass
            return message

    async def in_time():
        return await asyncio.wait_for(first_bytes(), 20)

    try:
        assert asyncio.run(in_time()).endswith(b"x" * 99)
        assert get(server.url + "nothing")[0] == 404
    finally:
        server.stop()
