"""PixelInspector: where the value of one pixel comes from, number by number, down to the image."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from traitlets import Bunch, Tuple, observe, validate

from cnnwidgets.arrays import Array, to_wire
from cnnwidgets.pulse import Pulse
from cnnwidgets.traits import LOCK, Whole, commit, in_words, within
from cnnwidgets.widgets.inspected import NOTHING, Inspected, inspected, reached
from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Maps, Picture
from cnnwidgets.widgets.view import View

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

FIELDS_KEPT = 64
NO_FIELD = {name: NOTHING[name] for name in ("field", "field_mask", "field_method")}
SOUGHT = {**NO_FIELD, "field_method": "sought", "field_note": ""}


class PixelInspector(Inspected, Maps, Picture, View):
    """Patch × kernel = products, their sum, bias and result for the selected pixel of a map.

    PixelInspector(scope) shows the arithmetic of scope.explain() for the scope's layer, channel
    and pixel. On the page, Enter on a cell of the patch goes down to the pixel that it came from,
    and so on to the image. As a figure: cnnwidgets.figures.pixel(scope).
    """

    _esm = script("pixel_inspector")
    _css = style("pixel_inspector")
    alone: ClassVar[bool] = False
    page_writes: ClassVar[frozenset[str]] = frozenset({"input_cell"})
    scope: "Microscope"

    input_cell = Tuple(Whole(), Whole(), Whole(), default_value=None, allow_none=True).tag(
        sync=True
    )
    """The number of the image that was gone down to: (channel, row, column); None elsewhere."""
    input_values = Array("float32", axes=(1,)).tag(sync=True, to_json=to_wire)
    """Of that number: the byte, its share of 255, the mean and the standard deviation that
    normalise it, and what the network was given."""

    def __init__(self, scope: "Microscope", **traits: Any):
        self._seen: tuple[Any, ...] = ()
        self._layers: tuple[Any, ...] = ()
        self._fields: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._sought: tuple[Any, ...] | None = None
        self._pulse = Pulse(self._seek)
        super().__init__(scope, **traits)
        self._show()

    def follow(self, values: dict[str, Any]) -> None:
        """Takes over what is selected, and explains it."""
        super().follow(values)
        self._show()

    @validate("input_cell")
    def _check_input_cell(self, proposal: Any) -> tuple[int, int, int] | None:
        cell = proposal.value
        if cell is not None:
            names = ("channels", "rows", "columns")
            for at, size, name in zip(cell, self.scope.image.shape, names, strict=True):
                within("input_cell", at, size, f"{name} of the image")
        return cell

    @observe("input_cell")
    def _tell_input(self, _change: Bunch) -> None:
        self.input_values = self._input_values()

    def _input_values(self) -> np.ndarray | None:
        cell, scope = self.input_cell, self.scope
        if cell is None:
            return None
        channel, byte = cell[0], int(scope.image[cell])
        mean, std = scope.images.mean[channel], scope.images.std[channel]
        given = float(scope.run.input[0][cell])
        return np.array([byte, byte / 255, mean, std, given], "float32")

    def _show(self) -> None:
        """Explains the selected value, if it is another than before, in one message."""
        scope = self.scope
        with LOCK, self.hold_sync():
            place = (scope.layer, scope.channel, scope.pixel)
            seen, self._seen = self._seen, (scope.run, *place)
            if len(seen) == len(self._seen) and seen[0] is scope.run and seen[1:] == place:
                return
            values, cell, image = self._explained(), self.input_cell, scope.image
            if cell is not None:
                inside = all(at < side for at, side in zip(cell, image.shape, strict=True))
                if inside and seen[1:] == place:
                    values["input_values"] = self._input_values()
                else:
                    values |= {"input_cell": None, "input_values": None}
            news = {name: each for name, each in values.items() if self._is_news(name, each)}
            commit(self, news)

    def _is_news(self, name: str, value: Any) -> bool:
        """Whether a page lacks a value: most of the arrays of a pixel are those of the last."""
        # A patch goes out each time: by it the page knows one explanation from the next.
        shown = getattr(self, name)
        known = name != "patch" and isinstance(shown, np.ndarray) and isinstance(value, np.ndarray)
        return not (known and np.array_equal(shown, value))

    def _explained(self) -> dict[str, Any]:
        scope = self.scope
        vector = scope.maps().ndim == 1
        if scope.pixel is None and not vector:
            return dict(NOTHING)
        layers = scope.layers
        names = {layer.name for layer in layers}
        try:
            values = inspected(scope.explain(), names)
        except Exception as problem:  # any layer of any model: shown where the person looks
            return {**NOTHING, "problem": in_words(problem)}
        if layers != self._layers or len(self._fields) >= FIELDS_KEPT:
            self._layers, self._fields = layers, {}
        where = (scope.layer, scope.channel, scope.pixel)
        if where in self._fields:
            return values | self._fields[where]
        return values | self._field(where, tuple(values["unit"]))

    def _field(self, where: tuple[Any, ...], unit: tuple[int, ...]) -> dict[str, Any]:
        """The receptive field, where layers lead from the unit to the image; else it is sought."""
        from cnnwidgets.workbench.reach import walked

        try:
            found = walked(self.scope, unit)
        except Exception as problem:  # the arithmetic is shown even where no way leads back
            self._fields[where] = {**NO_FIELD, "field_note": in_words(problem)}
            return self._fields[where]
        if found.note:
            self._sought = (self._fields, where, self.scope.run, found)
            self._pulse.poke()
            return SOUGHT
        self._fields[where] = reached(found)
        return self._fields[where]

    def _seek(self) -> None:
        """Finds the field by the gradient, in a thread: of a large network that takes a second."""
        from cnnwidgets.workbench.reach import by_gradient

        with LOCK:
            sought, self._sought = self._sought, None
        if sought is None or self.comm is None:
            return
        fields, where, run, walked = sought
        if where not in fields:
            try:
                fields[where] = reached(by_gradient(self.scope, run, walked))
            except Exception as problem:  # of the user's network; nobody else hears of it
                fields[where] = {**NO_FIELD, "field_note": in_words(problem)}
        with LOCK, self.hold_sync():
            if self.comm is not None and fields is self._fields and where == self._seen[1:]:
                commit(self, fields[where])
