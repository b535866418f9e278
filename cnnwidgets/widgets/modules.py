"""The JavaScript and CSS of a widget, each as the one text that a page loads."""

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./(\w+)\.js";\n', re.MULTILINE)


@cache
def script(name: str) -> str:
    """The module `name`.js with the modules that it imports put before it.

    A page loads a widget's module from a blob, where "./kit.js" means nothing; and it must be
    text, since a path would keep every widget alive after close() (anywidget#929).
    """
    joined: dict[str, str] = {}
    _join(name, joined)
    *kit, own = joined.values()
    return "\n".join([*(re.sub(r"^export ", "", text, flags=re.MULTILINE) for text in kit), own])


def _join(name: str, joined: dict[str, str]) -> None:
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    for imported in IMPORT.findall(text):
        if imported not in joined:
            _join(imported, joined)
    joined[name] = IMPORT.sub("", text)


@cache
def style(name: str) -> str:
    """The style sheet that all widgets share, and the widget's own."""
    return "\n".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("kit", name))
