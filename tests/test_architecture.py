"""The plan of the house, where a test can hold the builders to it."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets.widgets.stage import Stage
from cnnwidgets.widgets.view import View

PACKAGE = Path(cw.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
SHIPPED = sorted(
    path for kind in ("js", "css", "html", "j2") for path in PACKAGE.rglob(f"*.{kind}")
)
TESTS = sorted(path for kind in ("py", "mjs") for path in Path(__file__).parent.rglob(f"*.{kind}"))
LONGEST = 300
WIDEST = 120  # of the JavaScript; ruff sees to the Python

TORCH_FREE = ("widgets", "data", "traits", "arrays", "app")
WIDGET_LIBRARIES = ("ipywidgets", "IPython", "anywidget", "bqplot")

# What a room may import of the package, besides itself; "" stands for everything.
ARROWS = {
    "data": (),
    "network": (),
    "training": ("network", "data"),
    "arrays": ("data",),
    "traits": ("arrays",),
    "pulse": (),
    "place": ("network", "data", "traits"),
    "slide": ("network", "training.history", "traits"),
    "scope": (
        "network",
        "data",
        "training.history",
        "arrays",
        "traits",
        "place",
        "pulse",
        "slide",
    ),
    # For the type checker the widgets know what a Microscope is: no import when it runs.
    # What edits is loaded when it is used: it needs torch.
    "widgets": ("arrays", "traits", "data", "pulse", "workbench"),
    "workbench": ("network", "data", "traits", "pulse", "slide", "training.history"),
    "app": (),
    "code": ("data", "training"),
    "dashboard": ("",),
    # For the type checker the figures know what a Microscope is: no import when they are drawn.
    "figures": ("data",),
    "tutorial": (),
    "cli": ("",),
    "commands": ("",),
    "__init__": ("",),
    "__main__": ("",),
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """The modules that a file imports, but for those that only a type checker imports."""
    found = []

    def visit(node):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found.extend(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def named(paths):
    return {"argvalues": paths, "ids": [str(path.relative_to(PACKAGE)) for path in paths]}


def test_every_room_is_on_the_plan():
    assert {room(path) for path in SOURCES} == ARROWS.keys()


@pytest.mark.parametrize("path", **named(SOURCES))
def test_imports_follow_the_arrows(path):
    here = room(path)
    allowed = [f"cnnwidgets.{name}".rstrip(".") for name in (here, *ARROWS[here])]
    for name in imports(path):
        if name == "cnnwidgets" or name.startswith("cnnwidgets."):
            top = name in ("cnnwidgets", "cnnwidgets.__version__")
            inside = any(f"{name}.".startswith(f"{each}.") for each in allowed)
            assert inside or top, f"{here} imports {name}"


@pytest.mark.parametrize("path", **named(SOURCES))
def test_measuring_rooms_know_no_widgets_and_widgets_no_torch(path):
    libraries = {name.partition(".")[0] for name in imports(path)}
    if room(path) in ("data", "network", "training", "scope"):
        assert not libraries & set(WIDGET_LIBRARIES)
    # The sets that are not shipped come through torchvision, imported when one is asked for.
    if room(path) in TORCH_FREE and path.name != "downloads.py":
        assert not libraries & {"torch", "torchvision", "safetensors"}


@pytest.mark.parametrize(
    "path", **named([path for path in SOURCES if room(path) in ("app", "widgets", "data")])
)
def test_no_private_module_of_another_library_is_needed(path):
    libraries = [name for name in imports(path) if not name.startswith("cnnwidgets")]
    assert not [name for name in libraries if "._" in name]


def test_what_is_imported_is_declared():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {re.match(r"[\w-]+", each).group().lower() for each in needed}
    libraries = {name.partition(".")[0] for path in SOURCES for name in imports(path)}
    makers = packages_distributions()
    for library in libraries - sys.stdlib_module_names - {"cnnwidgets"}:
        assert declared & {maker.lower().replace("_", "-") for maker in makers[library]}, library


def test_importing_every_widget_loads_no_torch():
    modules = [f"cnnwidgets.widgets.{path.stem}" for path in (PACKAGE / "widgets").glob("[!_]*.py")]
    code = f"import sys, {', '.join(modules)}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"], "a widget imports torch on the way"


@pytest.mark.parametrize("path", **named(SOURCES + SHIPPED))
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_files_of_tests_are_short():
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in TESTS}
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("path", **named([path for path in SHIPPED if path.suffix == ".js"]))
def test_lines_of_javascript_are_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [at for at, line in enumerate(lines, 1) if len(line) > WIDEST] == []


def trait_docstrings(module):
    """Class and trait names of a module with the text below each trait, or None."""
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for line, below in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                text = None
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                    text = below.value.value
                yield node.name, line.targets[0].id, text


WIDGETS = [getattr(cw, name) for name in cw.__all__ if name in dir(cw)]
WIDGETS = [kind for kind in WIDGETS if isinstance(kind, type) and issubclass(kind, View)]


@pytest.mark.parametrize("kind", [*WIDGETS, Stage, cw.Microscope], ids=lambda kind: kind.__name__)
def test_every_public_trait_has_a_docstring(kind):
    texts = {}
    for base in kind.__mro__:
        if base.__module__.startswith("cnnwidgets"):
            for owner, name, text in trait_docstrings(importlib.import_module(base.__module__)):
                if owner == base.__name__:
                    texts.setdefault(name, text)
    is_widget = hasattr(kind, "public_traits")
    names = kind.public_traits() if is_widget else kind.class_own_traits()
    assert names
    for name in names:
        text = texts.get(name)
        assert isinstance(text, str), f"{kind.__name__}.{name} has no docstring"
        assert text.strip().endswith("."), f"the docstring of {kind.__name__}.{name} is no sentence"


def module_of(kind):
    return PACKAGE / "widgets" / "static" / f"{kind.__module__.rpartition('.')[2]}.js"


@pytest.mark.parametrize("kind", WIDGETS, ids=lambda kind: kind.__name__)
def test_a_modules_state_lists_exactly_the_synced_traits(kind):
    text = module_of(kind).read_text(encoding="utf-8")
    block = text[text.index("@typedef {object} State") :]
    block = block[: block.index("*/")]
    listed = re.findall(r"@property \{(?:[^{}]|\{[^{}]*\})*\} \[?(\w+)", block)
    assert len(listed) == len(set(listed))
    assert set(listed) == {*kind.public_traits(), "stage", "error"}


@pytest.mark.parametrize("kind", WIDGETS, ids=lambda kind: kind.__name__)
def test_the_page_may_write_only_traits_that_there_are(kind):
    assert kind.page_writes <= set(kind.public_traits())


@pytest.mark.parametrize("path", **named(SHIPPED))
def test_nothing_shipped_names_another_host(path):
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"http://www\.w3\.org/\d+/\w+", "", text)  # names of XML languages
    assert not re.findall(r"(?:https?|wss?):/{2}[^\s\"'`$]+", text)
    assert not re.search(r"""(?:src|href)\s*=\s*["']//|url\(\s*["']?//|@import""", text)


@pytest.mark.parametrize("path", **named([path for path in SHIPPED if path.suffix != ".css"]))
def test_html_is_never_made_of_strings(path):
    text = path.read_text(encoding="utf-8")
    banned = r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b"
    assert not re.findall(banned, text)


@pytest.mark.parametrize(
    "path", **named([path for path in SOURCES if ">>>" in path.read_text(encoding="utf-8")])
)
def test_examples_in_docstrings_are_true(path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    names = {"cw": cw, "np": np, "nn": nn, "torch": torch}
    result = doctest.testmod(importlib.import_module(name), extraglobs=names)
    assert result.attempted
    assert not result.failed


def test_no_two_widgets_style_the_same_class():
    # On a page with both, each would look as the other's style sheet says.
    owners = {}
    for path in sorted((PACKAGE / "widgets" / "static").glob("*.css")):
        text = path.read_text(encoding="utf-8")
        for name in set(re.findall(r"^ *(?:\.cw )?(\.cw-[\w-]+)", text, re.MULTILINE)):
            owners.setdefault(name, []).append(path.stem)
    shared = {name: kinds for name, kinds in owners.items() if len(kinds) > 1}
    assert {name: kinds for name, kinds in shared.items() if "kit" not in kinds} == {}
