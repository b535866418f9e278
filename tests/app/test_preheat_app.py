"""The running app makes pages before they are asked for: whom they are for, and what they cost."""

import re

from tests.app.test_server import get, kernel_of
from tests.servers import eventually, start_app, write_notebook


def test_the_app_makes_a_page_before_it_is_asked_for_and_ends_its_kernel_with_itself(tmp_path):
    cell = "import os; print('made', os.environ['VOILA_PREHEAT'])"
    server = start_app(write_notebook(tmp_path / "word.ipynb", cell), tmp_path, "--preheat", "1")
    try:
        (kernel,) = eventually(server.kernels, "a kernel starts, and nobody has come")
        status, text, headers = get(server.url)
        assert (status, "made True" in text) == (200, True)
        assert headers["Cache-Control"] == "no-store"
        assert text.rstrip().endswith("</html>")
        assert [found.pid for found in server.kernels()] == [kernel.pid]
        status, other, _ = get(server.url)
        assert (status, "made False" in other) == (200, True)
        assert kernel_of(other) != kernel_of(text)
        assert len(server.kernels()) == 2
        running = server.kernels()
    finally:
        assert server.stop() == 0
    eventually(lambda: not any(found.is_running() for found in running), "all kernels end")
    assert re.findall("Traceback|Error", server.output()) == []


def test_a_page_asked_for_with_a_query_is_made_for_it(tmp_path):
    cell = "import os; print('asked', os.environ.get('QUERY_STRING'))"
    server = start_app(write_notebook(tmp_path / "word.ipynb", cell), tmp_path, "--preheat", "1")
    try:
        eventually(server.kernels, "a kernel starts")
        assert "asked digit=3" in get(f"{server.url}?digit=3")[1]
        assert len(server.kernels()) == 2
    finally:
        server.stop()


def test_a_page_made_before_is_the_last_one_under_a_cap_of_one(tmp_path):
    notebook = write_notebook(tmp_path / "word.ipynb", "print('made')")
    server = start_app(notebook, tmp_path, "--preheat", "1", "--max-kernels", "1")
    try:
        eventually(server.kernels, "a kernel starts")
        assert get(server.url)[0] == 200
        assert get(server.url)[0] == 503
        assert len(server.kernels()) == 1
    finally:
        server.stop()
