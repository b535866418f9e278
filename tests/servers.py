"""Starts and stops the servers that the browser tests talk to, each in a home of its own.

`start_app` runs `cnnwidgets app`, `start_lab` runs JupyterLab; both wait until the server answers,
and `Server.stop` ends exactly that process.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import nbformat
import psutil

ROOT = Path(__file__).resolve().parents[1]
POLL_S = 0.05
T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str, timeout_s: float = 20) -> T:
    """The first true value of a condition, or an AssertionError that says what was awaited."""
    end_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end_s:
            raise AssertionError(f"after {timeout_s} s, still not: {what} (last seen: {value!r})")
        time.sleep(POLL_S)


def write_notebook(path: Path, *cells: str, title: str | None = None) -> Path:
    """A notebook of code cells, without outputs; a cell that starts with %%markdown is text."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    if title is not None:
        notebook.metadata["title"] = title
    for source in cells:
        kind, _, text = source.partition("\n")
        if kind == "%%markdown":
            notebook.cells.append(nbformat.v4.new_markdown_cell(text))
        else:
            notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)
    return path


@dataclass
class Server:
    """A running server: `url` ends in a slash, less any token, which `address` includes."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @property
    def url(self) -> str:
        return self.address.partition("?")[0]

    def kernels(self) -> list[psutil.Process]:
        """The kernel processes that this server started and that still run."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    is_kernel = "ipykernel_launcher" in " ".join(child.cmdline())
                    if is_kernel and child.status() != psutil.STATUS_ZOMBIE:
                        found.append(child)
        return found

    def output(self) -> str:
        """What the server has printed."""
        return self.log.read_text(errors="replace")

    def stop(self, by: int = signal.SIGTERM, timeout_s: float = 20) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"no end {timeout_s} s after signal {by}:\n{self.output()}"
            ) from None


def start_app(notebook: Path, home: Path, *options: str, timeout_s: float = 30) -> Server:
    """`cnnwidgets app` on a notebook or a folder of notebooks, on a free port."""
    command = ["-m", "cnnwidgets", "app", str(notebook), "--no-browser", *options]
    process, log = _spawn(command, home, cwd=home)

    def address() -> str | None:
        found = re.search(r"cnnwidgets is at (\S+)", log.read_text(errors="replace"))
        return found[1] if found else _still(process, log)

    return Server(process, eventually(address, "the app prints its address", timeout_s), log)


def start_lab(folder: Path, home: Path, *options: str, timeout_s: float = 60) -> Server:
    """JupyterLab without a token on a folder of notebooks, on a free port of 127.0.0.1."""
    port = free_port()
    command = ["-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--ServerApp.password="]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command += options
    process, log = _spawn(command, home, cwd=home)
    url = f"http://127.0.0.1:{port}/"

    def answers() -> bool | None:
        return status_of(f"{url}api/status") == 200 or _still(process, log)

    eventually(answers, "JupyterLab answers", timeout_s)
    return Server(process, url, log)


def status_of(url: str, **headers: str) -> int | None:
    """The HTTP status of a GET, or None if nobody listens. Header names: `_` stands for `-`."""
    request = Request(url, headers={name.replace("_", "-"): v for name, v in headers.items()})
    try:
        with urlopen(request, timeout=10) as response:
            return response.status
    except HTTPError as error:
        with error:
            return error.code
    except URLError:
        return None


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def environment(home: Path) -> dict[str, str]:
    """This process's environment, with every Jupyter folder inside `home` and a kernel there."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    folders = {name: str(home / name.lower()) for name in names}
    kernel = Path(folders["JUPYTER_DATA_DIR"]) / "kernels" / "python3" / "kernel.json"
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    _write_json(kernel, {"argv": argv, "display_name": "Python 3", "language": "python"})
    _write_json(
        Path(folders["JUPYTER_CONFIG_DIR"]) / "labconfig" / "page_config.json",
        # It fetches news from another host.
        {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}},
    )
    search = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **folders, "PYTHONPATH": os.pathsep.join(search)}


def _spawn(command: list[str], home: Path, cwd: Path) -> tuple[subprocess.Popen[bytes], Path]:
    log = home / f"server-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(home),
            cwd=cwd,
        )
    return process, log


def _still(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise AssertionError(f"the server ended ({process.returncode}):\n{log.read_text()}")


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
