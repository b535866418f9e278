"""The stage: what all views of one microscope show, sent to a page once."""

from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

import numpy as np
from traitlets import Bunch

from cnnwidgets.widgets.shared import Maps, Network, Picture, Scores, Weights
from cnnwidgets.widgets.view import Guarded

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

SELECTIONS = ("index", "layer", "channel", "pixel")
KERNEL_BYTES = 4_000_000
THUMBNAIL_CHANNELS = 4
THUMBNAIL_PIXELS = 28


class Stage(Picture, Network, Maps, Weights, Scores, Guarded):
    """Carries a microscope's selections and measurements to the page, as one model.

    Every view bound to the same scope reads it there. So one digit is one message, all cards
    change in the same frame, and a selection in one card reaches the others without the kernel.
    It shows nothing itself.
    """

    _esm = "export default {}"
    page_writes: ClassVar[frozenset[str]] = frozenset(SELECTIONS)

    def __init__(self, scope: "Microscope"):
        self.scope = scope
        self.views: WeakSet = WeakSet()
        self._weighed = self._moment()
        super().__init__(**self._fixed(), **self._selected(), **self._measured(), **self._weights())
        scope.observe(self._follow_run, names="run")
        scope.observe(self._follow_selection, names=[*SELECTIONS, "label"])
        self.observe(self._tell_scope, names=list(SELECTIONS))

    @staticmethod
    def of(scope: "Microscope") -> "Stage":
        """The stage of a microscope: the one it has, or a new one."""
        stage = getattr(scope, "_stage", None)
        if stage is None:
            stage = scope._stage = Stage(scope)
        return stage

    def close(self) -> None:
        """Ends the stage; a later view of the same microscope starts a new one."""
        if self.comm is not None:  # once: Python closes a widget again when it forgets it
            self.scope.unobserve(self._follow_run, names="run")
            self.scope.unobserve(self._follow_selection, names=[*SELECTIONS, "label"])
            self.scope._stage = None
        super().close()

    def _fixed(self) -> dict[str, Any]:
        images = self.scope.images
        return {"classes": list(images.classes), "source": images.name, "size": len(images)}

    def _selected(self) -> dict[str, Any]:
        return {name: getattr(self.scope, name) for name in SELECTIONS}

    def _measured(self) -> dict[str, Any]:
        scope, prediction = self.scope, self.scope.prediction
        maps = [scope.maps(layer.name) for layer in scope.layers]
        signed = [bool((values < 0).any()) for values in maps]
        return {
            "image": scope.image,
            "label": scope.label,
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "detail": layer.detail,
                    "parameters": layer.parameters,
                    "shape": list(layer.shape),
                }
                for layer in scope.layers
            ],
            "thumbnails": tuple(map(thumbnail, maps, signed)),
            "signed": signed,
            "maps": scope.maps(),
            "logits": prediction and prediction.logits,
            "probabilities": prediction and prediction.probabilities,
        }

    def _weights(self) -> dict[str, Any]:
        found = self.scope.kernels()
        if found is None:
            return {"kernels": None, "kernels_count": 0, "kernels_layer": "", "kernels_inputs": ""}
        whole = found.weights.nbytes <= KERNEL_BYTES
        first = 0 if whole else self.scope.channel
        return {
            "kernels": found.weights if whole else found.weights[first : first + 1],
            "kernels_from": first,
            "kernels_count": len(found.weights),
            "kernels_limit": float(np.abs(found.weights).max()),
            "kernels_layer": found.layer,
            "kernels_inputs": found.inputs or "",
        }

    def _moment(self) -> Any:
        """What the weights depend on, selections aside."""
        return self.scope.step

    def _follow_run(self, _change: Bunch) -> None:
        values = {**self._selected(), **self._measured()}
        if self._moment() != self._weighed:
            self._weighed = self._moment()
            values |= self._weights()
        self._put(values)

    def _follow_selection(self, change: Bunch) -> None:
        values = {change.name: change.new}
        if change.name == "layer":
            values |= {**self._selected(), "maps": self.scope.maps(), **self._weights()}
        elif change.name == "channel" and self.kernels is not None:
            if len(self.kernels) < self.kernels_count:
                values |= self._weights()
        self._put(values)

    def _put(self, values: dict[str, Any]) -> None:
        with self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)

    def _tell_scope(self, change: Bunch) -> None:
        try:
            setattr(self.scope, change.name, change.new)
        except Exception:
            setattr(self, change.name, getattr(self.scope, change.name))
            raise


def thumbnail(maps: np.ndarray, signed: bool) -> np.ndarray:
    """A few channels of a layer, small, in 8 bits: an icon of its maps.

    maps: float32 (channel, row, column), or (unit,), which becomes one row.
    Returns uint8 (channel, row, column), at most 4 channels of about 28×28; with signed, 128 is
    zero and 1 and 255 are the ends of a symmetric scale.
    """
    if maps.ndim == 1:
        maps = maps[None, None, :THUMBNAIL_PIXELS]
    stride = max(1, -(-max(maps.shape[1:]) // THUMBNAIL_PIXELS))
    few = np.nan_to_num(maps[:THUMBNAIL_CHANNELS, ::stride, ::stride], posinf=0, neginf=0)
    limit = max(float(np.abs(few).max(initial=0)), 1e-12)
    scaled = few / limit * (127 if signed else 255) + (128 if signed else 0)
    return np.rint(scaled).astype(np.uint8)
