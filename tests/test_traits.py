"""Several traits at once, by one thread at a time."""

import threading

import numpy as np
import pytest
from traitlets import TraitError, validate

from cnnwidgets.traits import Locked, Whole, commit


class Pair(Locked):
    one = Whole(0)
    two = Whole(0, allow_none=True)

    @validate("two")
    def _check(self, proposal):
        if proposal.value is None and self.one:
            raise TraitError("two may be None only while one is 0")
        return proposal.value


def test_no_observer_sees_a_half_made_change():
    pair, seen = Pair(), []
    pair.observe(lambda _: seen.append((pair.one, pair.two)))
    commit(pair, {"one": 1, "two": 2})
    assert seen == [(1, 2), (1, 2)]


def test_an_observer_that_raises_keeps_no_other_from_being_told():
    pair, seen = Pair(), []
    pair.observe(lambda _: 1 / 0, "one")
    pair.observe(seen.append, "two")
    with pytest.raises(ZeroDivisionError):
        commit(pair, {"one": 1, "two": 2})
    assert len(seen) == 1


def test_none_is_checked_like_any_other_value():
    pair = Pair(one=1, two=2)
    with pytest.raises(TraitError, match="only while"):
        pair.two = None
    assert pair.two == 2


@pytest.mark.parametrize("value", [True, np.True_, 1.0, "1", [1]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(TraitError, match="whole number"):
        Pair(one=value)


def test_a_whole_number_of_numpy_becomes_one_of_python():
    assert type(Pair(one=np.int16(3)).one) is int


def test_a_thread_waits_until_another_has_told_its_observers():
    pair, order, inside, go = Pair(), [], threading.Event(), threading.Event()

    def slow(change):
        if change.new == 1:
            inside.set()
            assert go.wait(10)
        order.append(change.new)

    pair.observe(slow, "one")
    first = threading.Thread(target=lambda: setattr(pair, "one", 1))
    second = threading.Thread(target=lambda: setattr(pair, "one", 2))
    first.start()
    assert inside.wait(10)
    second.start()
    go.set()
    first.join(10)
    second.join(10)
    assert order == [1, 2]
