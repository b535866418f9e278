"""Figures as files: PNG, SVG and PDF, the same bytes for the same figure."""

from io import BytesIO
from os import PathLike
from pathlib import Path

from cnnwidgets.data.files import write_atomically
from cnnwidgets.figures import style
from cnnwidgets.figures.sheet import Sheet

# What says what the picture shows, in each format; None leaves out what changes from day to day.
_METADATA = {
    "png": {"Title": "Title", "Description": "alt", "Software": None},
    "svg": {"Title": "Title", "Description": "alt", "Date": None},
    "pdf": {"Title": "Title", "Subject": "alt", "CreationDate": None, "Producer": None},
}
FORMATS = tuple(_METADATA)


def save(sheet: Sheet, path: str | PathLike[str]) -> Path:
    """Writes a figure in the format that its name ends in; returns the path.

    The title and the alternative text are in the file's metadata, the fonts in the file.
    Raises ValueError for another format, OSError if it cannot be written.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        choices = ", ".join(f".{known}" for known in FORMATS)
        raise ValueError(f"path (={str(path)!r}) must end in one of {choices}")
    words = {"Title": sheet.title, "alt": sheet.alt, None: None}
    about = {key: words[value] for key, value in _METADATA[kind].items()}
    page = BytesIO()
    with style.settings():
        sheet.savefig(page, format=kind, metadata=about)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page.getvalue())
    return path
