"""TrainingSession: a training run that is played, paused, stepped, rewound and stopped."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from os import PathLike
from pathlib import Path
from typing import Any

from torch import nn

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.network.edits import Edit
from cnnwidgets.training.autosave import Autosave
from cnnwidgets.training.checkpoint import Checkpoint
from cnnwidgets.training.edit import edit
from cnnwidgets.training.engine import Engine
from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Phase, Step
from cnnwidgets.training.progress import Progress, Status
from cnnwidgets.training.settings import Settings
from cnnwidgets.training.slow import SlowStep
from cnnwidgets.training.watchers import Watchers
from cnnwidgets.training.words import in_words
from cnnwidgets.training.worker import Worker

__all__ = ["Progress", "Settings", "Status", "TrainingSession"]


class TrainingSession:
    """Trains a model in a thread of its own, and answers while it does.

    model: trained in place, by that thread alone; look at it through `history`.
    images: what it learns from. test: what it is measured on, before the first step and after
    each epoch.
    settings: see Settings; each can also be given by its name, as in learning_rate=0.01.
    history: a run of this model that was recorded before, to go on from; its last weights are
    put into the model. It records on. What its optimizer remembered is not known.
    autosave: a path to save to every `autosave_s` seconds while training, and when it rests.

    play, pause, step, phase, rewind, set, save, fresh and stop return a Future at once. They are
    done in the order given, each after the step that is under way. A session begins paused. What
    went wrong is in `problem`, in words; recorded moments stay.

    Raises TypeError or ValueError for a model, images and settings that do not fit together.
    """

    def __init__(
        self,
        model: nn.Module,
        images: ImageSet,
        *,
        test: ImageSet | None = None,
        settings: Settings | None = None,
        history: History | None = None,
        autosave: str | PathLike[str] | None = None,
        autosave_s: float = 30.0,
        **named: Any,
    ) -> None:
        if settings is not None and named:
            raise TypeError("give settings, or each by its name, and not both")
        if not autosave_s > 0:
            raise ValueError(f"autosave_s (={autosave_s}) must be above 0")
        if settings is None:
            _check_names(named)
            settings = Settings(**named)
        self._worker = Worker(self._work)
        self._engine = Engine(model, images, test, settings, history, lambda: self._worker.is_asked)
        self._watchers = Watchers()
        if autosave is not None:
            self._engine.autosave = Autosave(
                Path(autosave), autosave_s, self._engine.writer.write, self._saved
            )

    def __repr__(self) -> str:
        return f"<TrainingSession: {self.status.value} at step {self.progress.step:,}>"

    @property
    def model(self) -> nn.Module:
        """The model that trains."""
        return self._engine.model

    @property
    def images(self) -> ImageSet:
        """What it learns from."""
        return self._engine.images

    @property
    def test(self) -> ImageSet | None:
        """What it is measured on."""
        return self._engine.test

    @property
    def history(self) -> History:
        """What happened so far: metrics of every step, snapshots at some."""
        return self._engine.moments.history

    @property
    def status(self) -> Status:
        """What the session is doing."""
        return self._engine.status

    @property
    def settings(self) -> Settings:
        """The settings that the next step uses."""
        return self._engine.loop.settings

    @property
    def progress(self) -> Progress:
        """Where the session is, at this moment."""
        return self._engine.progress

    @property
    def problem(self) -> str:
        """What went wrong last, in a sentence with the remedy; empty when all is well."""
        return self._engine.problem

    @property
    def slow(self) -> SlowStep | None:
        """The step done phase by phase last; None when a whole one was done since."""
        return self._engine.slow

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Calls `told` after every step and command, in the session's thread: it must be quick.

        Returns what ends the watching. One that raises is not called again; `problem` says so.
        """
        return self._watchers.add(told)

    def play(self, epochs: int | None = None) -> "Future[None]":
        """Trains until all epochs are done, or a pause. epochs: train so many more than now."""
        return self._ask(lambda _: self._engine.play(epochs))

    def pause(self) -> "Future[None]":
        """Rests after the step that is under way."""
        return self._ask(lambda _: self._engine.rest(Status.PAUSED))

    def step(self, count: int = 1) -> "Future[Step]":
        """Does `count` steps, or what is left of one, then rests.

        The future's result is the last Step done; a pause meanwhile makes it an earlier one. It
        raises what a step raised, and RuntimeError if a pause came before the first.
        """
        return self._ask(lambda future: self._engine.step(count, future))

    def phase(self) -> "Future[Phase]":
        """Does the next phase of a step, and rests. The future's result is that phase."""
        return self._ask(lambda _: self._engine.phase())

    def rewind(self, step: int) -> "Future[int]":
        """Goes back to the recorded moment nearest to step, and forgets what came after it.

        Weights, optimizer, settings, random numbers and the order of the images are as they
        were: what follows is bit-identical to what followed the first time. The future's result
        is the step gone to.
        """
        return self._ask(lambda _: self._engine.rewind(step))

    def fresh(self, seed: int = 0) -> "Future[None]":
        """Starts a new run: new random weights, step 0, the images' order by the new seed.

        The history stays the same object, and is emptied.
        """
        return self._ask(lambda _: self._engine.fresh(seed))

    def set(self, **settings: Any) -> "Future[Settings]":
        """Changes settings from the next step on, such as learning_rate=0.01.

        Raises TypeError or ValueError at once for what cannot work.
        """
        _check_names(settings)
        Settings(**settings)
        if settings.get("seed", self.settings.seed) != self.settings.seed:
            raise ValueError(f"seed (={settings['seed']}) belongs to the run; start one with fresh")
        return self._ask(lambda _: self._engine.change(settings))

    def edit(self, edits: Iterable[Edit]) -> "Future[None]":
        """Changes weights for good, between two steps: SetKernel and SetBias; then it goes on.

        The present moment is recorded with the new weights, in place of the old; a step under
        way phase by phase is given up. The future raises LayerError, TypeError, ValueError or
        IndexError for edits that do not fit, or that change results and no weight.
        """
        wanted = tuple(edits)
        return self._ask(lambda _: edit(self._engine, wanted))

    def save(self, path: str | PathLike[str]) -> "Future[None]":
        """Writes all that `resume` needs to one file, whole or not at all."""
        return self._ask(lambda _: self._engine.save(Path(path)))

    def stop(self) -> "Future[None]":
        """Ends the training after the step that is under way; play begins again."""
        return self._ask(lambda _: self._engine.rest(Status.STOPPED))

    def wait(self, timeout_s: float | None = None) -> Status:
        """Blocks until nothing is being trained or saved; returns what the session came to.

        Never call it in a widget's callback. Raises TimeoutError.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        saving = self._engine.autosave
        while True:
            for wait in (self._worker.wait, *([] if saving is None else [saving.wait])):
                left_s = None if until_s is None else max(0.0, until_s - time.monotonic())
                if not wait(left_s):
                    raise TimeoutError(f"still {self.status.value} after {timeout_s} s")
            if self._worker.wait(0) and (saving is None or saving.is_idle):
                return self.status

    @classmethod
    def resume(
        cls,
        path: str | PathLike[str],
        model: nn.Module | None = None,
        images: ImageSet | None = None,
        *,
        test: ImageSet | None = None,
        autosave: str | PathLike[str] | None = None,
        autosave_s: float = 30.0,
    ) -> "TrainingSession":
        """The session that was saved to path, paused where it was: what follows is bit-identical.

        model, images, test: those that it was made with; a DigitCNN and MNIST may be left out.
        Nothing in the file is run.
        Raises FileNotFoundError, or ValueError if the file is damaged or does not fit them.
        """
        found = Checkpoint.load(Path(path), model, images, test)
        last = found.moments.state_at(found.moments.history.last_step)
        session = cls(
            found.model,
            found.images,
            test=found.test,
            settings=last.settings,
            autosave=autosave,
            autosave_s=autosave_s,
        )
        session._engine.resume(found.moments)
        return session

    def _ask(self, command: Callable[["Future[Any]"], Any]) -> "Future[Any]":
        def run(future: "Future[Any]") -> Any:
            try:
                return command(future)
            except Exception as problem:  # the asker has it; who looks on must see it too
                if self._engine.said is not problem:
                    self._engine.problem = in_words(problem)
                raise
            finally:
                self._tell()

        return self._worker.ask(run)

    def _work(self) -> bool:
        goes_on = self._engine.work()
        self._tell()
        return goes_on

    def _tell(self) -> None:
        for problem in self._watchers.tell():
            self._engine.problem = f"who watched failed, and is told no more: {in_words(problem)}"

    def _saved(self, problem: Exception | None) -> None:
        self._ask(lambda _: self._engine.saved(problem))


def _check_names(settings: dict[str, Any]) -> None:
    unknown = sorted(settings.keys() - set(Settings.__slots__))
    if unknown:
        raise TypeError(f"no setting {unknown[0]!r}; there are {', '.join(Settings.__slots__)}")
