"""The command line, as typed."""

import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from cnnwidgets import __version__, data
from cnnwidgets.cli import main
from tests.servers import ROOT, environment, eventually


def test_help_names_the_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "show the dashboard in the browser" in capsys.readouterr().out


def test_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cnnwidgets {__version__}\n"


def test_the_command_line_imports_neither_voila_nor_torch():
    code = "import sys, cnnwidgets.cli; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {"voila", "torch", "tornado", "jupyter_server", "ipywidgets"}
    assert heavy.isdisjoint(ran.stdout.split())


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_out_of_range_is_one_sentence(port, notebook, capsys):
    assert main(["app", str(notebook), "--port", port]) == 1
    expected = f"cnnwidgets: port (={port}) must lie in 0 to 65535; 0 picks a free one\n"
    assert capsys.readouterr().err == expected


def test_a_command_that_is_interrupted_is_not_taken_for_done(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load", interrupted)
    assert main(["figures", str(tmp_path)]) == 130


def test_a_missing_notebook_is_one_sentence(tmp_path, capsys):
    assert main(["app", str(tmp_path / "none.ipynb")]) == 1
    message = capsys.readouterr().err
    assert "none.ipynb" in message
    assert message.count("\n") == 1


def test_a_port_in_use_is_one_sentence(serve, notebook, tmp_path):
    port = serve().url.split(":")[2].strip("/")
    command = ["-m", "cnnwidgets", "app", str(notebook), "--no-browser", "--port", port]
    ran = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert ran.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_app_and_its_kernels_without_a_traceback(by, serve):
    server = serve()
    with urlopen(server.url, timeout=30) as page:
        page.read()
    kernels = server.kernels()
    assert len(kernels) == 1
    assert server.stop(by) == 0
    eventually(lambda: not any(kernel.is_running() for kernel in kernels), "the kernel has ended")
    assert server.output().splitlines() == [f"cnnwidgets is at {server.url}  (Ctrl-C stops it)"]
