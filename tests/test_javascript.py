"""The widgets' JavaScript: its pure parts under `node --test`, and every module as shipped."""

import json
import shutil
import subprocess
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from cnnwidgets.widgets.modules import STATIC, script

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
MODULES = sorted(path.stem for path in STATIC.glob("*.js"))
WIDGETS = [name for name in MODULES if (STATIC / f"{name}.css").exists() and name != "kit"]


@pytest.fixture(scope="module")
def node():
    """Node's path; without Node these tests say that they did not run, and why."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("the JavaScript was not tested: it needs Node 20 or newer on the PATH")
    return found


@pytest.fixture(autouse=True, scope="module")
def _say_when_node_is_missing(request):
    yield
    if shutil.which("node") is None:
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("\nNode is not here: the widgets' JavaScript was not tested.")


def check_syntax(node: str, folder: Path, text: str) -> str:
    """What Node says against an ES module; empty if it parses and no name is declared twice."""
    file = folder / "module.mjs"
    file.write_text(text, encoding="utf-8")
    ended = subprocess.run([node, "--check", str(file)], capture_output=True, text=True)
    return ended.stderr if ended.returncode else ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_pure_parts_do_what_their_tests_say(node, path):
    ended = subprocess.run([node, "--test", str(path)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_there_are_tests_and_widgets_to_look_at():
    assert {"kit.test.mjs", "maps.test.mjs", "paint.test.mjs"} <= {path.name for path in TESTS}
    assert {"digit_picker", "feature_maps", "prediction"} <= set(WIDGETS)


@pytest.mark.parametrize("name", WIDGETS)
def test_a_joined_module_parses_and_declares_no_name_twice(node, tmp_path, name):
    joined = script(name)
    assert check_syntax(node, tmp_path, joined) == ""
    assert 'from "./' not in joined, "an import that a page cannot resolve"
    assert joined.count("export default") == 1


def test_a_name_that_is_declared_twice_would_be_noticed(node, tmp_path):
    assert check_syntax(node, tmp_path, script("filters") + "\nconst number = 1;\n") != ""


def colour_table(node: str, folder: Path, name: str) -> np.ndarray:
    """A colour map as paint.js makes it: (level, red/green/blue)."""
    for path in STATIC.glob("*.js"):
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    code = (
        f'import {{colours}} from "./paint.js"; console.log(JSON.stringify([...colours("{name}")]))'
    )
    command = [node, "--input-type=module", "-e", code]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return np.array(json.loads(ended.stdout)).reshape(-1, 3)


@pytest.mark.parametrize("name", ["viridis", "cividis"])
def test_the_colour_maps_are_matplotlibs(node, tmp_path, name):
    table = colour_table(node, tmp_path, name)
    at = np.linspace(0, 255, len(table))
    theirs = np.array([matplotlib.colormaps[name](level)[:3] for level in range(256)]) * 255
    expected = np.stack([np.interp(at, np.arange(256), theirs[:, part]) for part in range(3)], 1)
    # Straight lines between the stops stray so far from the curves, which have kinks.
    np.testing.assert_allclose(table, expected, atol=3)
