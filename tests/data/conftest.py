"""What the tests of downloads share: an empty cache, a server of tiny sets, no SciPy needed."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest

from tests.data.archives import MAKERS, Host, at


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The cache, empty; no proxy between the tests and their server."""
    monkeypatch.setenv("CNNWIDGETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


@pytest.fixture
def serve(root, host, scipy, monkeypatch):
    """Puts a tiny set on the server and tells torchvision to look there."""
    from torchvision import datasets

    def serve(name):
        tiny = MAKERS[name]()
        host.files |= tiny.files
        dataset = getattr(datasets, tiny.dataset)
        for attribute, value in tiny.patch.items():
            monkeypatch.setattr(dataset, attribute, at(host.url, value))
        return tiny

    return serve


@pytest.fixture
def scipy(monkeypatch):
    """A stand-in that reads the tests' .mat files, so that SVHN is tested without SciPy."""
    scipy, reader = ModuleType("scipy"), ModuleType("scipy.io")
    scipy.__spec__ = ModuleSpec("scipy", None)
    scipy.io = reader
    reader.loadmat = lambda path: dict(np.load(path))
    monkeypatch.setitem(sys.modules, "scipy", scipy)
    monkeypatch.setitem(sys.modules, "scipy.io", reader)
