"""The tutorial on paper and as a page: everything is there, whole, legible and in its place."""

import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from cnnwidgets.cli import main
from cnnwidgets.tutorial import press
from cnnwidgets.tutorial.execute import execute, find_tutorial
from cnnwidgets.tutorial.manuscript import PNG, VIEW, write

ROOT = Path(__file__).parents[2]
POINTS_A4 = (595.3, 841.9)
MARGIN_POINTS = 22 / 25.4 * 72
HEADINGS = [
    "What you will learn",
    "The images",
    "What a convolution does",
    "A small CNN",
    "Training it",
    "The filters it has learned",
    "Hooks: capturing what a layer computes",
    "Feature maps",
    "One image through the whole network",
    "Seen, but is it needed?",
    "How it learned",
    "What to conclude, and what not",
    "Exercises",
    "What we found",
    "References",
]
REFERENCES = ["Adebayo", "Goodfellow", "LeCun", "PyTorch", "Springenberg", "Zeiler"]


def in_thread(function, *arguments):
    """A result from a thread of its own: Playwright has the event loop of the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The environment of a short run: a few steps, the checkout's package, settings of its own."""
    folder = tmp_path_factory.mktemp("ipython")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNWIDGETS_TUTORIAL_STEPS", "20")
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def notebook(home):
    return in_thread(execute, find_tutorial())


@pytest.fixture(scope="module")
def document(notebook):
    with pypdfium2.PdfDocument(press.to_pdf(notebook)) as pdf:
        yield pdf


@pytest.fixture(scope="module")
def texts(document):
    """The text of each page."""
    return [page.get_textpage().get_text_range() for page in document]


def pictures(notebook):
    return [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if PNG in output.get("data", {})
    ]


def test_every_figure_is_a_picture_with_a_caption_and_words(notebook):
    found = pictures(notebook)
    assert len(found) == 9
    for cell, output in found:
        assert cell.metadata.caption
        assert len(output.metadata[PNG].alt) > 40
        pixels = np.asarray(Image.open(BytesIO(b64decode(output.data[PNG]))).convert("L"))
        assert np.ptp(pixels) > 200, f"{cell.id} is blank"
        assert (pixels < 250).mean() > 0.01, f"{cell.id} is blank"


def test_every_widget_has_a_figure_that_stands_for_it(notebook):
    named = {cell.id for cell, _ in pictures(notebook)}
    widgets = [
        cell
        for cell in notebook.cells
        if any(VIEW in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert len(widgets) == 14
    assert {cell.metadata.on_paper for cell in widgets} <= named


def test_the_pdf_is_a4_and_as_long_as_expected(document):
    assert 10 <= len(document) <= 15
    for page in document:
        assert page.get_size() == pytest.approx(POINTS_A4, abs=0.5)


def test_the_pdf_has_its_title_contents_headings_and_page_numbers(document, texts):
    title = "Understanding CNN feature extraction: visualising filters and feature maps on MNIST"
    assert document.get_metadata_value("Title") == title
    numbered = [f"{number} {heading}" for number, heading in enumerate(HEADINGS, 1)]
    assert [mark.get_title() for mark in document.get_toc()] == numbered
    text = "\n".join(texts)
    for heading, line in zip(HEADINGS, numbered, strict=True):
        assert line in text, "a heading of the text"
        assert re.search(rf"{re.escape(heading)}[\s.]+\d+", texts[0]), "a line of the contents"
    for number, page in enumerate(texts, 1):
        assert f"{number} of {len(texts)}" in page


def test_each_figure_stands_in_the_pdf_once_in_order(document, texts, notebook):
    text = "\n".join(texts)
    count = len(pictures(notebook))
    captions = re.findall(r"Figure (\d+)\. [A-Z]", text)
    assert captions == [str(number) for number in range(1, count + 1)]
    images = [
        image
        for page in document
        for image in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    ]
    assert len(images) == count


def test_every_code_line_stands_whole_between_the_margins(document, texts, notebook):
    lines = {"".join(line.split()) for page in texts for line in page.splitlines()}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for line in filter(None, cell.source.splitlines()):
                assert "".join(line.split()) in lines, f"{line!r} is broken"
    for page in document:
        text = page.get_textpage()
        right = max(text.get_charbox(place)[2] for place in range(text.count_chars()))
        # Full stops and hyphens at the end of a line hang out, by up to half an em.
        assert right < POINTS_A4[0] - MARGIN_POINTS + 5.25


def test_every_letter_has_a_glyph(texts):
    assert not any("\ufffd" in page for page in texts)
    strange = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A title\n\n漢")])
    with pytest.raises(ValueError, match="could not be displayed"):
        press.to_pdf(strange)


def test_equations_are_set_and_one_that_cannot_be_read_is_an_error(texts):
    text = "\n".join(texts)
    assert "∑" in text
    assert "\\frac" not in text
    assert "$" not in text
    wrong = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T\n\n$\\frac{$")])
    with pytest.raises(RuntimeError, match="Could not convert TeX math"):
        press.to_pdf(wrong)


def test_what_leads_to_an_equation_or_to_code_stays_on_its_page():
    source = "\n\n".join(f"Equation {each} is\n\n$$z = {each}$$" for each in range(80))
    cells = [nbformat.v4.new_markdown_cell(f"# T\n\n{source}")]
    for each in range(40):
        cells.append(nbformat.v4.new_markdown_cell(f"Code {each} is"))
        cells.append(nbformat.v4.new_code_cell(f"z = {each}\n" * 3))
    made = press.to_pdf(nbformat.v4.new_notebook(cells=cells))
    with pypdfium2.PdfDocument(made) as pdf:
        starts = [page.get_textpage().get_text_range().splitlines()[1] for page in pdf]
    assert len(starts) > 5
    assert all(re.match(r"(Equation|Code) \d+ is", start) for start in starts[1:]), starts


def test_the_references_are_there(texts):
    end = texts[-1]
    assert all(name in end for name in REFERENCES)


def test_the_same_notebook_gives_the_same_bytes(notebook):
    assert press.to_pdf(notebook) == press.to_pdf(notebook)


def test_the_page_asks_nothing_of_another_host_and_has_all_figures(notebook):
    html = press.to_html(notebook)
    loaded = re.findall(r"""(?:src|srcset|action)=["']([^"']*)|url\(([^)]*)\)|@import""", html)
    assert len(loaded) == 9
    assert all(address.startswith("data:image/png;base64,") for address, _ in loaded)
    assert "<link" not in html
    assert "<script" not in html
    for number in range(1, 10):
        assert html.count(f"<strong>Figure {number}.</strong>") == 1
    assert html.count("<math") >= 8
    assert "Blue with dots is below zero" in html


def test_a_figure_without_a_caption_is_refused(notebook, tmp_path):
    cell, _ = pictures(notebook)[0]
    bare = nbformat.from_dict({**cell, "metadata": {}})
    with pytest.raises(ValueError, match="give it a caption"):
        write(nbformat.v4.new_notebook(cells=[bare]), tmp_path)


def test_the_command_writes_both_files(home, notebook, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("cnnwidgets.tutorial.execute.execute", lambda path: notebook)
    assert main(["tutorial", str(tmp_path / "t.pdf"), "--html"]) == 0
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "t.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out.split() == [str(tmp_path / "t.pdf"), str(tmp_path / "t.html")]


@pytest.mark.parametrize(
    ("file", "said"), [("t.txt", "must end in .pdf"), ("none/t.pdf", "no folder")]
)
def test_what_cannot_be_written_is_said_before_the_notebook_runs(tmp_path, capsys, file, said):
    assert main(["tutorial", str(tmp_path / file)]) == 1
    assert said in capsys.readouterr().err


def test_a_cell_that_fails_is_one_sentence(home, tmp_path):
    failing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(failing, tmp_path / "failing.ipynb")
    with pytest.raises(RuntimeError, match=r"failing\.ipynb failed with ZeroDivisionError"):
        in_thread(execute, tmp_path / "failing.ipynb")
