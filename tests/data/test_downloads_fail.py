"""Downloads that go wrong: one sentence with the remedy, and nothing half-written."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from cnnwidgets.data import downloads, fetch, load
from tests.data.archives import FIRST, LAST, MAKERS, NAME, Host, left_in


def failure(kind, **settings):
    """The sentence in which loading fails."""
    with pytest.raises(kind) as caught:
        load(NAME, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("file", [FIRST, LAST])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        (403, "127.0.0.1 answered 403 Forbidden"),
        (404, "127.0.0.1 answered 404 Not Found"),
        (503, "127.0.0.1 answered 503 Service Unavailable"),
        ("cut", "127.0.0.1 broke off after "),
        ("wrong", "127.0.0.1 sent other data than expected (its MD5 differs)"),
        ("hang up", "127.0.0.1 broke the connection (Remote end closed"),
    ],
)
def test_a_bad_answer_gives_one_sentence_and_leaves_nothing(root, host, serve, file, how, words):
    tiny = serve(NAME)
    host.bad[file] = how
    message = failure(ConnectionError)
    assert message.startswith(f"cannot fetch {file}: {words}")
    place = root / "FashionMNIST" / "raw" / file
    assert message.endswith(
        f"; try again when connected, or put the file at {str(place)!r} yourself"
    )
    assert left_in(root) == []
    host.bad.clear()
    assert np.array_equal(load(NAME).images, tiny.images["test"])


def test_a_silent_host_is_given_up(root, host, serve, monkeypatch):
    serve(NAME)
    monkeypatch.setattr(fetch, "_SILENCE_S", 0.2)
    host.bad[FIRST] = "silent"
    assert "127.0.0.1 was silent for 0.2 seconds;" in failure(ConnectionError)
    assert left_in(root) == []


def test_without_a_network_there_is_one_sentence_and_nothing_left(root, monkeypatch):
    from torchvision import datasets

    gone = Host()
    gone.close()
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"{gone.url}/"])
    assert "127.0.0.1 cannot be reached (" in failure(ConnectionError)
    assert left_in(root) == []


@pytest.mark.parametrize("how", [503, "cut", "wrong"])
def test_a_second_mirror_is_asked_where_the_first_fails(host, serve, monkeypatch, how):
    from torchvision import datasets

    tiny = serve(NAME)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"{host.url}/bad/", f"{host.url}/"])
    host.bad |= {f"bad/{name}": how for name in tiny.files}
    assert np.array_equal(load(NAME).images, tiny.images["test"])


def test_when_all_mirrors_fail_each_is_named_with_what_it_did(host, serve, monkeypatch):
    from torchvision import datasets

    serve(NAME)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"{host.url}/", f"{host.url}/bad/"])
    host.bad |= {FIRST: 403, f"bad/{FIRST}": "wrong"}
    assert "answered 403 Forbidden, and 127.0.0.1 sent other data" in failure(ConnectionError)


def full(*arguments, **settings):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stage", ["directory", "fetching", "unpacking", "keeping", "moving"])
def test_a_full_disk_gives_one_sentence_and_leaves_nothing(root, serve, monkeypatch, stage):
    from torchvision.datasets import utils

    serve(NAME)
    if stage == "fetching":
        if not Path("/dev/full").exists():
            pytest.skip("needs /dev/full")
        opened = Path.open
        monkeypatch.setattr(
            Path,
            "open",
            lambda path, mode="r": opened(Path("/dev/full") if "w" in mode else path, mode),
        )
    else:
        owner, call = {
            "directory": (tempfile, "TemporaryDirectory"),
            "unpacking": (utils, "_decompress"),
            "keeping": (os, "fsync"),
            "moving": (Path, "replace"),
        }[stage]
        monkeypatch.setattr(owner, call, full)
    message = failure(OSError)
    assert message.startswith("cannot write in ")
    assert "(No space left on device); make room there, or give root= another" in message
    assert [path for path in left_in(root) if path != NAME] == []


def test_a_root_that_is_a_file_gives_one_sentence(tmp_path, serve):
    serve(NAME)
    (tmp_path / "file").write_text("mine")
    assert "give root= another directory" in failure(OSError, root=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_without_a_home_a_root_is_asked_for(monkeypatch):
    monkeypatch.setattr(downloads, "cache_dir", lambda: None)
    assert failure(OSError).endswith("give root= a directory")


def test_without_download_the_lack_of_a_copy_is_told_and_nothing_is_made(tmp_path, host, serve):
    serve(NAME)
    message = failure(FileNotFoundError, root=tmp_path / "none", download=False)
    assert message.startswith(f"no sound copy of '{NAME}' in '{tmp_path / 'none'}'; ")
    assert message.endswith(f"put {host.url}/{FIRST} there as FashionMNIST/raw/{FIRST}")
    assert not (tmp_path / "none").exists()
    assert host.asked == []


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_that_cannot_be_unpacked_gives_one_sentence(
    name, root, host, serve, monkeypatch
):
    tiny = serve(name)
    archives = downloads._archives(name)
    junk = b"neither gzip nor zip nor anything"
    host.files = dict.fromkeys(tiny.files, junk)
    # Right by its MD5, so that it reaches torchvision.
    from torchvision.datasets import utils

    digest = hashlib.md5(junk).hexdigest()
    wrong = [downloads._Archive(entry.urls, entry.place, digest) for entry in archives]
    monkeypatch.setattr(downloads, "_archives", lambda name: wrong)
    monkeypatch.setattr(utils, "check_md5", lambda path, md5, **settings: True)
    with pytest.raises(RuntimeError) as caught:
        load(name)
    assert str(caught.value).startswith(f"torchvision cannot read its '{name}' files (")
    assert str(caught.value).endswith("; update torchvision, or choose another set")
    assert "\n" not in str(caught.value)
    assert left_in(root) == []
