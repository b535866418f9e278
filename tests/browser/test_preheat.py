"""A page that was made before it was asked for is a page like any other."""

from tests.browser.conftest import READY_MS
from tests.browser.scenes import DASHBOARD, Dash
from tests.browser.truth import COLOUR_LEVELS, coloured, maps
from tests.servers import eventually, start_app, write_notebook


def test_a_preheated_dashboard_shows_and_answers_and_its_kernel_ends_with_it(new_page, tmp_path):
    notebook = write_notebook(tmp_path / "page.ipynb", DASHBOARD)
    server = start_app(notebook, tmp_path, "--preheat", "1", "--max-kernels", "1")
    try:
        (kernel,) = eventually(server.kernels, "a kernel starts, and nobody has come")
        page = new_page()
        page.goto(server.url, wait_until="commit")
        page.wait_for_selector("body.cw-ready", timeout=READY_MS)
        dash = Dash(page)
        dash.map_grid.root.wait_for()
        dash.jump(7)
        page.evaluate("new Promise(requestAnimationFrame)")
        expected = maps(7, "conv1")
        rows, columns = expected.shape[1:]
        limit = abs(expected).max()
        found = dash.map_grid.colours([0, 3], rows, columns)[..., :3]
        for tile, channel in enumerate((0, 3)):
            apart = abs(found[tile] - coloured(expected[channel], limit))
            assert apart.max() <= COLOUR_LEVELS
        assert [found.pid for found in server.kernels()] == [kernel.pid]
        page.close(run_before_unload=True)
        eventually(lambda: not kernel.is_running(), "its kernel ends")
    finally:
        server.stop()
