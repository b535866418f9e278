"""A session saves itself beside its training; a disk that fails is said, and nothing more."""

import errno
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from cnnwidgets.training import ending
from cnnwidgets.training.autosave import Autosave
from cnnwidgets.training.session import Status, TrainingSession
from tests.servers import ROOT
from tests.training.small import PATIENCE_S, network, same, session_of, sides, until


def result(future):
    return future.result(PATIENCE_S)


def resumed(path):
    return TrainingSession.resume(path, network(seed=9), sides())


def test_a_session_saves_itself_when_it_rests(tmp_path):
    path = tmp_path / "deep" / "run"
    session = session_of(autosave=path)
    result(session.step(3))
    session.wait(PATIENCE_S)
    assert resumed(path).progress.step == 3
    result(session.play())
    session.wait(PATIENCE_S)
    assert resumed(path).status is Status.FINISHED
    assert same(resumed(path).model, session.model)
    assert [each.name for each in path.parent.iterdir()] == ["run"]


def cannot_start(_thread):
    raise RuntimeError("can't start new thread")


def test_nobody_waits_for_a_thread_that_could_not_start(tmp_path, monkeypatch):
    written = []
    autosave = Autosave(
        tmp_path / "run", 1, lambda path, contents: written.append(contents), lambda problem: None
    )
    session = session_of()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cannot_start)
        with pytest.raises(RuntimeError, match="can't start"):
            autosave.save("lost")
        with pytest.raises(RuntimeError, match="can't start"):
            session.step()
    assert autosave.wait(0)
    assert session.wait(0) is Status.PAUSED
    autosave.save("kept")
    assert autosave.wait(PATIENCE_S)
    assert written == ["kept"]
    assert result(session.step()).step == 1


def test_python_waits_at_its_end_for_what_the_last_step_of_a_training_saves(monkeypatch):
    ended = []

    class Saves:
        def end(self):
            ended.append("saved")

    class Trains:
        def end(self):
            ended.append("trained")
            saving.add(saves)

    saves, trains, saving = Saves(), Trains(), weakref.WeakSet()
    monkeypatch.setattr(ending, "TRAINING", weakref.WeakSet([trains]))
    monkeypatch.setattr(ending, "SAVING", saving)
    ending._end_all()
    assert ended == ["trained", "saved"]


def test_a_session_saves_itself_while_it_plays(tmp_path):
    path = tmp_path / "run"
    session = session_of(autosave=path, autosave_s=1e-6, epochs=100_000)
    session.play()
    until(path.exists)
    first = path.stat().st_mtime_ns
    until(lambda: path.stat().st_mtime_ns != first)
    assert session.status is Status.PLAYING
    session.stop()
    session.wait(PATIENCE_S)
    assert resumed(path).progress.step == session.progress.step


def test_without_an_interval_that_passed_nothing_is_written_while_it_plays(tmp_path):
    session = session_of(autosave=tmp_path / "run", autosave_s=3600, epochs=40)
    seen = []
    session.watch(lambda: seen.append((session.status, (tmp_path / "run").exists())))
    result(session.play())
    session.wait(PATIENCE_S)
    assert not any(there for status, there in seen if status is Status.PLAYING)
    assert (tmp_path / "run").exists()


WRITES = {
    "mkdir": (Path, "mkdir", errno.EACCES, "Permission denied"),
    "open": (Path, "open", errno.ENOSPC, "No space left on device"),
    "fsync": (os, "fsync", errno.ENOSPC, "No space left on device"),
    "replace": (Path, "replace", errno.EACCES, "Permission denied"),
    "write": (Path, "open", errno.ENOSPC, "No space left on device"),
}


class Full:
    """An open file on a disk with no room."""

    def __init__(self, path, mode):
        self._file = open(path, mode)  # noqa: PTH123, SIM115  Path.open is what this stands for

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", WRITES)
def test_a_write_that_fails_leaves_the_old_file_and_the_training_goes_on(
    where, tmp_path, monkeypatch
):
    path = tmp_path / "run"
    session = session_of(autosave=path)
    result(session.step(3))
    session.wait(PATIENCE_S)
    old = path.read_bytes()
    place, name, number, words = WRITES[where]

    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(place, name, (lambda *given: Full(*given)) if where == "write" else fails)
        result(session.step(3))
        assert session.wait(PATIENCE_S) is Status.PAUSED
        assert session.problem == (
            f"could not save to {str(path)!r}: {words}; the training goes on, and what was saved "
            "before is still there"
        )
        with open(path, "rb") as file:  # noqa: PTH123  Path.open may be what fails
            assert file.read() == old
        with pytest.raises(OSError, match=words):
            result(session.save(tmp_path / "elsewhere"))
        assert f"could not save to {str(tmp_path / 'elsewhere')!r}: {words}" in session.problem
    assert [each.name for each in tmp_path.iterdir()] == ["run"]
    assert session.progress.step == 6
    result(session.play())
    assert session.wait(PATIENCE_S) is Status.FINISHED
    assert session.problem == ""
    straight = session_of()
    result(straight.play())
    straight.wait(PATIENCE_S)
    assert same(session.model, straight.model)
    assert same(resumed(path).model, straight.model)


def test_the_problem_of_a_save_ends_with_the_next_that_works(tmp_path, monkeypatch):
    session = session_of(autosave=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "I/O")))
        result(session.step())
        session.wait(PATIENCE_S)
        assert "could not save" in session.problem
    session._engine.problem = session.problem  # playing clears it; a save alone has to as well
    session._engine._save_itself()
    session.wait(PATIENCE_S)
    assert session.problem == ""


def test_the_newest_of_what_waits_is_written():
    gate, begun, written, told = threading.Event(), threading.Event(), [], []

    def write(path, contents):
        begun.set()
        assert gate.wait(PATIENCE_S)
        written.append(contents)

    saving = Autosave(Path("unused"), 3600, write, told.append)
    saving.save(1)
    assert begun.wait(PATIENCE_S)
    saving.save(2)
    saving.save(3)
    assert not saving.is_idle
    assert not saving.wait(0)
    gate.set()
    assert saving.wait(PATIENCE_S)
    assert written == [1, 3]
    assert told == [None, None]


def test_what_a_killed_process_left_half_written_is_swept(tmp_path):
    for name in (".run.abc.part", ".other.abc.part", "run.part"):
        (tmp_path / name).write_text("half")
    session_of(autosave=tmp_path / "run")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".other.abc.part", "run.part"]


ENDING = """
import sys
from tests.training.small import session_of, until
session = session_of(epochs=100_000, autosave=sys.argv[1], autosave_s=1e-6)
session.play()
until(lambda: session.progress.step > 20 and not session._engine.autosave.is_idle)
"""


def test_a_python_that_ends_while_a_session_plays_and_saves_ends_well(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", ENDING, str(tmp_path / "run")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert resumed(tmp_path / "run").progress.step > 0
