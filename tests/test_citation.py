"""How to cite: CITATION.cff and the README name this version, and what they link to is there."""

import re
from pathlib import Path

import cnnwidgets as cw

ROOT = Path(__file__).parent.parent


def test_citations_name_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {cw.__version__}\n" in citation
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"version = {{{cw.__version__}}}" in readme


def test_every_file_that_the_readme_links_to_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", readme))
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).is_file(), link


def test_the_screenshots_are_light():
    for name in ("dashboard", "train", "explain", "draw"):
        size = (ROOT / "notebooks" / "images" / f"{name}.png").stat().st_size
        assert size < 200_000, f"{name} is {size} bytes"
