"""What each channel of a layer is needed for: the network read again with one silent at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnwidgets.network.layers import named_layers
from cnnwidgets.network.probe import prepared
from cnnwidgets.network.reading import scores_of
from cnnwidgets.network.run import LayerError, base_name, copied, tensors_in

BATCH_IMAGES = 100
NONE: tuple[Any, Any, int] = (None, None, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Ablations:
    """What a network reads in a sample of images while one channel of a layer is silent.

    layer: its name. labels: (image,), the right classes. classes: how many there are.
    before: (image,), the classes read with every channel. after: (channel, image), those read
    without it. All int64.
    """

    layer: str
    labels: np.ndarray
    classes: int
    before: np.ndarray
    after: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share read rightly with every channel, 0 to 1."""
        return float((self.before == self.labels).mean())

    @property
    def changes(self) -> np.ndarray:
        """How much the accuracy changes without each channel: (channel,), −1 to 1."""
        hits = (self.before == self.labels).sum()
        return ((self.after == self.labels).sum(1) - hits) / len(self.labels)

    @property
    def by_class(self) -> np.ndarray:
        """The same for the images of each class: (channel, class); NaN where there are none."""
        one_hot = np.eye(self.classes)[self.labels]
        gained = (self.after == self.labels).astype(float) - (self.before == self.labels)
        with np.errstate(invalid="ignore"):
            return (gained @ one_hot) / one_hot.sum(0)

    @property
    def worst(self) -> np.ndarray:
        """The class that loses most without each channel: (channel,); −1 where none loses."""
        losses = np.nan_to_num(self.by_class, nan=0.0)
        return np.where(losses.min(1) < 0, losses.argmin(1), -1)


def ablations(
    model: nn.Module,
    layer: str,
    images: Tensor,
    labels: Sequence[int] | np.ndarray,
    *,
    classes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ablations:
    """What a network reads in images while one channel of a layer is silent, for each channel.

    Bit for bit what an Ablate after all else that is done to the layer gives, for the same images
    at a time: what runs before the layer is computed once and handed on, the rest runs again for
    each channel; a ReLU or max pooling right after the layer only for the silent one, since it
    leaves channels apart. A layer that runs several times is silenced every time.

    model: it is looked at in evaluation mode and left as it was; nobody else may use it meanwhile.
        Its hooks run as ever.
    images: (image, channel, row, column), normalised; they are put on the model's device, in its
        dtype. labels: (image,). classes: how many; None takes as many as the network scores.
    progress: called with the images done and the number of them; what it raises ends it all.

    Raises LayerError for a layer that is not there or did not run, ValueError for one without
    channels, a network that does not score classes, or other than a label for each image.
    """
    modules = dict(named_layers(model))
    target = modules[base_name(layer, modules)]
    known = np.asarray(labels, np.int64)
    if known.shape != (len(images),) or not len(known):
        raise ValueError(
            f"labels has shape {known.shape} for {len(images)} images; give one for each of them"
        )
    before: list[np.ndarray] = []
    after: list[np.ndarray] = []
    scored = 0
    with torch.no_grad(), _Replay(model, target, layer).ready() as replay:
        for at in range(0, len(images), BATCH_IMAGES):
            batch = prepared(images[at : at + BATCH_IMAGES], model)
            whole = _scores(replay.record(batch), len(batch), model)
            scored = whole.shape[1]
            usual = whole.argmax(1).numpy()
            before.append(usual)
            rows = np.tile(usual, (len(replay.silent), 1))
            for channel, is_silent in enumerate(replay.silent):
                if not is_silent:  # else nothing changes
                    again = _scores(replay.run(batch, channel), len(batch), model)
                    rows[channel] = again.argmax(1).numpy()
                if progress is not None:
                    part = len(batch) * (channel + 1) // len(replay.silent)
                    progress(at + part, len(images))
            after.append(rows)
    read, changed = np.concatenate(before), np.concatenate(after, axis=1)
    return Ablations(layer, known, classes or scored, read, changed)


def _scores(output: object, count: int, model: nn.Module) -> Tensor:
    return scores_of(output, count, type(model).__name__).cpu()


class _Replay:
    """A network whose modules answer, up to a layer, with what they gave the first time."""

    def __init__(self, model: nn.Module, target: nn.Module, layer: str) -> None:
        self.model, self.target, self.layer = model, target, layer
        self.silent: list[bool] = []
        """For each channel of the layer whether it was zero in every image recorded last."""
        self._channel: int | None = None
        # The outermost modules that ran before the layer, and the layer, with what each gave.
        self._done: list[tuple[nn.Module, Any]] = []
        self._versions: list[int] = []  # of the tensors in there
        self._place: int | None = None  # which of them is next; None while they are recorded
        self._begun = False
        self._copies = False  # needed where results are changed in place
        # The chain of layers behind the target that leave channels apart, with what each gave and
        # that tensor's version; how far along it a run is; and the tensor at its end.
        self._along: list[tuple[nn.Module, Tensor, int]] = []
        self._step = 0
        self._tip: Any = None
        self._tip_version = 0
        self._calls = 0  # of the target; what a second one is given may differ in every channel

    @contextmanager
    def ready(self) -> Iterator["_Replay"]:
        """The network is listened to inside the block, and as before after it."""
        with ExitStack() as undo:
            for module in self.model.modules():
                undo.callback(setattr, module, "training", module.training)
                module.training = False
            for module in set(self.model.modules()) - {self.model}:
                own = module.__dict__.get("forward")
                forward = module.forward
                if own is None and _keeps_channels_apart(module):
                    forward = partial(self._one_channel, module, forward)
                module.__dict__["forward"] = partial(self._forward, module, forward)
                undo.callback(_put_back, module, own)
            undo.callback(self.target.register_forward_hook(self._silence).remove)
            yield self

    def record(self, batch: Tensor) -> object:
        """Runs the network whole, and keeps what the modules gave up to the layer."""
        self._done, self._versions, self.silent = [], [], []
        self._channel, self._place, self._begun = None, None, False
        self._along, self._tip, self._calls = [], None, 0
        output = self.model(batch.clone())
        if not self.silent:
            raise LayerError(f"layer '{self.layer}' did not run")
        if not self._copies and self._versions != self._versions_now():
            self._copies = True
            return self.record(batch)
        return output

    def run(self, batch: Tensor, channel: int) -> object:
        """Runs what follows the layer, with one of its channels silent."""
        self._place, self._channel = 0, channel
        self._step, self._tip = 0, None
        return self.model(batch.clone())

    def _forward(self, module: nn.Module, own: Callable, *args: Any, **named: Any) -> Any:
        """What a module gives: what it gave, where it is known."""
        if self._place is not None:
            if self._place == len(self._done) or self._done[self._place][0] is not module:
                return own(*args, **named)
            self._place += 1
            return self._kept(self._done[self._place - 1][1])
        if self._begun:
            return own(*args, **named)
        mark, self._begun = len(self._done), module is self.target
        given = own(*args, **named)
        if not self._begun or module is self.target:
            del self._done[mark:]  # those inside it
            self._done.append((module, self._kept(given)))
            self._versions = self._versions_now()
        return given

    def _one_channel(self, module: nn.Module, own: Callable, *args: Any, **named: Any) -> Any:
        """What a layer that leaves channels apart gives: again for the silent channel alone.

        That is right where it is given what the target gave, passed on by nothing but such layers:
        then only that channel is another than it was.
        """
        given: Any = args[0] if len(args) == 1 and not named else None
        if given is None or given is not self._tip or given._version != self._tip_version:
            return own(*args, **named)
        if self._channel is None:
            result = own(given)
            self._go_on(result)
            if self._tip is not None:
                self._along.append((module, result, self._tip_version))
            return result
        known, usual, version = self._along[self._step] if self._step < len(self._along) else NONE
        if known is not module or usual._version != version:
            self._go_on(None)
            return own(given)
        self._step += 1
        result, part = usual.clone(), slice(self._channel, self._channel + 1)
        result[:, part] = own(given[:, part])
        self._go_on(result)
        return result

    def _go_on(self, tip: Tensor | None) -> None:
        """Makes a tensor the end of the chain, where that can be told from others."""
        self._tip = None if tip is None or tip.is_inference() or tip.ndim != 4 else tip
        self._tip_version = 0 if self._tip is None else self._tip._version

    def _kept(self, given: Any) -> Any:
        return copied(given, torch.clone) if self._copies else given

    def _versions_now(self) -> list[int]:
        """How often each tensor that is kept was changed in place."""
        kept = [tensor for _, given in self._done for tensor in tensors_in(given)]
        return [-1 if tensor.is_inference() else tensor._version for tensor in kept]

    def _silence(self, module: nn.Module, args: tuple, result: Any) -> Tensor:
        if not isinstance(result, Tensor) or result.ndim < 2:
            raise ValueError(f"'{self.layer}' gives no channels that could be silent")
        result = result.clone()
        if self._channel is not None:
            result[:, self._channel] = 0
        else:
            zero = (result.transpose(0, 1).flatten(1) == 0).all(1).tolist()
            before = self.silent or [True] * len(zero)
            self.silent = [a and b for a, b in zip(before, zero, strict=True)]
            self._calls += 1
        self._go_on(result if self._calls == 1 else None)
        return result


def _keeps_channels_apart(module: nn.Module) -> bool:
    """Whether each channel of a layer's result comes from the same channel of its input alone."""
    if type(module) is nn.ReLU:
        return not module.inplace
    return type(module) is nn.MaxPool2d and not module.return_indices


def _put_back(module: nn.Module, own: Any) -> None:
    del module.__dict__["forward"]
    if own is not None:
        module.__dict__["forward"] = own
