"""How a Chromium is found or installed, on machines that are made up."""

import subprocess
import sys
from pathlib import Path

from tests.browser.install import Machine, ensure

SCRIPT = Path(__file__).with_name("install.py")
APT = [
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"),
]
PLAYWRIGHT = [(sys.executable, "-m", "playwright", "install", "chromium")]


class FakeMachine(Machine):
    """Remembers what it was told to run; `gives` are the programs that bring a Chromium."""

    def __init__(self, *, system=None, own=None, apt=False, gives=(), fails=()):
        self.system, self.own, self.apt = system, own, apt
        self.gives, self.fails = gives, fails
        self.commands = []

    def system_chromium(self):
        return self.system

    def own_chromium(self):
        return self.own

    def can_use_apt(self):
        return self.apt

    def run(self, command):
        self.commands.append(command)
        if command[:2] in self.fails or command[0] in self.fails:
            return False
        if command[0] in self.gives and "install" in command:
            self.system = "/usr/bin/chromium"
        return True


def test_a_chromium_on_the_path_is_taken_in_silence():
    machine, said = FakeMachine(system="/usr/bin/chromium", apt=True), []
    assert ensure(machine, said.append)
    assert (machine.commands, said) == ([], [])


def test_playwrights_own_chromium_is_taken_in_silence():
    machine, said = FakeMachine(own="/cache/chrome", apt=True), []
    assert ensure(machine, said.append)
    assert (machine.commands, said) == ([], [])


def test_apt_is_asked_first_where_it_may_be_and_told_of():
    machine, said = FakeMachine(apt=True, gives=["apt-get"]), []
    assert ensure(machine, said.append)
    assert machine.commands == APT
    assert len(said) == 1
    assert "apt-get install" in said[0]


def test_playwright_is_asked_where_apt_may_not_be():
    machine = FakeMachine(gives=[sys.executable])
    assert ensure(machine, lambda _text: None)
    assert machine.commands == PLAYWRIGHT


def test_playwright_is_asked_where_apt_fails():
    machine = FakeMachine(apt=True, gives=[sys.executable], fails=[("apt-get", "update")])
    assert ensure(machine, lambda _text: None)
    assert machine.commands == [APT[0], *PLAYWRIGHT]


def test_a_command_that_ends_well_without_a_chromium_is_not_believed():
    machine = FakeMachine(apt=True)
    assert not ensure(machine, lambda _text: None)
    assert machine.commands == [*APT, *PLAYWRIGHT]


def test_without_a_way_the_script_fails_with_one_sentence(tmp_path):
    # -S -I: no packages, so no Playwright; an empty PATH: no Chromium, no apt-get.
    command = [sys.executable, "-I", "-S", str(SCRIPT)]
    ended = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "apt-get install chromium" in ended.stderr.splitlines()[-1]
