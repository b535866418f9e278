"""Runs the tutorial's notebook, in a folder that is thrown away."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

TIMEOUT_S = 1800  # a cell, on a slow machine


def find_tutorial() -> Path:
    """The tutorial's notebook: inside an installed package, else in the checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    places = [folder / "notebooks" / "tutorial.ipynb" for folder in (package, package.parent)]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"no tutorial.ipynb in {places[0].parent} or {places[1].parent}; install cnnwidgets again"
    )


def execute(path: Path, timeout_s: int = TIMEOUT_S) -> nbformat.NotebookNode:
    """The notebook with its outputs; what it saves goes to a folder that is thrown away.

    Raises RuntimeError, in one sentence, if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=timeout_s,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # errors show; advice does not
        )
        try:
            asyncio.run(client.async_execute())  # client.execute leaves its event loop open
        except CellExecutionError as problem:
            words = f"{problem.ename}: {problem.evalue}"
            raise RuntimeError(f"a cell of {path.name} failed with {words}") from problem
    return notebook
