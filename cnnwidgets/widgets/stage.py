"""The stage: what all views of one microscope show, sent to a page once."""

from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bunch

from cnnwidgets.arrays import Array
from cnnwidgets.traits import LOCK, commit, forget, in_words, same
from cnnwidgets.widgets.coded import maps_to_wire, values_message
from cnnwidgets.widgets.shared import Maps, Moment, Network, Picture, Scores, Weights, limit_of
from cnnwidgets.widgets.view import SELECTIONS, Guarded, View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.training.history import History

FOLLOWED = (*SELECTIONS, "image", "label", "run", "steps")
KERNEL_BYTES = 4_000_000
THUMBNAIL_CHANNELS = 4
THUMBNAIL_PIXELS = 28


class Stage(Picture, Network, Maps, Weights, Scores, Moment, Guarded):
    """Carries a microscope's selections and measurements to the page, as one model.

    Every view bound to the same scope reads it there. So one digit is one message, all cards
    change in the same frame, and a selection in one card reaches the others without the kernel.
    It shows nothing itself.
    """

    _esm = "export default {}"
    page_writes: ClassVar[frozenset[str]] = frozenset(SELECTIONS)
    scope: "Microscope"

    maps = Array("float32", axes=(1, 3)).tag(sync=True, to_json=maps_to_wire)
    """The layer's maps, as in `Maps`; large ones travel in a byte a value, see coded.py."""

    def __init__(self, scope: "Microscope"):
        self.scope = scope
        self.views: list[View] = []
        self._seen: dict[str, Any] = dict.fromkeys(FOLLOWED)
        self._listed: tuple = ()
        self._found: Any = None
        self._limit = 0.0  # of all weights that were found, also where one filter is sent
        self._slide: tuple | None = None
        self.maps_number = 0  # counts the maps, so that no answer is taken for that of others
        super().__init__(
            classes=list(scope.images.classes),
            source=scope.images.name,
            size=len(scope.images),
            **self._news(),
        )
        scope.observe(self._follow, names=list(FOLLOWED))
        self.observe(self._tell_scope, names=list(SELECTIONS))
        self.on_msg(self._answer)

    @staticmethod
    def of(scope: "Microscope") -> "Stage":
        """The stage of a microscope: the one it has, or a new one."""
        with LOCK:
            if scope._stage is None:
                scope._stage = Stage(scope)
            return scope._stage

    def leave(self, view: View) -> None:
        """Forgets a view; the last one to leave ends the stage."""
        with LOCK:
            self.views = [other for other in self.views if other is not view]
            if not self.views:
                self.close()

    def close(self) -> None:
        """Ends the stage; a later view of the same microscope starts a new one."""
        if self.comm is not None:  # once: Python closes a widget again when it forgets it
            forget(self.scope, self._follow, FOLLOWED)
            if self.scope._stage is self:
                self.scope._stage = None
        super().close()

    def _answer(self, _widget: Any, asked: Any, _buffers: Any) -> None:
        """Sends a page the exact values of a channel of large maps."""
        with LOCK:
            try:
                answer = values_message(self.maps, self.maps_number, asked)
            except ValueError as problem:  # shown where the person looks: a page has no traceback
                self.error = in_words(problem)
                return
            if answer is not None:
                self.send(*answer)

    def _follow(self, _change: Bunch) -> None:
        """Takes over all that is new in the microscope at once: one message to the page."""
        if all(same(self._seen[name], getattr(self.scope, name)) for name in FOLLOWED):
            return  # an earlier notification of the same change has done it
        values = self._news()
        with self.hold_sync():
            commit(self, values)
        for view in tuple(self.views):
            view.follow(values)

    def _news(self) -> dict[str, Any]:
        scope, before = self.scope, self._seen
        self._seen = now = {name: getattr(scope, name) for name in FOLLOWED}
        values = {name: now[name] for name in (*SELECTIONS, "image", "label")}
        if now["run"] is not before["run"]:
            values |= self._measured()
        if now["run"] is not before["run"] or now["layer"] != before["layer"]:
            values |= {"maps": scope.maps(), "maps_layer": scope.layer}
            self.maps_number += 1
        slide = (scope.weights_id, scope.edits)
        if now["steps"] != before["steps"] or slide != self._slide:  # other weights of a step, too
            values |= moments_of(scope.history)
        if now["layer"] != before["layer"] or slide != self._slide:
            self._slide, self._found = slide, scope.kernels()
            self._limit = 0.0 if self._found is None else limit_of(self._found.weights)
            values |= self._weights()
        elif now["channel"] != before["channel"] and self.kernels_partial:
            values |= self._weights()
        return values

    def _measured(self) -> dict[str, Any]:
        scope, prediction = self.scope, self.scope.prediction
        values = {
            "logits": prediction and prediction.logits,
            "probabilities": prediction and prediction.probabilities,
        }
        layers = scope.layers
        if layers != self._listed:
            self._listed = layers
            values["layers"] = [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "detail": layer.detail,
                    "parameters": layer.parameters,
                    "shape": list(layer.shape or ()),
                }
                for layer in layers
            ]
        maps = [scope.maps(layer.name) for layer in layers]
        signed = [has_negative(each) for each in maps]
        return {**values, "signed": signed, "thumbnails": list(map(thumbnail, maps, signed))}

    @property
    def kernels_partial(self) -> bool:
        """Whether only the selected filter is sent: all of them would be too many bytes."""
        return self._found is not None and self._found.weights.nbytes > KERNEL_BYTES

    def _weights(self) -> dict[str, Any]:
        found = self._found
        if found is None:
            return {
                "kernels": None,
                "kernels_from": 0,
                "kernels_count": 0,
                "kernels_groups": 1,
                "kernels_limit": 0.0,
                "kernels_layer": "",
                "kernels_inputs": "",
            }
        first = self.scope.channel if self.kernels_partial else 0
        last = first + 1 if self.kernels_partial else len(found.weights)
        return {
            "kernels": found.weights[first:last],
            "kernels_from": first,
            "kernels_count": len(found.weights),
            "kernels_groups": found.groups,
            "kernels_limit": self._limit,
            "kernels_layer": found.layer,
            "kernels_inputs": found.inputs or "",
        }


def moments_of(history: "History | None") -> dict[str, Any]:
    """The traits of `Moment` that a history gives: its steps, and what is known of each."""
    known = () if history is None else history.snapshots
    return {
        "steps": [each.step for each in known],
        "accuracies": [None if isnan(each.accuracy) else each.accuracy for each in known],
        "tested": [each.tested for each in known],
    }


def has_negative(values: np.ndarray) -> bool:
    """Whether an array has a value below zero."""
    low = values.min(initial=0)
    return bool(low < 0) if low == low else bool((values < 0).any())


def thumbnail(maps: np.ndarray, signed: bool) -> np.ndarray:
    """A few channels of a layer, small, in 8 bits: an icon of its maps.

    maps: float32 (channel, row, column), or (unit,), which becomes one row.
    Returns uint8 (channel, row, column), at most 4 channels of at most 28×28; with signed, 128 is
    zero and 1 and 255 are the ends of a symmetric scale. NaN and infinite values count as zero.
    """
    if maps.ndim == 1:
        maps = maps[None, None, :THUMBNAIL_PIXELS]
    stride = max(1, -(-max(maps.shape[1:]) // THUMBNAIL_PIXELS))
    few = maps[:THUMBNAIL_CHANNELS, ::stride, ::stride]
    limit = float(np.abs(few).max(initial=0))
    if not np.isfinite(limit):
        few = np.nan_to_num(few, posinf=0, neginf=0)
        limit = float(np.abs(few).max(initial=0))
    middle, reach = (128.5, 127) if signed else (0.5, 255)
    icon = (few / max(limit, 1e-30) * np.float32(reach) + np.float32(middle)).astype(np.uint8)
    icon.flags.writeable = False
    return icon
