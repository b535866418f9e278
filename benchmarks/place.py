"""Where pages are measured: the app on a folder of notebooks, and one Chromium."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES, LabHost, VoilaHost
from tests.servers import eventually, start_app, start_lab, write_notebook

PAGE = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
PATIENCE_MS = 240_000
PROMPT = "--ServerApp.jpserver_extensions=cnnwidgets.app.nodelay=True"


class Place:
    """`place.page()` is a fresh page; `place.app.notebook(*cells)` an address to go to."""

    def __init__(self, browser: Browser, app: VoilaHost) -> None:
        self.app = app
        self._browser = browser

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A page in a context of its own, with page.js in it; leaving ends it and its kernel."""
        context = self._browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(PAGE)
        try:
            yield page
        finally:
            context.close()

    @contextmanager
    def preheated(self, *cells: str) -> Iterator[VoilaHost]:
        """An app on one notebook of these cells, whose page is made, and its kernel at rest."""
        with tempfile.TemporaryDirectory() as folder:
            notebook = write_notebook(Path(folder) / "scene.ipynb", *cells)
            server = start_app(notebook, Path(folder), "--preheat", "1")
            try:
                (kernel,) = eventually(server.kernels, "a kernel is preheated")
                rest = [-1.0, 0.0]
                while rest[-1] > rest[-2] + 0.01:
                    time.sleep(1)
                    rest.append(sum(kernel.cpu_times()[:2]))
                yield VoilaHost(server, Path(folder))
            finally:
                server.stop()

    @contextmanager
    def lab(self, *cells: str) -> Iterator[Page]:
        """A JupyterLab as `make lab` starts it, with one notebook, whose cells have run."""
        with tempfile.TemporaryDirectory() as folder, self.page() as page:
            server = start_lab(Path(folder), Path(folder), PROMPT)
            try:
                yield LabHost(server, Path(folder)).open(page, *cells)
            finally:
                server.stop()

    @contextmanager
    def scene(self, *cells: str) -> Iterator[Page]:
        """A page that shows these cells, and on which `window.bench` has the models named there."""
        with self.page() as page:
            page.goto(self.app.notebook(*cells), wait_until="commit")
            page.wait_for_selector("body.cw-ready")
            page.wait_for_function("window.bench")
            page.evaluate("quiet()")
            yield page


@contextmanager
def place() -> Iterator[Place]:
    """Starts the app and Chromium, and ends both."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        home = Path(folder) / "home"
        notebooks = Path(folder) / "notebooks"
        home.mkdir()
        notebooks.mkdir()
        server = start_app(notebooks, home, "--max-kernels", "16")
        try:
            chromium = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
            try:
                yield Place(chromium, VoilaHost(server, notebooks))
            finally:
                chromium.close()
        finally:
            server.stop()
