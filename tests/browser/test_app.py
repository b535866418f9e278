"""The app in a real browser: what a page shows, and what happens when things end."""

import re

import pytest
from playwright.sync_api import Error

from tests.servers import eventually, start_app, write_notebook

READY_MS = 40_000
COUNTER = """
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = '''
    export default {
      render({ model, el }) {
        const button = document.createElement("button");
        button.className = "counter";
        const show = () => (button.textContent = `count ${model.get("count")}`);
        model.on("change:count", show);
        button.addEventListener("click", () => {
          model.set("count", model.get("count") + 1);
          model.save_changes();
        });
        show();
        el.append(button);
      },
    };
    '''
    count = traitlets.Int(0).tag(sync=True)
"""
SLIDER = """
import ipywidgets
slider = ipywidgets.IntSlider(description="level", value=0)
double = ipywidgets.Label("0")
double.add_class("double")
slider.observe(lambda change: setattr(double, "value", str(2 * change.new)), "value")
ipywidgets.HBox([slider, double])
"""


@pytest.fixture
def app(tmp_path):
    """`app(*options)`: a server of its own for a notebook with one slider."""
    servers = []

    def start(*options):
        notebook = write_notebook(tmp_path / "slider.ipynb", SLIDER)
        servers.append(start_app(notebook, tmp_path, *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_controls_of_ipywidgets_and_anywidget_reach_the_kernel(voila, page):
    voila.open(page, COUNTER, SLIDER, "Counter()")
    page.locator(".counter").click()
    page.get_by_text("count 1").wait_for()
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".double", has_text="2").wait_for()


def test_the_same_widgets_work_in_lab(lab, page):
    lab.open(page, COUNTER, "Counter()")
    page.locator(".counter").click()
    page.locator(".counter", has_text="count 1").wait_for()


def test_a_page_says_what_it_is_doing_before_python_runs(voila, page):
    page.goto(voila.notebook("1"), wait_until="commit")
    status = page.get_by_role("status")
    status.wait_for()
    assert status.inner_text() == "Starting Python…"
    assert re.fullmatch(r"scene\d+ · cnnwidgets", page.title())
    assert page.locator("html").get_attribute("lang") == "en"
    page.wait_for_selector("body.cw-ready")
    assert status.count() == 0


@pytest.mark.parametrize(
    ("scheme", "width", "paper"),
    [("light", 1024, (247, 247, 245)), ("dark", 360, (20, 21, 23))],
)
def test_a_page_follows_the_system_and_fits_its_window(voila, new_page, scheme, paper, width):
    page = voila.open(new_page(scheme, width=width), SLIDER)
    read = "node => getComputedStyle(node).getPropertyValue"
    assert (
        page.eval_on_selector(
            "body",
            f"{read}('background-color')",
        )
        == f"rgb{paper}"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    is_light = page.locator("body").get_attribute("data-jp-theme-light")
    assert is_light == str(scheme == "light").lower()


def test_a_cell_that_raises_is_shown_in_words_and_the_rest_stays(voila, page):
    voila.open(page, "%%markdown\n# Before", SLIDER, "raise ValueError('a < b & c')")
    error = page.get_by_role("alert")
    assert "A cell of this page stopped with an error" in error.inner_text()
    assert "ValueError: a < b & c" in error.inner_text()
    assert page.get_by_role("heading", name="Before").is_visible()
    assert page.locator(".noUi-handle").is_visible()
    error.locator("summary").click()
    error.locator("pre").wait_for(state="visible")


def test_the_browser_refuses_other_hosts(voila, page, watch):
    watch.expect("Content Security Policy")
    watch.expect("foreign request: http://192.0.2.1/dot.png")
    with page.expect_console_message(lambda m: "Content Security Policy" in m.text):
        voila.open(
            page,
            "from IPython.display import HTML; HTML('<img src=\"http://192.0.2.1/dot.png\">')",
        )


def reload(page, **options):
    """Reload; Chromium refuses to for a moment while a page is being replaced."""

    def done():
        try:
            page.reload(**options)
        except Error as error:
            if "Not attached to an active page" not in error.message:
                raise
            return False
        return True

    eventually(done, "the page reloads")


def test_ten_reloads_and_a_close_leave_no_kernel(app, page, watch):
    watch.expect("404|WebSocket")  # a page left while it loads
    server = app("--max-kernels", "4")
    page.goto(server.url)
    page.wait_for_selector("body.cw-ready")
    for number in range(10):
        if number % 3 == 2:
            reload(page, wait_until="commit")
            eventually(lambda: len(server.kernels()) >= 1, "the next kernel starts")
        else:
            reload(page)
            page.wait_for_selector("body.cw-ready", timeout=READY_MS)
    eventually(lambda: len(server.kernels()) == 1, "one page, one kernel")
    page.close(run_before_unload=True)
    eventually(lambda: not server.kernels(), "no page, no kernel", timeout_s=5)


def test_a_killed_kernel_is_told_in_words_with_a_way_on(voila, page, watch):
    watch.expect("404|WebSocket")  # Lab's connection asks for the kernel that is no more
    before = {kernel.pid for kernel in voila.server.kernels()}
    voila.open(page, COUNTER, "Counter()")
    (mine,) = [kernel for kernel in voila.server.kernels() if kernel.pid not in before]
    mine.kill()
    sheet = page.get_by_role("alertdialog", name="Python has stopped")
    sheet.wait_for(timeout=5000)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    sheet.wait_for(timeout=1000)
    assert sheet.get_by_role("button", name="Reload").evaluate("b => b === document.activeElement")
    page.keyboard.press("Enter")
    page.locator(".counter", has_text="count 0").wait_for()
    assert sheet.count() == 0


def test_a_full_house_lets_in_who_waits_and_who_reloads(app, page, new_page, watch):
    watch.expect("503|404|WebSocket|ERR_CONNECTION_REFUSED")
    server = app("--max-kernels", "1")
    page.goto(server.url)
    page.wait_for_selector("body.cw-ready", timeout=READY_MS)
    page.reload()
    page.wait_for_selector("body.cw-ready", timeout=READY_MS)

    late = new_page()  # not before the reload: who waits may take the place in that instant
    late.goto(server.url)
    assert late.get_by_role("heading").inner_text() == "All places are taken"
    page.close(run_before_unload=True)
    late.wait_for_selector("body.cw-ready", timeout=READY_MS)

    server.stop()
    late.get_by_role("alertdialog", name="The server does not answer").wait_for(timeout=20_000)
    app("--port", server.url.split(":")[2].strip("/"))
    late.get_by_role("alertdialog", name="This page has ended").wait_for(timeout=10_000)
