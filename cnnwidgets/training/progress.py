"""Where a training session is, as values."""

from dataclasses import dataclass
from enum import Enum

from cnnwidgets.training.loop import Phase


class Status(Enum):
    """What a session is doing."""

    PAUSED = "paused"
    PLAYING = "playing"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a session is.

    step: steps done, of `total`; epoch: the pass under way, from 1, of `epochs`.
    epoch_images: images of this pass that are done, of `images`.
    phase: what comes next amid a step, else None. measuring: whether test images are being read.
    images_per_second: of late; NaN before the first step. seconds_left: of the whole run at that
    rate; NaN when unknown.
    """

    status: Status
    step: int
    total: int
    epoch: int
    epochs: int
    epoch_images: int
    images: int
    phase: Phase | None
    measuring: bool
    images_per_second: float
    seconds_left: float
