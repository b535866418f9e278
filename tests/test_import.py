"""What importing costs: nothing that is not used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import cnnwidgets as cw

HEAVY = ("torch", "torchvision", "ipywidgets", "anywidget", "numpy", "matplotlib", "pandas")
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def loaded_after(code: str) -> tuple[set[str], float]:
    """The modules that a fresh Python has loaded after running code, and the seconds it took."""
    program = (
        f"import sys, time\nstart = time.perf_counter()\n{code}\n"
        "seconds = time.perf_counter() - start\n"
        "import json\nprint(json.dumps([sorted(sys.modules), seconds]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules, seconds = json.loads(done.stdout.splitlines()[-1])
    return set(modules), seconds


def test_importing_the_package_loads_nothing_heavy_and_is_quick():
    runs = [loaded_after("import cnnwidgets") for _ in range(5)]
    for modules, _ in runs:
        assert not modules & set(HEAVY)
    assert min(seconds for _, seconds in runs) < 0.3  # the promise; the best, since others run too


def test_asking_for_the_names_or_the_version_loads_nothing_heavy():
    modules, _ = loaded_after("import cnnwidgets; dir(cnnwidgets); cnnwidgets.__version__")
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("name", cw.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(cw, name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Microscpe'"):
        _ = cw.Microscpe


def test_the_dashboards_kernel_does_not_import_torchvision():
    notebook = json.loads((NOTEBOOKS / "dashboard.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = "\n".join("".join(cell["source"]) for cell in cells)
    modules, _ = loaded_after(code)
    assert "torch" in modules
    assert not {name for name in modules if name.startswith(("torchvision", "pandas", "PIL"))}
