"""Compare: what was pinned beside what is shown now, and the difference."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bool, Bunch, List, Unicode

from cnnwidgets.arrays import Array, difference, to_wire
from cnnwidgets.traits import LOCK, forget
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.pinned import Pins

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

FOLLOWED = ("run", "layer", "channel", "step", "edits")


def _array(*axes: int) -> Any:
    return Array("float32", axes=axes).tag(sync=True, to_json=to_wire)


class Compare(Pins):
    """Pin A, then look at B: one channel's map beside itself, the difference, the prediction.

    Compare(scope): A is what the scope shows when `pin` is called, B what it shows now: another
    digit, another step, another network after edits. As a figure, of `cnnwidgets.compare`:
    cnnwidgets.figures.comparison(found, layer, channel).
    """

    _esm = script("compare")
    _css = style("compare")
    alone: ClassVar[bool] = False
    scope: "Microscope"

    pinned = Bool(False).tag(sync=True)
    """Whether there is an A."""
    a_words = Unicode().tag(sync=True)
    """Which image, step and edits A is of."""
    b_words = Unicode().tag(sync=True)
    """Which image, step and edits B is of."""
    place = Unicode().tag(sync=True)
    """The layer and channel that are compared, in words; why not, where they cannot be."""
    a_map = _array(2)
    """The channel's map in A: (row, column); a vector is one row. None where A has no such map."""
    b_map = _array(2)
    """The channel's map in B: (row, column)."""
    difference = _array(2)
    """B less A: (row, column); None where their shapes differ."""
    changes = _array(1)
    """The largest absolute difference of each channel of the layer: (channel,); or None."""
    classes = List(Unicode()).tag(sync=True)
    """The names of the classes."""
    a_probabilities = _array(1)
    """What A says of its image: (class,); None where it does not score classes."""
    b_probabilities = _array(1)
    """What B says: (class,)."""

    def __init__(self, scope: "Microscope", **traits: Any):
        self._pin: Any = None
        super().__init__(scope, **traits)
        scope.observe(self._follow, names=FOLLOWED)
        self._show()

    def pin(self) -> None:
        """Makes A what the microscope shows now."""
        from cnnwidgets.workbench.pins import Pin

        with LOCK:
            self._pin = Pin.of(self.scope)
            self._show()

    def unpin(self) -> None:
        """Forgets A."""
        with LOCK:
            self._pin = None
            self._show()

    def _let_go(self) -> None:
        forget(self.scope, self._follow, FOLLOWED)
        super()._let_go()

    def _follow(self, _change: Bunch) -> None:
        self._show()

    def _show(self) -> None:
        """Takes over what both show of the selected channel: one message to the page."""
        from cnnwidgets.workbench.pins import in_words as told

        scope, pin = self.scope, self._pin
        layer, channel = scope.layer, scope.channel
        maps, other = scope.maps(), None if pin is None else pin.maps(layer)
        reading = scope.prediction
        news: dict[str, Any] = {
            "pinned": pin is not None,
            "a_words": "" if pin is None else pin.words,
            "b_words": told(scope),
            "place": f"{layer}, channel {channel}",
            "b_map": _grid(maps[channel]),
            "a_map": None,
            "difference": None,
            "changes": None,
            "a_probabilities": None,
            "b_probabilities": None if reading is None else reading.probabilities,
        }
        if other is not None and pin is not None:
            if channel < len(other):
                news["a_map"] = _grid(other[channel])
            if other.shape == maps.shape:
                less = difference(maps, other)
                news["difference"] = _grid(less[channel])
                news["changes"] = np.abs(less).reshape(len(less), -1).max(1)
            else:
                news["place"] += ": the maps of A and B have different sizes"
            news["a_probabilities"] = None if pin.reading is None else pin.reading.probabilities
        with self.hold_sync():
            for name, value in news.items():
                setattr(self, name, value)


def _grid(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.atleast_2d(values), dtype=np.float32)
