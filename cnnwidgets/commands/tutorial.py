"""`cnnwidgets tutorial`: the executed tutorial, as a PDF to hand out or as a page."""

import argparse
import sys
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the command line."""
    tutorial = commands.add_parser(
        "tutorial",
        help="make a PDF of the tutorial",
        description="Execute the tutorial's notebook, which trains a network for a minute or two, "
        "and set it as a PDF. With the environment variable CNNWIDGETS_TUTORIAL_STEPS it trains "
        "only so many steps.",
    )
    tutorial.add_argument("file", type=Path, metavar="OUT.pdf", help="the PDF to write")
    tutorial.add_argument(
        "--html", action="store_true", help="write OUT.html too, one file that needs no network"
    )
    tutorial.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes what was asked for, prints the path of each file, and returns 0.

    Raises ValueError or OSError, in one sentence, if that cannot be done.
    """
    if options.file.suffix.lower() != ".pdf":
        raise ValueError(f"OUT.pdf (={str(options.file)!r}) must end in .pdf")
    if not options.file.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"no folder {str(options.file.parent)!r} to write to; make it first"
        )
    try:
        from cnnwidgets.figures import Sheet  # noqa: F401  the notebook needs Matplotlib
        from cnnwidgets.tutorial.press import to_html, to_pdf
    except ModuleNotFoundError as problem:
        raise ValueError(str(problem)) from problem
    from cnnwidgets.data.files import write_atomically
    from cnnwidgets.tutorial.execute import execute, find_tutorial

    print("running the notebook …", file=sys.stderr)
    try:
        notebook = execute(find_tutorial())
        write_atomically(options.file, to_pdf(notebook))
        print(options.file)
        if options.html:
            page = options.file.with_suffix(".html")
            write_atomically(page, to_html(notebook).encode())
            print(page)
    except RuntimeError as problem:  # of a cell, or of pandoc
        raise ValueError(str(problem)) from problem
    return 0
