"""Sets through torchvision, from a server on this machine."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from cnnwidgets.data import ImageSet, downloads, load, shelf
from tests.data.archives import FIRST, MAKERS, NAME, left_in


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


def test_a_damaged_set_is_fetched_again(root, host, serve):
    tiny = serve(NAME)
    load(NAME)
    kept = root / NAME / "test.set"
    kept.write_bytes(kept.read_bytes()[:-50])
    asked = len(host.asked)
    assert np.array_equal(load(NAME).images, tiny.images["test"])
    assert len(host.asked) > asked


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


def test_a_root_of_ones_own_is_made_and_the_cache_left_alone(tmp_path, root, serve):
    serve(NAME)
    load(NAME, root=str(tmp_path / "deep" / "own"))
    assert (tmp_path / "deep" / "own" / NAME / "test.set").is_file()
    assert left_in(root) == []


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
