"""Large maps in a byte a value: how far a code may stray, and what stays exact."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets.widgets.coded import LARGE_BYTES, NOT_FINITE, STEPS, coded, is_large

random = np.random.default_rng(5)


def float32(values):
    return np.asarray(values, np.float32)


def decoded(codes, maps):
    """What the codes stand for, channel by channel, by the rule in words."""
    out = []
    for channel, values in zip(codes.astype(np.float64), maps.astype(np.float64), strict=True):
        finite = values[np.isfinite(values)]
        limit = np.abs(finite).max(initial=0)
        signed = (finite < 0).any()
        out.append((channel / STEPS * 2 - 1) * limit if signed else channel / STEPS * limit)
    return np.stack(out)


@pytest.mark.parametrize("scale", [1, 1e-40, 1e-20, 1e20, 3e37])
@pytest.mark.parametrize("signed", [True, False])
def test_a_code_is_at_most_half_a_step_from_its_value(scale, signed):
    maps = random.normal(size=(5, 9, 8)) * np.array([1, 3, 1e-3, 0, 2])[:, None, None]
    maps = float32((maps if signed else np.abs(maps)) * scale)
    codes, _ends, _counts = coded(maps)
    limits = np.abs(maps.astype(np.float64)).max((1, 2))[:, None, None]
    half = limits * (2 if signed else 1) / STEPS / 2
    # float32 arithmetic moves the border between two codes by some millionths of a step.
    assert (np.abs(decoded(codes, maps) - maps) <= half * 1.0001 + 1e-45).all()
    assert codes.max() < NOT_FINITE


def test_zero_and_both_ends_keep_their_very_colours():
    maps = float32([[[-4, 0, 4]], [[0, 1, 8]], [[0, 0, 0]], [[-2, 0, 1]]])
    codes, ends, counts = coded(maps)
    assert codes[:, 0].tolist() == [[0, 127, 254], [0, 32, 254], [0, 0, 0], [0, 127, 191]]
    assert ends.tolist() == [[-4, 0, 0, -2], [4, 8, 0, 1]]
    assert counts.tolist() == [[0, 0, 0, 0], [2, 2, 0, 2]]


def test_what_is_not_finite_has_a_code_of_its_own_and_is_counted():
    maps = float32(random.normal(size=(3, 4, 5)))
    maps[0, 1, 2], maps[0, 0, 0], maps[1, 3, 4] = np.nan, np.inf, -np.inf
    maps[2] = np.nan
    codes, ends, counts = coded(maps)
    assert ((codes == NOT_FINITE) == ~np.isfinite(maps)).all()
    assert counts[0].tolist() == [2, 1, 20]
    for channel in (0, 1):
        finite = np.where(np.isfinite(maps[channel]), maps[channel], -np.inf)
        assert counts[1, channel] == finite.argmax()
        assert ends[1, channel] == finite.max()
        assert ends[0, channel] == maps[channel][np.isfinite(maps[channel])].min()
    assert (ends[0, 2], ends[1, 2]) == (np.inf, -np.inf)


def test_only_large_maps_are_coded_and_never_a_vector():
    side = LARGE_BYTES // 4
    assert not is_large(np.zeros((1, 1, side), np.float32))
    assert is_large(np.zeros((1, 1, side + 1), np.float32))
    assert not is_large(np.zeros(side + 1, np.float32))
    assert not is_large(None)


@pytest.fixture
def large():
    """A microscope whose first maps are 8 of 128×128."""
    torch.manual_seed(0)
    images = cw.ImageSet.from_arrays(
        random.integers(0, 256, (4, 128, 128), dtype=np.uint8), [0] * 4
    )
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), *head)
    return cw.Microscope(model, images)


def test_large_maps_travel_in_a_byte_a_value_with_the_selected_channel_exact(page, large):
    cw.FeatureMaps(large)
    large.channel = 3
    page.clear()
    large.index = 2
    (sent,) = page.updates()
    maps = large.maps()
    wire = sent["maps"]
    codes, ends, counts = coded(maps)
    assert bytes(wire["data"]) == codes.tobytes()
    assert wire["dtype"] == "uint8"
    assert tuple(wire["shape"]) == maps.shape
    assert wire["coded"]["channel"] == 3
    assert bytes(wire["coded"]["values"]["data"]) == maps[3].tobytes()
    assert bytes(wire["coded"]["ends"]["data"]) == ends.tobytes()
    assert bytes(wire["coded"]["counts"]["data"]) == counts.tobytes()
    assert (large._stage.maps == maps).all(), "in Python the maps stay what the hook stored"


def test_a_page_gets_the_exact_values_of_a_channel_that_it_asks_for(page, large):
    cw.FeatureMaps(large)
    stage = large._stage
    number = stage.get_state("maps")["maps"]["coded"]["number"]
    page.clear()
    stage._handle_custom_msg({"want": "values", "number": number, "channel": 5}, [])
    ((content, buffers),) = page.replies()
    assert content == {"number": number, "channel": 5}
    assert bytes(buffers[0]) == large.maps()[5].tobytes()


def test_maps_that_have_been_replaced_are_not_answered_for(page, large):
    cw.FeatureMaps(large)
    stage = large._stage
    number = stage.get_state("maps")["maps"]["coded"]["number"]
    large.index = 1
    page.clear()
    stage._handle_custom_msg({"want": "values", "number": number, "channel": 5}, [])
    assert page.messages == []
    assert stage.get_state("maps")["maps"]["coded"]["number"] != number


@pytest.mark.parametrize(
    "asked",
    [None, 7, {}, {"want": "all"}, {"want": "values", "number": 1}]
    + [{"want": "values", "number": 1, "channel": channel} for channel in (-1, 8, 1.5, True, "0")],
)
def test_a_page_that_asks_for_what_is_not_there_is_told_so(page, large, asked):
    cw.FeatureMaps(large)
    large._stage._handle_custom_msg(asked, [])
    assert page.replies() == []
    assert large._stage.error
