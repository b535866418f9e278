"""What all widgets have in common: how one is bound to a microscope, or stands alone."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from anywidget import AnyWidget, WidgetTrait
from traitlets import Bunch, TraitError, Unicode

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope

Names = str | Iterable[str] | None


class Guarded(AnyWidget):
    """A widget that takes from the page only what the page may write, and says what it refused."""

    page_writes: ClassVar[frozenset[str]] = frozenset()

    error = Unicode().tag(sync=True)
    """What was refused last, in a sentence with the remedy; empty when all is well."""

    @classmethod
    def public_traits(cls) -> list[str]:
        """The traits that are this package's own and known to the page."""
        return [
            name for name in cls.class_traits(sync=True) if name not in AnyWidget.class_traits()
        ]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a page sent; an invalid value changes nothing and becomes `error`."""
        allowed = {name: value for name, value in sync_data.items() if name in self.page_writes}
        with self.hold_sync():
            error = "" if len(allowed) == len(sync_data) else _refusal(sync_data, allowed)
            try:
                super().set_state(allowed)
            except Exception as problem:  # shown where the person looks: a page has no traceback
                error = sentence(problem)
            self.error = error
        if error:
            self.send_state([name for name in sync_data if name in self.keys])


class View(Guarded):
    """A widget that shows a Microscope, or works alone on the traits that it is given.

    Bound to a scope, the traits that it shares with the scope's `Stage` follow the stage, and
    travel to the page once, with the stage, however many views show them.
    """

    stage = WidgetTrait().tag(sync=True)
    """The Stage of the microscope that this view is bound to; None when it works alone."""

    def __init__(self, scope: "Microscope | None" = None, **traits: Any):
        self._refuse_unknown(traits)
        self._shared: frozenset[str] = frozenset()
        if scope is None:
            super().__init__(**traits)
            return
        from cnnwidgets.widgets.stage import Stage

        stage = Stage.of(scope)
        shared = frozenset(set(self.public_traits()) & set(stage.public_traits())) - {"error"}
        if given := shared & traits.keys():
            raise TypeError(
                f"{', '.join(sorted(given))} of {type(self).__name__} follows the microscope; "
                "set it there, or leave the microscope out"
            )
        self._shared = shared
        super().__init__(stage=stage, **traits, **{name: getattr(stage, name) for name in shared})
        stage.views.add(self)
        stage.observe(self._follow_stage, names=list(shared))
        self.observe(self._tell_stage, names=list(shared & stage.page_writes))

    def close(self) -> None:
        """Ends the widget on every page; the last view of a microscope ends its stage."""
        if self.comm is not None:  # once: Python closes a widget again when it forgets it
            self._let_go()
        super().close()

    def _let_go(self) -> None:
        """Stops following the microscope."""
        if self.stage is not None:
            self.stage.unobserve(self._follow_stage, names=list(self._shared))
            self.stage.views.discard(self)
            if not self.stage.views:
                self.stage.close()

    def get_state(self, key: Names = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state a page needs; what the stage holds is left to the stage."""
        asked = set(self.keys) if key is None else {key} if isinstance(key, str) else set(key)
        return super().get_state(key=asked - self._shared, drop_defaults=drop_defaults)

    def _should_send_property(self, key: str, value: Any) -> bool:
        return key not in self._shared and super()._should_send_property(key, value)

    def _follow_stage(self, change: Bunch) -> None:
        setattr(self, change.name, change.new)

    def _tell_stage(self, change: Bunch) -> None:
        try:
            setattr(self.stage, change.name, change.new)
        except Exception:
            setattr(self, change.name, getattr(self.stage, change.name))
            raise

    def _refuse_unknown(self, traits: dict[str, Any]) -> None:
        known = self.trait_names()
        for name in traits.keys() - set(known):
            near = difflib.get_close_matches(name, self.public_traits(), n=2)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise TypeError(f"{type(self).__name__} has no {name!r}{hint}")


def _refusal(sent: dict[str, Any], allowed: dict[str, Any]) -> str:
    return f"a page may not write {', '.join(sorted(sent.keys() - allowed.keys()))}"


def sentence(problem: Exception) -> str:
    text = " ".join([str(problem), *getattr(problem, "__notes__", ())])
    return (
        text
        if isinstance(problem, TraitError | ValueError)
        else f"{type(problem).__name__}: {text}"
    )


def check_channel(view: Any, channel: int) -> int:
    """Refuses a channel that the maps of a view which works alone do not have."""
    if view.stage is None and view.maps is not None and not 0 <= channel < len(view.maps):
        count = len(view.maps)
        raise TraitError(
            f"channel (={channel}) must be from 0 to {count - 1}, the channels of maps"
        )
    return channel
