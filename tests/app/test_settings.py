"""What the app is asked for, before anything starts."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from cnnwidgets.app.server import App
from cnnwidgets.app.settings import AppSettings, find_dashboard, is_loopback, kernels_that_fit


def test_without_a_host_only_this_machine_is_served_and_no_token_is_asked(notebook):
    settings = AppSettings.checked(notebook=notebook)
    assert (settings.host, settings.token) == ("127.0.0.1", "")


@pytest.mark.parametrize("token", [None, "", "  "])
def test_another_host_always_has_a_token(token, notebook):
    settings = AppSettings.checked(notebook=notebook, host="0.0.0.0", token=token)
    assert len(settings.token) >= 24


def test_generated_tokens_differ(notebook):
    tokens = {AppSettings.checked(notebook=notebook, host="::").token for _ in range(10)}
    assert len(tokens) == 10


def test_a_token_given_is_kept(notebook):
    assert AppSettings.checked(notebook=notebook, token="sesame").token == "sesame"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("lab", False)],
)
def test_loopback_is_told_from_the_network(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"port": 70000}, r"port \(=70000\)"),
        ({"max_kernels": 0}, r"max-kernels \(=0\)"),
        ({"host": " "}, "host"),
        ({"token": "geheim…"}, "token"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked, named, notebook):
    with pytest.raises(ValueError, match=named):
        AppSettings.checked(notebook=notebook, **asked)


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.touch()
    with pytest.raises(ValueError, match=r"notes\.txt.*\.ipynb"):
        AppSettings.checked(notebook=path)


def test_the_dashboard_is_found_in_the_package_before_the_checkout(tmp_path, monkeypatch):
    module = tmp_path / "cnnwidgets" / "app" / "settings.py"
    monkeypatch.setattr("cnnwidgets.app.settings.__file__", str(module))
    with pytest.raises(FileNotFoundError, match=r"cnnwidgets app NOTEBOOK"):
        find_dashboard()
    for folder in (tmp_path, tmp_path / "cnnwidgets"):
        place = folder / "notebooks" / "dashboard.ipynb"
        place.parent.mkdir(parents=True)
        place.touch()
        assert find_dashboard() == place


@pytest.mark.parametrize(("gigabytes", "expected"), [(1, 2), (4, 6), (64, 16)])
def test_half_of_the_memory_bounds_the_kernels(gigabytes, expected, monkeypatch):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gigabytes * 2**30 // 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__, raising=False)
    assert kernels_that_fit() == expected


@pytest.mark.parametrize("preheat", [-1, 5])
def test_a_number_of_pages_to_preheat_that_cannot_be_is_refused_by_name(preheat, notebook):
    with pytest.raises(ValueError, match=rf"preheat \(={preheat}\) must be 0 to 4"):
        AppSettings.checked(notebook=notebook, max_kernels=4, preheat=preheat)


def test_a_folder_is_not_preheated(tmp_path):
    with pytest.raises(ValueError, match="needs one notebook"):
        AppSettings.checked(notebook=tmp_path, preheat=1)


def test_the_address_that_is_printed_holds_the_whole_token(notebook):
    token = "a b&c=d+e#f%/?"
    settings = AppSettings.checked(notebook=notebook, host="192.0.2.1", token=token)
    address = App.address.fget(SimpleNamespace(settings=settings, port=8000))
    assert parse_qs(urlsplit(address).query) == {"token": [token]}
    assert urlsplit(address).fragment == ""
