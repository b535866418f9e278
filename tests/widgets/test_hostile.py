"""A page that lies: mutated messages to every widget of a dashboard change nothing by accident."""

import copy
import random
import tracemalloc

import numpy as np
import pytest

import cnnwidgets as cw

MESSAGES = 20_000
SEED = 20261
MEASURED = range(500, 4500)  # by the 500th message all that is built once has been built
GROWTH_BYTES = 4_000_000  # a kB or two a message; a run of the network or a picture is far more
ODD = (
    None, True, False, 0, 1, -1, 0.5, -0.0, 7, 8, 199, 200, 2**31, -(2**63), 10**400,
    float("nan"), float("inf"), "", "conv2", "conv9", "é\0\ud800", "x" * 5000, [], {}, [0], [0, 0],
    [1, 2, 3], [-1, 0], ["0", "1"], [None, None], [[0, 0]], {"a": 1}, {"shape": [1]}, b"",
    b"\x00" * 9, "IPY_MODEL_nobody", "__class__", "scope",
)  # fmt: skip


def wire(shape, dtype="uint8", data=None):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return {"shape": list(shape), "dtype": dtype, "data": bytes(size) if data is None else data}


def valid_messages(scope, dashboard):
    """For each widget the states and the requests that an honest page sends."""
    steps = scope.history.steps
    ink = wire(dashboard.pad.ink_shape)
    states = {
        scope._stage: [
            {"index": 3}, {"layer": "conv2"}, {"channel": 2}, {"pixel": [1, 2]}, {"pixel": None},
            {"step": steps[4]}, {"layer": "conv2", "channel": 12, "pixel": [1, 2]},
        ],
        dashboard: [{"input": "draw"}, {"input": "pick"}, {"view": "train"}],
        dashboard.picker: [{"index": 7}, {"only": 3}, {"only": None}, {"seed": 5}, {"seed": 0}],
        dashboard.pad: [{"ink": ink}, {"centre": False}, {"centre": True}],
        dashboard.layers: [{"layer": "relu1"}],
        dashboard.maps: [{"scale": "channel"}, {"colormap": "grey"}, {"zoom": 2}],
        dashboard.time: [{"step": steps[0]}, {"step": steps[-1]}],
        dashboard.slider: [{"channel": 1}],
        dashboard.enlarged: [{"view": "one"}, {"pixel": [0, 0]}],
        dashboard.filters: [{"view": "all"}],
        dashboard.prediction: [{}],
    }  # fmt: skip
    requests = {
        dashboard.picker: [{"start": 0, "stop": 64, "version": dashboard.picker.version}],
        dashboard.pad: [{"do": "draw"}, {"do": "over"}, {"do": "upload"}],
    }
    return states, requests


def mutated(value, chance):
    """A value with one place changed: replaced, removed, added, nested, or its bytes cut."""
    if isinstance(value, dict) and value and chance.random() < 0.7:
        changed = dict(value)
        name = chance.choice(list(changed))
        act = chance.random()
        if act < 0.15:
            del changed[name]
        elif act < 0.3:
            changed[chance.choice(("error", "stage", "maps", "_esm", "layout", "nonsense", 7))] = (
                chance.choice(ODD)
            )
        else:
            changed[name] = mutated(changed[name], chance)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.6:
        changed = list(value)
        place = chance.randrange(len(changed))
        changed[place] = mutated(changed[place], chance)
        return changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.2 else changed
    if isinstance(value, bytes) and value and chance.random() < 0.7:
        return value[: chance.randrange(len(value))] if chance.random() < 0.5 else value + b"\x01"
    if type(value) is int and chance.random() < 0.5:
        return value + chance.choice((-1, 1, 2**16, -(2**40)))
    return copy.copy(chance.choice(ODD))


def check_growth(number, measured):
    """Called after each message: fails if those of a range leave more than GROWTH_BYTES behind."""
    if number == measured.start:
        tracemalloc.start()
    if number == measured.stop:
        grown, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert grown < GROWTH_BYTES


def consistent(scope, dashboard):
    """Whether scope, stage and views say the same, and what they say can be."""
    stage = scope._stage
    assert stage is not None
    for name in ("index", "layer", "channel", "pixel", "step"):
        for view in (stage, *stage.views):
            if view.has_trait(name):
                assert getattr(view, name) == getattr(scope, name), (view, name)
    assert scope.layer in {layer.name for layer in scope.layers}
    maps = scope.maps()
    assert 0 <= scope.channel < len(maps)
    assert scope.step in scope.history.steps
    assert (stage.maps == maps).all()
    assert np.array_equal(stage.image, scope.image)
    if scope.index is not None:
        assert np.array_equal(scope.image, scope.images.images[scope.index])
    assert len(stage.views) == 9
    assert dashboard.pad.ink.shape == dashboard.pad.ink_shape
    assert dashboard.maps.colormap == dashboard.enlarged.colormap
    for view in (stage, *stage.views):
        assert len(view.error) <= 403, view


@pytest.fixture
def dashboard(page, scope):
    return cw.Dashboard(scope)


def test_twenty_thousand_mutated_messages_lose_nothing(page, scope, dashboard):
    chance = random.Random(SEED)
    states, requests = valid_messages(scope, dashboard)
    honest = [(page.write, widget, each) for widget, all_ in states.items() for each in all_]
    asked = [(page.ask, widget, each) for widget, all_ in requests.items() for each in all_]
    refused = 0
    for number in range(MESSAGES):
        send, widget, message = chance.choice(honest if number % 4 else asked)
        send(widget, mutated(message, chance))
        refused += bool(widget.error)
        page.clear()
        check_growth(number, MEASURED)
        if number % 500 == 0:
            consistent(scope, dashboard)
    consistent(scope, dashboard)
    assert MESSAGES / 3 < refused < MESSAGES
    answers(page, scope, dashboard)


def answers(page, scope, dashboard):
    """The next valid message of each kind does what it says."""
    picked = {"index": 9}
    page.write(dashboard.picker, picked)
    page.write(scope._stage, {"layer": "conv2"})
    page.write(scope._stage, {"channel": 12, "pixel": [1, 2]})
    assert (scope.index, scope.layer, scope.channel, scope.pixel) == (9, "conv2", 12, (1, 2))
    page.write(dashboard.time, {"step": scope.history.steps[0]})
    assert scope.step == scope.history.steps[0]
    page.write(dashboard, {"input": "draw"})
    assert dashboard.input == "draw"
    ink = np.zeros(dashboard.pad.ink_shape, np.uint8)
    ink[:, 40:100, 60:80] = 255
    page.write(dashboard.pad, {"ink": wire(ink.shape, data=ink.tobytes())})
    page.ask(dashboard.pad, {"do": "draw"})
    assert (dashboard.pad.origin, scope.index) == ("drawing", None)
    assert scope.image.max() > 200
    for widget in (scope._stage, dashboard, dashboard.picker, dashboard.time, dashboard.pad):
        assert widget.error == "", widget
    consistent(scope, dashboard)
