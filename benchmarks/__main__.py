"""`python -m benchmarks [--json PATH] [--quick] [--only PART]`: one table on stdout."""

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import cnnwidgets
from benchmarks import digits, edits, hand, start, training, watched
from benchmarks.place import place
from benchmarks.table import Row, as_json, table

PARTS = ("page", "training", "figures")


def main() -> None:
    """Measures all, prints the table, and writes the JSON copy where it is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="a copy with every sample")
    parser.add_argument("--quick", action="store_true", help="few rounds, and one size of maps")
    parser.add_argument("--only", choices=PARTS, help="only this part of them")
    asked = parser.parse_args()
    rows = []
    for row in measured(asked.quick, asked.only):
        rows.append(row)
        print(table([row]).splitlines()[-1], file=sys.stderr, flush=True)  # it takes minutes
    print(table(rows))
    if asked.json:
        asked.json.write_text(as_json(rows, **about()), encoding="utf-8")


def measured(quick: bool, only: str | None = None) -> Iterator[Row]:
    """Every row, or those of one part, in the order of the table."""
    if only in (None, "page"):
        yield from start.imports(3 if quick else 11)
        with place() as here:
            yield from digits.measure(here, quick)
            yield from hand.measure(here, quick)
            yield from edits.measure(here, quick)
            yield from start.measure(here, quick)
    if only in (None, "training"):
        yield from training.measure(quick)
        with place() as here:
            yield from watched.measure(here, quick)
    if only in (None, "figures"):
        yield from start.figures(1 if quick else 5)


def about() -> dict[str, object]:
    """What was measured, and on what."""
    return {
        "cnnwidgets": str(Path(cnnwidgets.__file__).parent),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


if __name__ == "__main__":
    main()
