"""The slide: the private copy of a network that a microscope looks at."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from cnnwidgets.network.copying import copy_of
from cnnwidgets.network.editing import check_edits, edits_on
from cnnwidgets.network.edits import Edit
from cnnwidgets.network.probe import Layer, Probe, Run
from cnnwidgets.network.threads import threads_for
from cnnwidgets.network.untouched import uncompiled
from cnnwidgets.training.history import Snapshot
from cnnwidgets.traits import in_words

Edits = tuple[Edit, ...]
LETTERS = 300  # of torch's list of all the weights that do not fit


class Slide:
    """A copy of a network that evaluates and learns nothing, at any recorded moment, edited.

    budget_bytes: the most that one run may record; None takes Probe's.
    Raises TypeError for what is no module, or cannot be copied.
    """

    def __init__(self, model: nn.Module, budget_bytes: int | None = None) -> None:
        self.name = type(model).__name__
        self._model = _copy_of(model)
        self._budget = {} if budget_bytes is None else {"budget_bytes": budget_bytes}
        self._probe = Probe(self._model, **self._budget)
        self._loaded: Snapshot | None = None

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """The state dict of the network as it is: read it only."""
        return self._model.state_dict()

    def is_like(self, model: nn.Module) -> bool:
        """Whether a model has the same class and the same layers."""
        model = uncompiled(model)
        return type(self._model) is type(model) and repr(self._model) == repr(model)

    @contextmanager
    def under(self, moment: Snapshot | None, edits: Edits) -> Iterator[Probe]:
        """The probe, while the network has the weights of a moment and the edits.

        Raises ValueError for weights that do not fit, and as check_edits.
        """
        self._load(moment)
        with edits_on(self._model, edits):
            yield self._probe

    def run(
        self, batch: Tensor, moment: Snapshot | None, edits: Edits, last: Run | None = None
    ) -> Run:
        """Everything the network computes for a batch. last: the run before, if there was one.

        Raises as Probe.run, but what the model itself raises as TypeError or ValueError, in words.
        """
        with self.under(moment, edits) as probe, threads_for(last):
            try:
                return probe.run(batch)
            except Exception as problem:
                notes = getattr(problem, "__notes__", None)
                if notes is None:  # of ours, and in words
                    raise
                _check_takes_one(self._model, self.name)
                size = "×".join(map(str, batch.shape[1:]))
                words = " ".join(str(problem).split()).rstrip(".") or type(problem).__name__
                raise ValueError(
                    f"{self.name} fails on an image of {size}, {'; '.join(notes)}: {words};"
                    " give images of the size and kind that it was made for"
                ) from problem

    def check(self, edits: Sequence[object], layers: Sequence[Layer]) -> None:
        """Refuses edits that do not fit the network; layers: of a run."""
        check_edits(edits, self._model, layers or None)  # type: ignore[arg-type]

    def apart(self, moment: Snapshot | None) -> "Slide":
        """Another slide at a moment, for a thread of its own."""
        self._load(moment)
        return Slide(self._model, **self._budget)

    def _load(self, moment: Snapshot | None) -> None:
        """Puts the weights of a recorded moment into the network, if they are not there.

        Whoever runs the network calls this first, so a refused moment need not be taken back.
        """
        if moment is None or same_weights(moment, self._loaded):
            return
        self._loaded = None
        try:
            self._model.load_state_dict(moment.weights)
        except RuntimeError as problem:
            words = " ".join(str(problem).split())
            words = words if len(words) <= LETTERS else f"{words[:LETTERS]}…"
            remedy = "give the history of this model"
            raise ValueError(f"history does not fit {self.name}; {remedy}: {words}") from problem
        self._loaded = moment


def same_weights(one: Snapshot | None, other: Snapshot | None) -> bool:
    """Whether two moments are the same: a step that was done again has other weights."""
    if one is None or other is None:
        return one is other
    return one.weights is other.weights


def _copy_of(model: nn.Module) -> nn.Module:
    model = Probe(model).model
    try:
        slide = copy_of(model)
    except Exception as problem:
        name = type(model).__name__
        raise TypeError(f"model (a {name}) cannot be copied: {in_words(problem)}") from problem
    for module in slide.modules():  # not slide.eval(), which a model may override
        module.training = False
    return slide.requires_grad_(False)


def _check_takes_one(model: nn.Module, name: str) -> None:
    """Raises TypeError for a model that cannot be called with a batch of images alone."""
    signature = inspect.signature(model.forward)
    try:
        signature.bind(None)
    except TypeError as problem:
        raise TypeError(
            f"model (a {name}) must take a batch of images, and that alone, and its forward is"
            f" {signature}; wrap it in a module that gives it the rest"
        ) from problem
