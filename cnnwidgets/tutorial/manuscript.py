"""From an executed notebook to one Markdown document with numbered figures."""

import re
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

import nbformat

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PNG = "image/png"
_KEPT = ("stdout",)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the document: its number, from 1, and the name of its file."""

    number: int
    file: str


def write(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """The notebook as Markdown, its figures as files in folder.

    A cell that shows a figure has a `caption` in its metadata; one that shows a widget has
    `on_paper`, the id of the cell whose figure stands for it. Raises ValueError where one lacks.
    """
    figures = _number(notebook, folder)
    blocks = [
        cell.source if cell.cell_type == "markdown" else _code(cell, figures, notebook)
        for cell in notebook.cells
        if cell.cell_type in ("markdown", "code")
    ]
    return "\n\n".join(blocks) + "\n"


def _number(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, Figure]:
    """The figures by the id of their cell, in order; writes their files."""
    found: dict[str, Figure] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                figure = Figure(len(found) + 1, f"{cell.id}.png")
                (folder / figure.file).write_bytes(b64decode(output.data[PNG]))
                found[cell.id] = figure
    return found


def _code(
    cell: nbformat.NotebookNode, figures: dict[str, Figure], notebook: nbformat.NotebookNode
) -> str:
    """A code cell and what it gave."""
    blocks = [_fenced(cell.source, "python" if cell.outputs else "python .alone")]
    for output in cell.outputs:
        data = output.get("data", {})
        if PNG in data:
            about = output.metadata.get(PNG, {})
            blocks.append(_figure(cell, figures[cell.id], about.get("alt", "")))
        elif VIEW in data:
            kind = _kind(notebook, data[VIEW]["model_id"])
            blocks.append(_stand_in(cell, kind, figures))
        elif output.output_type == "stream" and output.name in _KEPT:
            blocks.append(_fenced(output.text.rstrip("\n"), "output"))
        elif "text/plain" in data:
            blocks.append(_fenced(data["text/plain"], "output"))
        else:
            raise ValueError(f"cell {cell.id!r} gave {output.output_type!r}, which has no print")
    return "\n\n".join(blocks)


def _figure(cell: nbformat.NotebookNode, figure: Figure, alt: str) -> str:
    caption = cell.metadata.get("caption")
    if not caption:
        raise ValueError(f"cell {cell.id!r} shows a figure; give it a caption in its metadata")
    alt = alt.replace('"', "'")
    return f'![{caption}]({figure.file}){{#fig-{figure.number} alt="{alt}"}}'


def _stand_in(cell: nbformat.NotebookNode, kind: str, figures: dict[str, Figure]) -> str:
    figure = figures.get(cell.metadata.get("on_paper", ""))
    if figure is None:
        raise ValueError(
            f"cell {cell.id!r} shows a widget; name the cell of the figure that stands for it "
            "on paper, as on_paper in its metadata"
        )
    link = f"[Figure {figure.number}](#fig-{figure.number})"
    return f"::: widget\nIn the notebook: the widget **{kind}**. Here, see {link}.\n:::"


def _kind(notebook: nbformat.NotebookNode, model: str) -> str:
    """The class name of a widget."""
    state = notebook.metadata.widgets[STATE]["state"][model]["state"]
    return state.get("_anywidget_id", state.get("_model_name", "")).rpartition(".")[2]


def _fenced(text: str, kind: str) -> str:
    """A fenced block, its fence longer than any inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence} {{.{kind}}}\n{text}\n{fence}"
