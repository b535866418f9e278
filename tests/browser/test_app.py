"""The app in a real browser: what a page shows, and what happens when things end."""

import pytest

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
