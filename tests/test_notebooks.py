"""Every notebook runs from top to bottom, and is committed as a person should find it."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import cnnwidgets as cw
from cnnwidgets.widgets.view import View

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WIDGETS = {
    kind.__module__.rpartition(".")[2]: kind
    for kind in (getattr(cw, name) for name in cw.__all__)
    if isinstance(kind, type) and issubclass(kind, View)
}
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
TIMEOUT_S = 120
LONGEST_CELL = 10  # lines
SHORT, STEPS = "CNNWIDGETS_TUTORIAL_STEPS", "20"  # the tutorial says what they do

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


async def run(path: Path, home: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs; a warning in a cell ends it as an error does."""
    notebook = read(path)
    # bqscales, below bqplot, warns while it is imported; pyproject.toml says the same for pytest.
    strict = "import warnings\nwarnings.simplefilter('error')\n"
    strict += "warnings.filterwarnings('ignore', 'metadata .* was set from the constructor')"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(strict))
    # ipykernel itself warns when it ends (of its own do_shutdown), and then would not end.
    notebook.cells.append(nbformat.v4.new_code_cell("warnings.simplefilter('ignore')"))
    work = home / path.stem
    work.mkdir()
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(work)}}
    )
    places = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": places, "IPYTHONDIR": str(home), SHORT: STEPS}
    await client.async_execute(env=env)
    return notebook


async def run_all(home: Path) -> dict[Path, nbformat.NotebookNode | BaseException]:
    """Every notebook, or why it did not run; two kernels at a time."""
    room = asyncio.Semaphore(2)

    async def run_one(path: Path) -> nbformat.NotebookNode:
        async with room:
            return await run(path, home)

    results = await asyncio.gather(*map(run_one, NOTEBOOKS), return_exceptions=True)
    return dict(zip(NOTEBOOKS, results, strict=True))


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Any]:
    """The notebooks, run: in a thread, since Playwright has the loop of the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run_all(tmp_path_factory.mktemp("ipython"))).result()


def shown(notebook: nbformat.NotebookNode) -> list[str]:
    """The widgets that the cells display, as package.module.Class."""
    states = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    return [
        states[output.data[VIEW]["model_id"]]["state"].get("_anywidget_id", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ]


def test_every_widget_has_a_notebook_of_its_own():
    assert WIDGETS.keys() <= {path.stem for path in NOTEBOOKS}


def test_the_readme_names_every_notebook():
    text = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        assert f"({path.name})" in text, path.name


@each_notebook
def test_it_runs_from_top_to_bottom_and_displays_its_widget(executed, path):
    done = executed[path]
    if isinstance(done, BaseException):
        raise done
    counts = [cell.execution_count for cell in done.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    kind = WIDGETS.get(path.stem)
    expected = f"{kind.__module__}.{kind.__name__}" if kind else "cnnwidgets."
    assert any(name.startswith(expected) for name in shown(done)), shown(done)


@each_notebook
def test_it_is_committed_without_outputs_and_with_names_for_its_cells(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    for cell in notebook.cells:
        assert cell.id.replace("-", "").isalpha(), f"{cell.id!r} does not say what the cell is"
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.id


@each_notebook
def test_no_line_is_too_long_to_read(path):
    for cell in read(path).cells:
        width = 100 if cell.cell_type == "code" else 120
        assert max(map(len, cell.source.splitlines())) <= width, cell.id
