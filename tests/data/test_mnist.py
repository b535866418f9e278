"""MNIST is the canonical one, shared between processes, and survives any damage to its cache."""

import gzip
import hashlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnwidgets.data import load, mnist
from cnnwidgets.data.files import cache_dir, write_atomically

# As published wherever MNIST is mirrored.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
LABELS = "t10k-labels-idx1-ubyte"
IMAGES = "t10k-images-idx3-ubyte"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache; its mnist directory, which does not exist yet."""
    monkeypatch.setenv("CNNWIDGETS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mnist"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_mapped(array):
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return isinstance(array, np.memmap)


def test_the_test_split_holds_10000_digits_with_the_known_counts():
    images = load("mnist")
    assert images.images.shape == (10_000, 1, 28, 28)
    assert images.images.dtype == np.uint8
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(images.labels).tolist() == counts
    assert images.classes == tuple("0123456789")
    assert repr(images) == "<ImageSet 'MNIST test': 10,000 images of 1×28×28, 10 classes>"


def test_the_train_split_holds_60000_digits_and_gives_the_normalisation():
    images = load("mnist", split="train")
    assert images.images.shape == (60_000, 1, 28, 28)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(images.labels).tolist() == counts
    values = np.arange(256) / 255
    shares = np.bincount(images.images.ravel(), minlength=256) / images.images.size
    mean = (shares * values).sum()
    # Float64 rounding; the constants have 16 digits.
    assert images.mean == pytest.approx((mean,), abs=1e-12)
    assert images.std == pytest.approx((((values - mean) ** 2 @ shares) ** 0.5,), abs=1e-12)
    assert load("mnist").mean == images.mean


@pytest.mark.parametrize("name", MD5)
def test_the_packaged_files_are_the_canonical_ones(name):
    raw = gzip.decompress((Path(mnist.__file__).parent / "mnist" / f"{name}.gz").read_bytes())
    assert hashlib.md5(raw).hexdigest() == MD5[name]
    assert hashlib.sha256(raw).hexdigest() == mnist.SHA256[name]


def test_the_cache_holds_the_canonical_raw_files_and_nothing_else(cache):
    load("mnist")
    assert sorted(path.name for path in cache.iterdir()) == [IMAGES, LABELS]
    assert all(sha256(path) == mnist.SHA256[path.name] for path in cache.iterdir())


def test_the_images_are_mapped_read_only(cache):
    images = load("mnist").images
    assert isinstance(images, np.memmap)
    assert is_mapped(images)
    assert images.mode == "r"
    assert Path(images.filename) == cache / IMAGES
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_a_sound_cache_is_not_written_again(cache):
    load("mnist")
    before = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    load("mnist")
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == before


def test_each_of_10000_flipped_bytes_of_the_cache_is_noticed_and_mended(cache, monkeypatch):
    monkeypatch.setattr(
        os, "fsync", lambda handle: None
    )  # 10,000 waits for the disk, off the point
    expected = load("mnist").labels
    path = cache / LABELS
    sound = path.read_bytes()
    rng = random.Random(0)
    places = [0, len(sound) - 1, *(rng.randrange(len(sound)) for _ in range(9_998))]
    for place in places:
        damaged = bytearray(sound)
        damaged[place] ^= rng.randrange(1, 256)
        path.write_bytes(damaged)
        assert np.array_equal(mnist._raw(LABELS)[8:], expected)
        assert path.read_bytes() == sound


@pytest.mark.parametrize("size", [0, 1, 16, 7_840_015, 7_840_017])
def test_a_cache_file_of_another_length_is_rebuilt(cache, size):
    expected = load("mnist").images[-1].copy()
    with (cache / IMAGES).open("r+b") as file:
        file.truncate(size)
    images = load("mnist").images
    assert np.array_equal(images[-1], expected)
    assert sha256(cache / IMAGES) == mnist.SHA256[IMAGES]


def test_a_directory_in_place_of_a_cache_file_is_no_obstacle(cache):
    (cache / LABELS / "inside").mkdir(parents=True)
    assert load("mnist").labels[:3].tolist() == [7, 2, 1]


PROCESS = """
import sys
from cnnwidgets.data import load
import numpy as np
print("ready", flush=True)
sys.stdin.readline()
images = load("mnist", split="train")
print(type(images.images).__name__, int(images.images.sum(dtype="int64")))
"""


def test_two_processes_unpacking_at_once_both_succeed(cache):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    total = int(load("mnist", split="train").images.sum(dtype="int64"))
    assert answers == [f"memmap {total}\n"] * 2
    assert [process.returncode for process in processes] == [0, 0]
    assert not list(cache.glob(".*"))


def assert_loads_from_memory():
    images = load("mnist")
    assert not is_mapped(images.images)
    assert not images.images.flags.writeable
    assert hashlib.sha256(images.images).hexdigest() == hashlib.sha256(known_images()).hexdigest()
    assert images.labels[:3].tolist() == [7, 2, 1]


def known_images():
    packed = Path(mnist.__file__).parent / "mnist" / f"{IMAGES}.gz"
    return gzip.decompress(packed.read_bytes())[16:]


def test_a_cache_path_that_is_a_file_falls_back_to_memory(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("CNNWIDGETS_CACHE", str(tmp_path / "file"))
    assert_loads_from_memory()
    assert (tmp_path / "file").read_text() == "not a directory"


def test_a_directory_that_refuses_files_falls_back_to_memory(monkeypatch):
    # /proc refuses new files even to root, whom a mode of 0555 does not stop.
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc on this system; the test above covers the fallback")
    monkeypatch.setenv("CNNWIDGETS_CACHE", "/proc/self")
    assert_loads_from_memory()


def test_a_read_only_directory_falls_back_to_memory(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o555)
    try:
        if os.access(cache, os.W_OK):  # root: the mode does not bind, so the cache is used
            assert is_mapped(load("mnist").images)
        else:
            assert_loads_from_memory()
    finally:
        cache.chmod(0o755)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_falls_back_to_memory_and_leaves_no_part_behind(cache, monkeypatch, call):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    owner = os if call == "fsync" else Path
    monkeypatch.setattr(owner, call, full)
    assert_loads_from_memory()
    assert list(cache.iterdir()) == []


def test_a_home_that_does_not_exist_falls_back_to_memory(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNWIDGETS_CACHE")
    monkeypatch.setattr("cnnwidgets.data.files.user_cache_dir", lambda name: "~/.cache/" + name)
    monkeypatch.chdir(tmp_path)
    assert cache_dir() is None
    assert_loads_from_memory()
    assert list(tmp_path.iterdir()) == []


def test_a_relative_cache_directory_is_taken_from_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNWIDGETS_CACHE", "here")
    assert cache_dir() == tmp_path / "here"


def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="needs a umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_can_be_read_by_whom_the_umask_allows(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("damage", ["missing", "cut short", "flipped", "not gzip", "other data"])
def test_a_damaged_package_says_to_reinstall(tmp_path, monkeypatch, damage):
    source = Path(mnist.__file__).parent / "mnist"
    shutil.copytree(source, tmp_path / "package" / "mnist")
    packed = tmp_path / "package" / "mnist" / f"{LABELS}.gz"
    data = packed.read_bytes()
    if damage == "missing":
        packed.unlink()
    elif damage == "cut short":
        packed.write_bytes(data[:-100])
    elif damage == "flipped":
        packed.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])
    elif damage == "not gzip":
        packed.write_bytes(b"<html>")
    else:
        packed.write_bytes(gzip.compress(b"other data"))
    monkeypatch.setattr(mnist, "files", lambda package: tmp_path / "package")
    with pytest.raises(RuntimeError, match=rf"{LABELS}\.gz .*reinstall: pip install") as caught:
        load("mnist")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mnits",), "no image set 'mnits'; did you mean 'mnist'"),
        (("MNIST",), "no image set 'MNIST'; did you mean 'mnist'"),
        (("cats",), "no image set 'cats'; choose 'mnist' .*from_arrays"),
        (("mnist", "tset"), "'mnist' has no split 'tset'; did you mean 'test'"),
        (("mnist", "val"), "'mnist' has no split 'val'; choose 'train' or 'test'"),
        (("mnist", None), "'mnist' has no split None"),
    ],
)
def test_a_wrong_name_or_split_gets_a_suggestion(arguments, words):
    with pytest.raises(ValueError, match=words):
        load(*arguments)


def test_importing_the_data_loads_neither_torch_nor_torchvision():
    code = "import sys, cnnwidgets.data; print(sorted({'torch', 'torchvision'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
