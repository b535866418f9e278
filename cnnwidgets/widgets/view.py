"""What all widgets have in common: how one is bound to a microscope, or stands alone."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from anywidget import AnyWidget, WidgetTrait
from traitlets import Bunch, HasTraits, TraitError, Unicode

from cnnwidgets.traits import LOCK, Locked, commit, forget, in_words, same

if TYPE_CHECKING:
    from cnnwidgets.scope import Microscope
    from cnnwidgets.widgets.stage import Stage

Names = str | Iterable[str] | None

SELECTIONS = ("index", "layer", "channel", "pixel", "step")
LONGEST_ERROR = 400


class Guarded(Locked, AnyWidget):
    """A widget that takes from the page only what the page may write, and says what it refused."""

    page_writes: ClassVar[frozenset[str]] = frozenset()
    scope: "Microscope | None" = None

    error = Unicode().tag(sync=True)
    """What was refused last, in a sentence with the remedy; empty when all is well."""

    @classmethod
    def public_traits(cls) -> list[str]:
        """The traits that are this package's own and known to the page."""
        foreign = AnyWidget.class_traits()
        return [
            name
            for name in cls.class_traits(sync=True)
            if name not in foreign and not name.startswith("_")
        ]

    def set_state(self, sync_data: Any) -> None:
        """Takes what a page sent, all of it or nothing; why nothing becomes `error`."""
        with LOCK, self.hold_sync():
            error = self._refusal(sync_data)
            if not error:
                try:
                    super().set_state(sync_data)
                except Exception as problem:  # shown where the person looks: a page has no log
                    error = _shortened(in_words(problem))
            self.error = error
            if error and isinstance(sync_data, dict):  # the page has these already: correct it
                self._states_to_send.update(name for name in sync_data if name in self.keys)

    def _refusal(self, sent: Any) -> str:
        """Why a page's message is not even tried, or nothing."""
        if not isinstance(sent, dict):
            return f"a page sends names and values, and not a {type(sent).__name__}"
        odd = ", ".join(sorted(map(str, sent.keys() - self.page_writes)))
        return _shortened(f"a page may not write {odd}") if odd else ""

    def _tell_scope(self, change: Bunch) -> None:
        """Hands what was selected here to the microscope; what that refuses is taken back."""
        scope = self.scope
        assert scope is not None
        wanted = {
            name: getattr(self, name)
            for name in SELECTIONS
            if self.has_trait(name) and not same(getattr(scope, name), getattr(self, name))
        }
        try:
            if len(wanted) == 1:
                setattr(scope, *next(iter(wanted.items())))
            elif wanted:
                with scope.hold_trait_notifications():
                    for name, value in wanted.items():
                        setattr(scope, name, value)
        finally:
            commit(self, {name: getattr(scope, name) for name in wanted})


class View(Guarded):
    """A widget that shows a Microscope, or works alone on the traits that it is given.

    Bound to a scope, the traits that it shares with the scope's `Stage` follow the stage, and
    travel to the page once, with the stage, however many views show them.
    """

    alone: ClassVar[bool] = True
    """Whether it works without a microscope, on the traits that it is given."""

    stage = WidgetTrait().tag(sync=True)
    """The Stage of the microscope that this view is bound to; None when it works alone."""

    def __init__(self, scope: "Microscope | None" = None, **traits: Any):
        self._refuse_unknown(traits)
        self._shared: frozenset[str] = frozenset()
        self.scope = scope
        if scope is None and self.alone:
            super().__init__(**traits)
            return
        with LOCK:  # nothing is selected between what is taken over here and what is followed
            self._join(self._stage_of(scope), traits)

    def _join(self, stage: "Stage", traits: dict[str, Any]) -> None:
        """Takes over what the stage shows, and follows it from then on."""
        try:
            shared = frozenset(set(self.public_traits()) & set(stage.public_traits())) - {"error"}
            if given := shared & traits.keys():
                raise TypeError(
                    f"{', '.join(sorted(given))} of {type(self).__name__} follows the microscope; "
                    "set it there, or leave the microscope out"
                )
            self._shared = shared
            followed = {name: getattr(stage, name) for name in shared}
            super().__init__(stage=stage, **traits, **followed)
        except BaseException:
            stage.leave(self)
            raise
        stage.views.append(self)
        if shared:  # no names would mean all
            self.observe(self._keep_following, names=list(shared))

    def __repr__(self) -> str:
        """What is read where no widget is shown, as in a saved notebook."""
        return f"{type(self).__name__}: run this cell to see it"

    def close(self) -> None:
        """Ends the widget on every page; the last view of a microscope ends its stage."""
        if self.comm is not None:  # once: Python closes a widget again when it forgets it
            self._let_go()
        super().close()

    def follow(self, values: dict[str, Any]) -> None:
        """Takes over, from the stage, those of the values that this view shows."""
        commit(self, {name: values[name] for name in values.keys() & self._shared})

    def get_state(self, key: Names = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state a page needs; what the stage holds is left to the stage."""
        asked = set(self.keys) if key is None else {key} if isinstance(key, str) else set(key)
        return super().get_state(key=asked - self._shared, drop_defaults=drop_defaults)

    def _should_send_property(self, key: str, value: Any) -> bool:
        return key not in self._shared and super()._should_send_property(key, value)

    def _let_go(self) -> None:
        """Stops following the microscope."""
        if self.stage is not None:
            forget(self, self._keep_following, self._shared)
            self.stage.leave(self)

    def _keep_following(self, change: Bunch) -> None:
        """Tells the microscope of a selection, and takes back what only the microscope sets."""
        if same(getattr(self.stage, change.name), getattr(self, change.name)):
            return
        if change.name in SELECTIONS:
            self._tell_scope(change)
            return
        commit(self, {change.name: getattr(self.stage, change.name)})
        raise TraitError(
            f"{change.name} of {type(self).__name__} follows the microscope; set it there"
        )

    def _stage_of(self, scope: "Microscope | None") -> "Stage":
        """The stage of a microscope. Raises TypeError for what is none."""
        from cnnwidgets.widgets.stage import Stage

        if not (isinstance(scope, HasTraits) and scope.has_trait("run")):
            given = "None" if scope is None else f"a {type(scope).__name__}"
            raise TypeError(
                f"{type(self).__name__} shows a Microscope, and was given {given}; "
                "make one with cnnwidgets.Microscope(model, images)"
            )
        return Stage.of(scope)

    def _refuse_unknown(self, traits: dict[str, Any]) -> None:
        known = self.trait_names()
        for name in traits.keys() - set(known):
            near = difflib.get_close_matches(name, self.public_traits(), n=2)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise TypeError(f"{type(self).__name__} has no {name!r}{hint}")


def _shortened(words: str) -> str:
    half = LONGEST_ERROR // 2  # the value stands at the front, the remedy at the end
    return words if len(words) <= LONGEST_ERROR else f"{words[:half]} … {words[-half:]}"
