"""A real Chromium, the app and JupyterLab, for every browser test.

A test asks for `page` (or `new_page` for another width or colour scheme), and for `voila` or `lab`
to put a notebook on it. When it ends, no page may have logged an error, thrown, or asked another
host for anything, except what the test has announced with `watch.expect`.
"""

import contextlib
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    Error,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

from tests.browser.pads import Pad, open_pad
from tests.browser.people import Person
from tests.browser.scenes import DASHBOARD, Dash
from tests.browser.watch import Watch, shared_page
from tests.servers import Server, eventually, start_app, start_lab, write_notebook

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_MS = 40_000
expect.set_options(timeout=20_000)  # a busy machine is slow; what never comes still fails
LAB_HAS_BEGUN = re.compile(r"\[[\d*]+\]")
LAB_CAME_TO = """
() => {
  const prompts = [...document.querySelectorAll(".jp-InputPrompt")].map((node) => node.textContent);
  if (prompts.some((text) => /\\d/.test(text))) return "ran";
  return prompts.some((text) => text.includes("*")) ? "" : "dropped";
}
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, else Playwright's own."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        try:
            chromium = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        except Error as error:
            reason = error.message.splitlines()[0]
            pytest.fail(
                f"no Chromium could be started ({reason}); install it with "
                "`apt-get install chromium` or `python -m playwright install chromium`",
                pytrace=False,
            )
        yield chromium
        chromium.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The problems of this test's pages; see `Watch.expect`."""
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def new_page(browser: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """`new_page(color_scheme="light", width=1024, height=768, **context)`: a fresh page."""
    contexts = []

    def make(
        color_scheme: str = "light", width: int = 1024, height: int = 768, **context: object
    ) -> Page:
        viewport = {"width": width, "height": height}
        contexts.append(
            browser.new_context(color_scheme=color_scheme, viewport=viewport, **context)
        )
        page = contexts[-1].new_page()
        watch.attach(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A light page, 1024 × 768."""
    return new_page()


class Host:
    """A server for notebooks that are written on demand."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._numbers = itertools.count(1)

    def notebook(self, *cells: str) -> str:
        """Write a notebook of these code cells and return its address."""
        name = f"scene{next(self._numbers)}.ipynb"
        write_notebook(self.folder / name, *cells)
        return self.address(name)

    def address(self, name: str) -> str:
        raise NotImplementedError

    def open(self, page: Page, *cells: str) -> Page:
        """Show a notebook of these code cells, run, on a page."""
        raise NotImplementedError


class VoilaHost(Host):
    def address(self, name: str) -> str:
        return f"{self.server.url}{name}"

    def open(self, page: Page, *cells: str) -> Page:
        page.goto(self.notebook(*cells), wait_until="commit")
        page.wait_for_selector("body.cw-ready", timeout=READY_MS)
        return page


class LabHost(Host):
    def address(self, name: str) -> str:
        return f"{self.server.url}lab/tree/{name}?reset"

    def open(self, page: Page, *cells: str) -> Page:
        return self.run(page, self.notebook(*cells))

    def run(self, page: Page, address: str) -> Page:
        """Show a notebook, and run all its cells."""
        page.goto(address, wait_until="commit")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=READY_MS)
        page.wait_for_selector(
            '.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=READY_MS
        )
        # Lab drops the command, silently, while it is still connecting, and what has begun where it
        # starts a second kernel: ask until a cell has run.
        told = []
        for _ in range(6):
            dialog = page.locator("dialog.jp-Dialog")
            if dialog.count():  # of Lab itself, on a busy machine
                told.append(dialog.first.inner_text())
                dialog.first.locator("button.jp-mod-accept").click()
            with contextlib.suppress(TimeoutError):
                for name in ("Run", "Run All Cells"):
                    page.get_by_role("menuitem", name=name, exact=True).click(timeout=5000)
                page.locator(".jp-InputPrompt", has_text=LAB_HAS_BEGUN).first.wait_for(timeout=4000)
                if page.wait_for_function(LAB_CAME_TO, timeout=READY_MS).json_value() == "ran":
                    return page
        raise AssertionError(f"JupyterLab did not run the notebook; it said: {told}")


@pytest.fixture(scope="session")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoilaHost]:
    """The app, serving a folder: `voila.open(page, *cells)` or `voila.notebook(*cells)`."""
    folder, home = tmp_path_factory.mktemp("voila"), tmp_path_factory.mktemp("voila-home")
    server = start_app(folder, home, "--max-kernels", "16")
    yield VoilaHost(server, folder)
    server.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHost]:
    """JupyterLab: `lab.open(page, *cells)` runs all cells; `lab.notebook(*cells)` is an address."""
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("lab-home")
    server = start_lab(folder, home)
    yield LabHost(server, folder)
    server.stop()


@pytest.fixture(scope="module")
def shared_pad(browser: Browser, voila: VoilaHost) -> Iterator[tuple[Pad, Watch]]:
    """One page with a pad for a module."""
    allowed = ["clipboard-read", "clipboard-write"]
    with shared_page(browser, 1024, 1400, permissions=allowed) as (page, watch):
        yield open_pad(voila, page), watch


@pytest.fixture
def pad(shared_pad: tuple[Pad, Watch]) -> Iterator[Pad]:
    """An empty pad with its brush, while the microscope looks at digit 0, a seven."""
    pad, watch = shared_pad
    with watch.clean():
        pad.canvas.press("b")
        pad.canvas.press("x")
        pad.card.get_by_role("slider").fill("2.5")
        pad.card.get_by_role("checkbox").check()
        expect(pad.canvas).to_have_accessible_name(re.compile("empty"))
        pad.images.press("Home")
        expect(pad.line).to_contain_text("image 0 of MNIST test")
        expect(pad.canvas).to_have_accessible_name(re.compile("empty"))
        yield pad


@pytest.fixture(scope="module")
def shared_dash(browser: Browser, voila: VoilaHost) -> Iterator[tuple[Dash, Watch]]:
    """One dashboard for a module."""
    with shared_page(browser, 1280, 900) as (page, watch):
        voila.open(page, DASHBOARD)
        page.wait_for_function("window.stage")
        yield Dash(page), watch


@pytest.fixture
def dash(shared_dash: tuple[Dash, Watch]) -> Iterator[Dash]:
    """The dashboard on image 0, conv1, channel 0, whatever the test before did to it."""
    dash, watch = shared_dash
    with watch.clean():
        dash.picker.get_by_role("button", name="all", exact=True).click()
        dash.picker.get_by_role("button", name="in order").click()
        dash.jump(0)
        dash.to_top()
        dash.choose_layer("conv1")
        dash.choose_channel(0)
        dash.maps.get_by_role("combobox").select_option("auto")
        dash.maps.get_by_role("button", name="shared scale").click()
        dash.large_map.press("Escape")
        dash.filters.get_by_role("button", name="this filter").click()
        yield dash


@pytest.fixture
def person(voila: VoilaHost, new_page: Callable[..., Page]) -> Person:
    """Somebody with a keyboard alone, in front of the dashboard."""
    page = new_page(width=1280, height=900)
    voila.open(page, DASHBOARD)
    page.wait_for_function("window.stage", timeout=READY_MS)
    person = Person(page)
    eventually(lambda: person.dash.kernel_grid.root.get_attribute("data-layout"), "all is painted")
    return person
