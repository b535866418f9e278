"""Arrays as traits, and on the wire."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from traitlets import HasTraits, TraitError, link

from cnnwidgets.arrays import WIRE_DTYPES, Array, Pixels, to_wire, to_wire_all


class Holder(HasTraits):
    floats = Array("float32", axes=(1, 3))
    bytes = Array("uint8")
    picture = Pixels()


def unwire(wire):
    return np.frombuffer(wire["data"], wire["dtype"]).reshape(wire["shape"])


@given(
    st.sampled_from(WIRE_DTYPES).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_side=0, max_dims=4))
    ),
    st.booleans(),
)
def test_an_array_arrives_as_it_left_whatever_its_memory_looks_like(array, transposed):
    given = array.T if transposed else array[..., ::-1]
    wire = to_wire(given)
    assert wire["data"].nbytes == given.nbytes
    assert unwire(wire).tobytes() == given.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool", "complex64"])
def test_a_dtype_that_javascript_has_no_array_for_is_refused_by_name(dtype):
    with pytest.raises(TypeError, match=dtype):
        to_wire(np.zeros(3, dtype))


def test_none_travels_as_none_and_is_left_out_of_lists():
    assert to_wire(None) is None
    assert len(to_wire_all([np.zeros(2, "uint8"), np.ones(1, "uint8")])) == 2


def test_an_array_trait_keeps_a_read_only_copy_of_what_can_be_written():
    holder, mine = Holder(), np.zeros(4, "float32")
    holder.floats = mine
    mine[:] = 7
    assert (holder.floats == 0).all()
    with pytest.raises(ValueError, match="read-only"):
        holder.floats[0] = 1


def test_an_array_that_cannot_be_written_is_kept_without_a_copy():
    array = np.zeros(4, "float32")
    array.setflags(write=False)
    holder = Holder(floats=array)
    assert holder.floats is array


def test_another_object_is_a_change_and_the_same_object_is_none():
    holder, seen = Holder(floats=[1, 2]), []
    holder.observe(seen.append, "floats")
    holder.floats = holder.floats
    assert not seen
    holder.floats = np.array([1, 2])
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("abc", "no array of numbers"),
        ([[1, 2], [3]], "no array of numbers"),
        ([1j], "no array of numbers"),
        (np.zeros((2, 2)), "1 or 3 axes, and has 2"),
    ],
)
def test_what_is_no_array_of_numbers_or_has_other_axes_is_refused_by_name(value, words):
    holder = Holder(floats=[1.0])
    before = holder.floats
    with pytest.raises(TraitError, match=f"floats of Holder .*{words}"):
        holder.floats = value
    assert holder.floats is before


@pytest.mark.parametrize("value", [[-1], [256], [0.5], [float("nan")]])
def test_numbers_that_bytes_cannot_hold_are_refused_and_not_wrapped(value):
    with pytest.raises(TraitError, match="uint8 does not hold"):
        Holder(bytes=value)


def test_what_float32_cannot_hold_becomes_infinite_without_a_warning():
    assert np.isposinf(Holder(floats=[1e300]).floats[0])


def test_a_tensor_is_an_array_of_numbers():
    assert Holder(floats=torch.ones(2)).floats.tolist() == [1, 1]
    with pytest.raises(TraitError, match="requires grad"):
        Holder(floats=torch.ones(2, requires_grad=True))


def test_a_picture_takes_rows_and_columns_and_floats_from_0_to_1():
    assert Holder(picture=np.ones((2, 3))).picture.tolist() == [[[255] * 3] * 2]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.full((2, 2), np.nan), "NaN"),
        (np.full((2, 2), 3.0), "outside 0..1"),
        (np.zeros((2, 2), int), "dtype int64"),
        (np.zeros((0, 2)), "empty"),
        (np.zeros(2), "3 axes"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(value, words):
    with pytest.raises(TraitError, match=f"picture of Holder .*{words}"):
        Holder(picture=value)


def test_arrays_can_be_linked_both_ways():
    one, other = Holder(floats=[1, 2]), Holder()
    link((one, "floats"), (other, "floats"))
    assert other.floats is one.floats
    one.floats = [3, 4, 5]
    assert other.floats is one.floats
    other.floats = [6, 7]
    assert one.floats is other.floats


def test_what_an_observer_receives_is_the_array_and_compares_element_by_element():
    holder, seen = Holder(), []
    holder.observe(lambda change: seen.append(change.new), "floats")
    holder.floats = [1, 2]
    assert (seen[0] == [1, 3]).tolist() == [True, False]
    assert (seen[0] != np.array([1, 3])).tolist() == [False, True]
