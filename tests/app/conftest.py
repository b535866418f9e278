"""The app on a tiny notebook, for tests that need no browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import Server, start_app, write_notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook that prints one word."""
    return write_notebook(tmp_path / "tiny.ipynb", "print('hello')")


@pytest.fixture
def serve(notebook: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve(*options)`: the app on the tiny notebook, stopped when the test ends."""
    servers = []

    def start(*options: str) -> Server:
        servers.append(start_app(notebook, tmp_path, *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on a tiny notebook, shared by the tests that leave it as it was."""
    home = tmp_path_factory.mktemp("app")
    server = start_app(write_notebook(home / "tiny.ipynb", "print('hello')"), home)
    yield server
    server.stop()
