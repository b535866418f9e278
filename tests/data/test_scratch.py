"""The folder that a download works in: gone with its process, however that ends."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cnnwidgets.data import load
from cnnwidgets.data.scratch import scratch_in
from tests.data.archives import NAME, left_in

CODE = f"""
import sys
from pathlib import Path
from cnnwidgets.data.scratch import scratch_in
with scratch_in(Path(sys.argv[1]), {NAME!r}) as folder:
    (folder / "half.gz").write_bytes(b"half")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(root):
    """Another process that works in a folder of the cache, and that folder, some time old."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = root / process.stdout.readline().strip()
    os.utime(folder, (0, 0))
    yield process, folder
    process.kill()
    process.communicate()


def test_what_a_killed_download_left_is_removed_by_the_next(root, serve, other):
    process, folder = other
    tiny = serve(NAME)
    process.kill()
    process.wait()
    assert (folder / "half.gz").exists()
    assert np.array_equal(load(NAME).images, tiny.images["test"])
    assert left_in(root) == [NAME, f"{NAME}/test.set", f"{NAME}/train.set"]


def test_what_another_download_works_in_is_left_alone(root, serve, other):
    process, folder = other
    tiny = serve(NAME)
    assert np.array_equal(load(NAME).images, tiny.images["test"])
    assert (folder / "half.gz").read_bytes() == b"half"
    process.communicate("")
    assert not folder.exists()


def test_a_folder_without_a_lock_is_left_alone_while_it_is_new(tmp_path):
    new, old, foreign = (tmp_path / name for name in (".a-new", ".a-old", ".b-old"))
    for folder in (new, old, foreign):
        folder.mkdir()
    for folder in (old, foreign):
        os.utime(folder, (0, 0))
    with scratch_in(tmp_path, "a") as folder:
        assert folder.is_dir()
    assert left_in(tmp_path) == [".a-new", ".b-old"]
