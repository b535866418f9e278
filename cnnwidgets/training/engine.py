"""Engine: what a session does, one piece at a time, in the one thread that touches the model."""

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.network.whole import whole
from cnnwidgets.training.autosave import Autosave
from cnnwidgets.training.batches import check_fits, evaluate_while
from cnnwidgets.training.checkpoint import Writer
from cnnwidgets.training.fresh import fresh_weights
from cnnwidgets.training.history import History
from cnnwidgets.training.loop import Loop, Phase, Step
from cnnwidgets.training.moments import Moments
from cnnwidgets.training.progress import Progress, Status
from cnnwidgets.training.settings import Settings
from cnnwidgets.training.slow import SlowStep, advance_slowly
from cnnwidgets.training.words import in_words
from cnnwidgets.training.worker import LATER

EVALUATION_IMAGES = 500  # at a time: a pause is heard between two
_SMOOTHING = 0.05
_COULD_NOT_SAVE = "could not save to {!r}: "


class Engine:
    """A loop with its recorded moments, that plays or rests; see TrainingSession.

    is_asked: whether somebody waits to be heard, for whom a measuring is given up.
    """

    def __init__(
        self,
        model: nn.Module,
        images: ImageSet,
        test: ImageSet | None,
        settings: Settings,
        history: History | None,
        is_asked: Callable[[], bool],
    ) -> None:
        if test is not None:
            check_fits(model, test)
        self.model, self.images, self.test = model, images, test
        self.loop = Loop(model, images, settings)
        self.moments = Moments(history)
        self.moments.adopt(self.loop, len(images))
        self.writer = Writer(model, images, test)
        self.status = Status.FINISHED if self.loop.finished else Status.PAUSED
        self.problem = ""
        self.said: BaseException | None = None  # what the problem tells of, where it is of ours
        self.slow: SlowStep | None = None
        self.autosave: Autosave | None = None
        self._is_asked = is_asked
        self._measuring = False
        self._until: tuple[int, Future[Step]] | None = None
        self._last: Step | None = None
        self._rate = math.nan
        self.moments.keep(self.loop)

    @property
    def progress(self) -> Progress:
        """Where the engine is, at this moment."""
        loop, count, playing = self.loop, len(self.images), self.status is Status.PLAYING
        epochs = loop.settings.epochs
        left_images = max(0, (epochs - loop.epoch + 1) * count - loop.seen)
        return Progress(
            status=self.status,
            step=loop.step,
            total=loop.total,
            epoch=min(loop.epoch, epochs),
            epochs=epochs,
            epoch_images=count if loop.finished else loop.seen,
            images=count,
            phase=None if playing or loop.phase is Phase.FORWARD else loop.phase,
            measuring=self._measuring,
            images_per_second=self._rate,
            seconds_left=left_images / self._rate,
        )

    def work(self) -> bool:
        """One step of playing, or one measuring. Returns whether there is more to do."""
        if self.status is not Status.PLAYING:
            return False
        try:
            self._go_on()
        except BaseException as problem:  # of the model that trains: whoever looks on must know
            self._fall(problem)
        return self.status is Status.PLAYING

    def _go_on(self) -> None:
        loop = self.loop
        if self._until is not None and loop.step >= self._until[0] and not loop.finished:
            self.rest(Status.PAUSED)
        elif self._measures_first():
            self._measure()
        elif loop.finished:
            self.rest(Status.FINISHED)
        else:
            self.slow = None
            self._note(next(loop))
            if self.autosave is not None and self.autosave.is_due:
                self._save_itself()

    def play(self, epochs: int | None) -> None:
        """Begins to play."""
        if epochs is not None:
            now = max(self.loop.settings.epochs, self.loop.epoch - 1)
            self._change(replace(self.loop.settings, epochs=now + whole("epochs", epochs, least=1)))
        self._check_goes_on()
        self._end_steps()
        self.problem = ""
        self.status = Status.PLAYING

    def step(self, count: int, future: "Future[Step]") -> object:
        """Begins to play until `count` more steps are done, or it is told otherwise.

        More than those that it was asked for before, if they are not done yet.
        """
        count = whole("count", count, least=1)
        self._check_goes_on()
        begin = self.loop.step if self._until is None else self._until[0]
        self._end_steps()
        self.problem = ""
        self._last = None
        self._until = (begin + count, future)
        self.status = Status.PLAYING
        return LATER

    def phase(self) -> Phase:
        """Does one phase, and rests."""
        self._check_goes_on()
        self.rest(Status.PAUSED)
        self.problem = ""
        try:
            self.slow, done = advance_slowly(self.loop, self.slow)
        except BaseException as problem:
            self.slow = None
            self._fall(problem)
            raise
        if done is not None:
            self._note(done)
            self.moments.keep(self.loop)
            if self.loop.finished:  # what is left is to measure, and to rest
                self.status = Status.PLAYING
        return self.slow.done

    def rest(self, status: Status) -> None:
        """Stops playing, keeps the moment, and saves where that is asked for."""
        was_playing = self.status is Status.PLAYING
        self.status = status
        self._end_steps()
        if was_playing and self.loop.phase is Phase.FORWARD:
            self.moments.keep(self.loop)
            self._save_itself()

    def rewind(self, step: int) -> int:
        """Goes back to the recorded moment nearest to step."""
        step = whole("step", step, least=0)
        self.rest(Status.PAUSED)
        self.problem, self.slow = "", None
        found = self.moments.go_back(self.loop, step)
        self._stand()
        return found

    def fresh(self, seed: int) -> None:
        """Starts anew from other weights."""
        settings = replace(self.loop.settings, seed=seed)
        self.rest(Status.PAUSED)
        fresh_weights(self.model, seed)
        self.loop = Loop(self.model, self.images, settings)
        self.problem, self.slow, self._rate = "", None, math.nan
        self.moments.begin_again(self.loop)

    def change(self, named: dict[str, Any]) -> Settings:
        """Takes other settings for the steps to come."""
        self._change(replace(self.loop.settings, **named))
        if self.status in (Status.FINISHED, Status.PAUSED):
            self._stand()
        return self.loop.settings

    def _change(self, settings: Settings) -> None:
        """Takes other settings, as a moment that can be gone back to. A step begun is given up."""
        if self.loop.phase is not Phase.FORWARD:
            self.loop.give_up()
            self.slow = None
        self.loop.change(settings)
        self.moments.keep(self.loop)

    def resume(self, moments: Moments) -> None:
        """Goes to the newest of saved moments."""
        self.moments = moments
        self.loop.restore(moments.state_at(moments.history.last_step))
        self._stand()

    def _stand(self) -> None:
        self.status = Status.FINISHED if self.loop.finished else Status.PAUSED

    def save(self, path: Path) -> None:
        """Writes the run to a file. Amid a step, that step is not part of it."""
        if self.loop.phase is Phase.FORWARD:
            self.moments.keep(self.loop)
        try:
            self.writer.write(path, self.writer.contents(self.moments))
        except OSError as problem:
            self.problem, self.said = _unsaved(path, problem), problem
            raise

    def _save_itself(self) -> None:
        if self.autosave is not None:
            self.moments.keep(self.loop)
            self.autosave.save(self.writer.contents(self.moments))

    def saved(self, problem: Exception | None) -> None:
        """Says what came of the last autosave; a training goes on without."""
        assert self.autosave is not None
        if problem is not None:
            self.problem, self.said = _unsaved(self.autosave.path, problem), problem
        elif self.problem.startswith(_COULD_NOT_SAVE.format(str(self.autosave.path))):
            self.problem = ""

    def _note(self, done: Step) -> None:
        self._last = done
        self.moments.history.add_step(done)
        rate = done.images_per_second
        self._rate = (
            rate if math.isnan(self._rate) else self._rate + _SMOOTHING * (rate - self._rate)
        )
        if not self._measures_first():  # the measuring keeps the moment
            self.moments.keep_now_and_then(self.loop)

    def _measures_first(self) -> bool:
        """Whether the test images were not yet read at the start, or after this epoch."""
        if self.test is None or self.loop.seen or self.loop.phase is not Phase.FORWARD:
            return False
        return self.moments.history.last_evaluated < self.loop.step

    def _measure(self) -> None:
        """Reads the test images, unless somebody is to be heard first."""
        assert self.test is not None
        self._measuring = True
        try:
            found = evaluate_while(
                lambda: not self._is_asked(), self.model, self.test, EVALUATION_IMAGES
            )
        finally:
            self._measuring = False
        if found is not None:
            self.moments.keep(self.loop)
            self.moments.history.add_evaluation(
                self.loop.step, accuracy=found.accuracy, loss_nats=found.loss_nats
            )

    def _fall(self, problem: BaseException) -> None:
        """Rests, since a step could not be done; says why, and what to try."""
        if isinstance(problem, FloatingPointError):
            status, words = Status.PAUSED, in_words(problem)
        else:
            status = Status.FAILED
            words = (
                f"step {self.loop.step + 1} failed: {in_words(problem)}; what was recorded is "
                "kept: play tries the step again, rewind goes back"
            )
        self._end_steps(problem)
        try:
            self.rest(status)
        except Exception as another:
            words = f"{words}; this moment could not be kept: {in_words(another)}"
        self.status, self.problem, self.said = status, words, problem

    def _end_steps(self, problem: BaseException | None = None) -> None:
        """Answers who asked for steps: with the last one that was done, or why there is none."""
        if self._until is None:
            return
        (_, future), self._until = self._until, None
        if problem is None and self._last is None:
            problem = RuntimeError("no step was done, since something else was asked for first")
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(self._last)  # type: ignore[arg-type]

    def _check_goes_on(self) -> None:
        if self.loop.finished and not self._measures_first():
            epochs = self.loop.settings.epochs
            raise ValueError(
                f"all {epochs} epochs are done; train more with play(epochs=1), or rewind"
            )


def _unsaved(path: Path, problem: Exception) -> str:
    return (
        f"{_COULD_NOT_SAVE.format(str(path))}{in_words(problem)}; the training goes on, and what "
        "was saved before is still there"
    )
