"""From the Markdown document to pages: a PDF by Typst, or one file of HTML, by way of pandoc."""

from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

try:
    import nbclient  # noqa: F401  what executes the notebook
    import nbformat
    import pypandoc
    import typst
except ModuleNotFoundError as problem:
    raise ModuleNotFoundError(
        f"the tutorial needs {problem.name}; install all it needs with: "
        "pip install 'cnnwidgets[tutorial]'"
    ) from problem

from cnnwidgets import __version__
from cnnwidgets.tutorial.manuscript import write

_FORMAT = "markdown+lists_without_preceding_blankline-fancy_lists-example_lists"
_PARTS = files("cnnwidgets").joinpath("tutorial", "parts")


def to_typst(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """The notebook's document in Typst's language; its figures go to folder."""
    return _pandoc(write(notebook, folder), "typst", folder, "page.typ", ["--wrap=preserve"])


def to_pdf(notebook: nbformat.NotebookNode) -> bytes:
    """The notebook as a PDF for print and for screen readers (PDF/UA-1).

    Typst checks it: a letter that no font has, or a picture without words, is an error. Raises
    ValueError in its words.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "tutorial.typ"
        page.write_text(to_typst(notebook, folder), encoding="utf-8")
        try:
            made = typst.compile(page, ignore_system_fonts=True, pdf_standards=["ua-1"])
        except typst.TypstError as problem:
            raise ValueError(f"the PDF cannot be set: {problem}") from problem
    assert isinstance(made, bytes)
    return made


def to_html(notebook: nbformat.NotebookNode) -> str:
    """The notebook as one HTML file that asks nothing of another host."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        options = ["--mathml", "--embed-resources", f"--resource-path={folder}", "--wrap=preserve"]
        options += ["--toc", "--toc-depth=1", "--number-sections"]
        return _pandoc(write(notebook, folder), "html5", folder, "page.html", options)


def _pandoc(text: str, kind: str, folder: Path, template: str, options: list[str]) -> str:
    with as_file(_PARTS) as parts:
        return pypandoc.convert_text(
            text,
            kind,
            format=_FORMAT,
            extra_args=[
                "--standalone",
                "--fail-if-warnings",  # such as an equation that it cannot read
                "--shift-heading-level-by=-1",  # the first heading is the title
                f"--template={parts / template}",
                f"--lua-filter={parts / 'words.lua'}",
                f"--variable=version:{__version__}",
                *options,
            ],
        )
