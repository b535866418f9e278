"""What a card can be pinned to: it then shows how its numbers have changed since."""

from typing import Any

import numpy as np
from traitlets import Unicode

from cnnwidgets.arrays import difference
from cnnwidgets.traits import LOCK, in_words
from cnnwidgets.widgets.view import View


class Pins(View):
    """A view that a page asks to pin what is shown, or to forget it."""

    def __init__(self, *given: Any, **traits: Any):
        super().__init__(*given, **traits)
        self.on_msg(self._pin_asked)

    def pin(self) -> None:
        """Keeps what is shown now."""
        raise NotImplementedError

    def unpin(self) -> None:
        """Forgets what was pinned."""
        raise NotImplementedError

    def _pin_asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Pins or unpins, for a page that asks with {"do": "pin"} or {"do": "unpin"}."""
        try:
            wish = content.get("do") if isinstance(content, dict) else None
            if wish not in ("pin", "unpin"):
                raise ValueError('a page asks to {"do": "pin"} or {"do": "unpin"}, nothing else')
            self.pin() if wish == "pin" else self.unpin()
            self.error = ""
        except Exception as problem:  # shown where the person looks: a page has no traceback
            self.error = in_words(problem)


class Pinnable(Pins):
    """A view of one array of a layer that can show its difference to another moment's.

    It has `difference`, an array trait, and says what array it shows and had shown.
    """

    pinned = Unicode().tag(sync=True)
    """What `difference` is to, in words; empty when nothing is pinned."""
    difference: Any

    def __init__(self, *given: Any, **traits: Any):
        self._pin: Any = None  # of a microscope
        self._kept: np.ndarray | None = None  # of a view alone
        super().__init__(*given, **traits)

    def pin(self) -> None:
        """From now on, shows the difference to what is shown now: another step, image or edit.

        Raises ValueError if nothing is shown.
        """
        with LOCK:
            if self._shown() is None:
                raise ValueError("there is nothing to pin yet")
            if self.scope is None:
                self._kept, words = self._shown(), "what was pinned"
            else:
                from cnnwidgets.workbench.pins import Pin

                self._pin = Pin.of(self.scope)
                words = self._pin.words
            with self.hold_sync():
                self.pinned = words
                self._show_difference()

    def unpin(self) -> None:
        """Shows the numbers themselves again."""
        with LOCK, self.hold_sync():
            self._pin = self._kept = None
            self.pinned = ""
            self._show_difference()

    def _shown(self) -> np.ndarray | None:
        """The array that is shown."""
        raise NotImplementedError

    def _before(self) -> np.ndarray | None:
        """The same of what is pinned; None if that has no such array."""
        raise NotImplementedError

    def _show_difference(self) -> None:
        shown, before = self._shown(), self._before() if self.pinned else None
        if shown is None or before is None or shown.shape != before.shape:
            self.difference = None
        else:
            self.difference = difference(shown, before)
