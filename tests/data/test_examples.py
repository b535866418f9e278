"""The examples in the docstrings are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["catalog", "imageset"])
def test_the_examples_of_a_module_give_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNWIDGETS_CACHE", str(tmp_path))
    failed, tried = doctest.testmod(import_module(f"cnnwidgets.data.{name}"))
    assert tried > 0
    assert failed == 0
