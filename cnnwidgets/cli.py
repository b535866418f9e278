"""The command line: `cnnwidgets app`, and the commands of cnnwidgets.commands.

Each command imports what it needs when it runs, so that `cnnwidgets --help` answers at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnwidgets import __version__
from cnnwidgets.commands import figures, train, tutorial


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed, 2 misused, 130 at Ctrl-C.

    argv: the words after the program's name; the process's own when None.
    """
    options = _parser().parse_args(argv)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        return train.INTERRUPTED
    except (ValueError, OSError) as error:
        print(f"cnnwidgets: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnnwidgets", description="A microscope over a PyTorch CNN, in the browser."
    )
    parser.add_argument("--version", action="version", version=f"cnnwidgets {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_app(commands)
    train.add(commands)
    figures.add(commands)
    tutorial.add(commands)
    return parser


def _add_app(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    app = commands.add_parser(
        "app",
        help="show the dashboard in the browser",
        description="Serve the dashboard, or a notebook of your own, as a page in the browser. "
        "Every page has a Python of its own, which ends when the page is closed.",
    )
    app.add_argument(
        "notebook",
        nargs="?",
        type=Path,
        metavar="NOTEBOOK",
        help="a notebook, or a folder of them (default: the dashboard)",
    )
    app.add_argument(
        "--port", type=int, default=0, metavar="N", help="port to listen on (default: a free one)"
    )
    app.add_argument(
        "--host",
        metavar="H",
        help="address to listen on (default: this machine only); any other needs a token",
    )
    app.add_argument(
        "--token",
        metavar="T",
        help="word that visitors must know (default: none on this machine, else a random one)",
    )
    app.add_argument("--no-browser", action="store_true", help="do not open a browser")
    app.add_argument(
        "--max-kernels",
        type=int,
        metavar="N",
        help="how many pages may be open at once (default: what memory allows, at most 16)",
    )
    app.add_argument(
        "--preheat",
        type=int,
        default=0,
        metavar="N",
        help="pages to make before they are asked for, each with a Python that waits, some 320 MB "
        "(default: 0)",
    )
    app.set_defaults(run=_run_app)


def _run_app(options: argparse.Namespace) -> int:
    from cnnwidgets.app.settings import AppSettings

    settings = AppSettings.checked(
        notebook=options.notebook,
        port=options.port,
        host=options.host,
        token=options.token,
        open_browser=not options.no_browser,
        max_kernels=options.max_kernels,
        preheat=options.preheat,
    )
    from cnnwidgets.app.server import serve

    serve(settings)
    return 0
