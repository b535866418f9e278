"""Sets through torchvision, from a server on this machine that behaves well and badly."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cnnwidgets.data import ImageSet, downloads, fetch, load, shelf
from tests.data.archives import MAKERS, Host, at

NAME = "fashion_mnist"
FIRST = "train-images-idx3-ubyte.gz"
LAST = "t10k-labels-idx1-ubyte.gz"


@pytest.fixture(autouse=True)
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
def serve(host, monkeypatch):
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


@pytest.fixture(autouse=True)
def scipy(monkeypatch):
    """A stand-in that reads the tests' .mat files, so that SVHN is tested without SciPy."""
    scipy, reader = ModuleType("scipy"), ModuleType("scipy.io")
    scipy.__spec__ = ModuleSpec("scipy", None)
    scipy.io = reader
    reader.loadmat = lambda path: dict(np.load(path))
    monkeypatch.setitem(sys.modules, "scipy", scipy)
    monkeypatch.setitem(sys.modules, "scipy.io", reader)


def left_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize("name", MAKERS)
def test_a_set_is_fetched_exactly_and_kept_as_two_files(name, root, serve):
    tiny = serve(name)
    for split in ("train", "test"):
        images = load(name, split)
        assert np.array_equal(images.images, tiny.images[split])
        assert np.array_equal(images.labels, tiny.labels[split])
        assert isinstance(images.images, np.memmap)
    assert left_in(root) == [name, f"{name}/test.set", f"{name}/train.set"]


@pytest.mark.parametrize("name", MAKERS)
def test_mean_and_std_are_those_of_the_train_split(name, serve):
    values = serve(name).images["train"] / 255
    images = load(name, "test")
    # Float64 sums of a few thousand values.
    assert images.mean == pytest.approx(values.mean(axis=(0, 2, 3)), abs=1e-12)
    assert images.std == pytest.approx(values.std(axis=(0, 2, 3)), abs=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_a_kept_set_needs_no_network(name, host, serve):
    serve(name)
    load(name, "train")
    asked = len(host.asked)
    assert asked == len(set(host.asked))
    load(name, "train", download=False)
    load(name, "test", download=False)
    assert len(host.asked) == asked


def test_a_kept_set_is_read_without_torchvision(root):
    code = (
        f"import sys, cnnwidgets.data as d; d.load({NAME!r}); print('torchvision' in sys.modules)"
    )
    kept = ImageSet.from_arrays(np.zeros((2, 4, 4), "u1"), [0, 1])
    shelf.put(root / NAME / "test.set", kept)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


CLASSES = {
    "fashion_mnist": ("T-shirt/top", "Ankle boot", 10),
    "kmnist": ("o", "wo", 10),
    "emnist": ("0", "t", 47),
    "qmnist": ("0", "9", 10),
    "cifar10": ("thing 0", "thing 9", 10),
    "cifar100": ("thing 0", "thing 99", 100),
    "svhn": ("0", "9", 10),
    "usps": ("0", "9", 10),
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_have_their_names(name, serve):
    serve(name)
    first, last, count = CLASSES[name]
    classes = load(name).classes
    assert (classes[0], classes[-1], len(classes)) == (first, last, count)


def test_a_split_has_a_title_for_people(serve):
    serve("emnist")
    wanted = "<ImageSet 'EMNIST balanced test': 5 images of 1×28×28, 47 classes>"
    assert repr(load("emnist")) == wanted


def test_every_flipped_byte_of_a_kept_set_is_noticed(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "some.set"
    shelf.put(path, ImageSet.from_arrays(rng.random((3, 4, 4)), [0, 1, 2]))
    sound = path.read_bytes()
    assert shelf.take(path) is not None
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        assert shelf.take(path) is None


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, -1])
def test_a_kept_set_of_another_length_is_noticed(tmp_path, size):
    path = tmp_path / "some.set"
    shelf.put(path, ImageSet.from_arrays(np.zeros((3, 4, 4)), [0, 1, 2]))
    path.write_bytes(path.read_bytes()[:size])
    assert shelf.take(path) is None


def test_a_set_comes_off_the_shelf_as_it_was_put(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 6), np.uint8)
    before = ImageSet.from_arrays(images, [0, 1, 2, 1, 0], ["cat", "naïve\n", "犬"], name="pets")
    shelf.put(tmp_path / "some.set", before)
    after = shelf.take(tmp_path / "some.set")
    assert np.array_equal(after.images, before.images)
    assert np.array_equal(after.labels, before.labels)
    for field in ("name", "classes", "mean", "std"):
        assert getattr(after, field) == getattr(before, field)


def test_a_damaged_set_is_fetched_again(root, host, serve):
    tiny = serve(NAME)
    load(NAME)
    kept = root / NAME / "test.set"
    kept.write_bytes(kept.read_bytes()[:-50])
    asked = len(host.asked)
    assert np.array_equal(load(NAME).images, tiny.images["test"])
    assert len(host.asked) > asked


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


class Enough(Exception):
    """What a caller's progress may raise."""


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Enough, OSError])
@pytest.mark.parametrize("calls", [1, 2, 5])
def test_what_progress_raises_cancels_and_leaves_nothing(root, serve, stop, calls):
    tiny = serve(NAME)
    seen = []

    def progress(done, total):
        seen.append(done)
        if len(seen) == calls:
            raise stop("enough")

    with pytest.raises(stop, match=r"^enough$"):
        load(NAME, progress=progress)
    assert len(seen) == calls
    assert left_in(root) == []
    assert np.array_equal(load(NAME).images, tiny.images["test"])


def test_progress_counts_the_bytes_of_each_file_up_to_its_size(serve):
    tiny = serve(NAME)
    calls = []
    load(NAME, progress=lambda done, total: calls.append((done, total)))
    sizes = [len(data) for data in tiny.files.values()]
    assert [total for done, total in calls if done == 0] == sizes
    assert [done for done, total in calls if done == total] == sizes
    assert all(0 <= done <= total for done, total in calls)


def test_progress_is_told_none_where_the_host_does_not_say_the_size(host, serve):
    tiny = serve(NAME)
    host.bad[FIRST] = "no length"
    calls = []
    load(NAME, progress=lambda done, total: calls.append((done, total)))
    assert (len(tiny.files[FIRST]), None) in calls


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_shown_each_file_on_a_line(serve, monkeypatch):
    tiny = serve(NAME)
    monkeypatch.setattr(sys, "stderr", Terminal())
    load(NAME)
    lines = sys.stderr.getvalue().removesuffix("\n").split("\n")
    shown = [line.rpartition("\r")[2] for line in lines]
    assert shown == [
        f"{name}: {len(data) / 1e6:.1f} of {len(data) / 1e6:.1f} MB"
        for name, data in tiny.files.items()
    ]


def test_what_is_no_terminal_is_told_nothing(serve, monkeypatch):
    serve(NAME)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    load(NAME)
    assert sys.stderr.getvalue() == ""


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
            "directory": (downloads.tempfile, "TemporaryDirectory"),
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


def test_a_root_of_ones_own_is_made_and_the_cache_left_alone(tmp_path, root, serve):
    serve(NAME)
    load(NAME, root=str(tmp_path / "deep" / "own"))
    assert (tmp_path / "deep" / "own" / NAME / "test.set").is_file()
    assert left_in(root) == []


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
def test_archives_that_torchvision_left_are_used_and_kept(name, root, host, serve):
    tiny = serve(name)
    for archive in downloads._archives(name):
        path = root / archive.place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny.files[path.name])
    before = left_in(root)
    assert np.array_equal(load(name, download=False).images, tiny.images["test"])
    assert host.asked == []
    assert set(before) < set(left_in(root))


def test_a_damaged_archive_that_lies_there_is_fetched_instead(root, host, serve):
    tiny = serve(NAME)
    place = root / "FashionMNIST" / "raw" / FIRST
    place.parent.mkdir(parents=True)
    place.write_bytes(tiny.files[FIRST][:-1])
    assert np.array_equal(load(NAME, "train").images, tiny.images["train"])
    assert FIRST in host.asked


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


def test_emnist_unpacks_the_balanced_files_alone(tmp_path, serve):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "gzip.zip").write_bytes(serve("emnist").files["gzip.zip"])
    downloads._unpack_emnist(raw)
    assert len(zipfile.ZipFile(raw / "gzip.zip").namelist()) == 5
    assert len(list(raw.glob("emnist-balanced-*"))) == 4
    assert len(list(raw.iterdir())) == 5


def test_svhn_without_scipy_says_what_to_install_before_it_fetches(host, serve, monkeypatch):
    serve("svhn")
    monkeypatch.setattr(downloads, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"SciPy reads: pip install scipy$"):
        load("svhn")
    assert host.asked == []


def test_the_names_in_the_documentation_are_those_that_can_be_loaded():
    for name in ("mnist", *downloads.NAMES):
        assert f'"{name}"' in load.__doc__


def test_importing_the_data_loads_no_torch_no_torchvision_and_no_pillow():
    code = (
        "import sys, cnnwidgets.data, cnnwidgets.data.decode, cnnwidgets.data.fit;"
        "print(sorted({'torch', 'torchvision', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
