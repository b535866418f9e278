"""Makes sure that a Chromium is there for the browser tests: `python tests/browser/install.py`.

One that is found is taken as it is; else apt installs it, on Debian and its kin as root; else
Playwright fetches its own. It needs the standard library alone, so that it can run first.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = (
    "No Chromium is here and none could be installed; install one with "
    "`apt-get install chromium` or `python -m playwright install --with-deps chromium`."
)

Command = tuple[str, ...]


class Machine:
    """What the decision depends on: what is installed, who asks, and how commands are run."""

    def system_chromium(self) -> str | None:
        """The path of a Chromium that the system has."""
        return next(filter(None, map(shutil.which, NAMES)), None)

    def own_chromium(self) -> str | None:
        """The path of the Chromium that Playwright has fetched."""
        try:
            from playwright.sync_api import sync_playwright
        except ImportError:
            return None
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
        return path if Path(path).exists() else None

    def can_use_apt(self) -> bool:
        """Whether packages can be installed with apt: on Debian or its kin, as root."""
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        return is_root and Path("/etc/debian_version").exists() and bool(shutil.which("apt-get"))

    def run(self, command: Command) -> bool:
        """Runs a command, its output in sight, and says whether it went well."""
        try:
            return subprocess.run(command, check=False).returncode == 0
        except OSError:
            return False


def ways(machine: Machine) -> Iterator[tuple[Command, ...]]:
    """The ways to install a Chromium here, the best first, each as commands in turn."""
    if machine.can_use_apt():
        yield (
            ("apt-get", "update"),
            ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"),
        )
    yield ((sys.executable, "-m", "playwright", "install", "chromium"),)


def found(machine: Machine) -> str | None:
    """The path of a Chromium: the system's, else Playwright's own."""
    return machine.system_chromium() or machine.own_chromium()


def ensure(machine: Machine, say: Callable[[str], object] = print) -> bool:
    """Whether a Chromium is there, installed now if it was not."""
    if found(machine):
        return True
    for commands in ways(machine):
        say("No Chromium is here; running " + " && ".join(map(" ".join, commands)))
        if all(machine.run(command) for command in commands) and found(machine):
            return True
    return False


if __name__ == "__main__":
    sys.exit(None if ensure(Machine()) else REMEDY)
