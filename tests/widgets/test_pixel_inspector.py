"""PixelInspector: what a page is told equals the explanation, whatever is looked at."""

import random
import threading

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets.network.reading import unit_of
from cnnwidgets.widgets.inspected import MOST_CELLS, maps_shape
from cnnwidgets.workbench.reach import by_gradient
from tests.servers import eventually

FLOAT32 = {"rtol": 1e-6, "atol": 1e-7}  # explained in float64, sent in float32


class Odd(nn.Module):
    """A little of everything, with a sum of two ways in the middle."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 6, 3, stride=2, dilation=2, padding=2)
        self.norm = nn.BatchNorm2d(6)
        self.act = nn.LeakyReLU(0.1)
        self.grouped = nn.Conv2d(6, 6, 3, padding=1, groups=3, bias=False, padding_mode="reflect")
        self.mean = nn.AvgPool2d(2)
        self.most = nn.MaxPool2d(3, stride=2, padding=1)
        self.hidden = nn.Linear(6 * 4 * 4, 30)
        self.shift = nn.LayerNorm(30)
        self.scores = nn.Linear(30, 10)
        self.share = nn.Softmax(1)

    def forward(self, x):
        x = self.act(self.norm(self.wide(x)))
        x = self.most(self.mean(x + self.grouped(x)))
        return self.share(self.scores(self.shift(self.hidden(x.flatten(1)))))


@pytest.fixture(scope="module")
def odd(shipped):
    torch.manual_seed(3)
    model = Odd()
    model.norm.running_mean.normal_()
    model.norm.running_var.uniform_(0.5, 2)
    return cw.Microscope(model, shipped[2])


def look_at(scope, layer, channel, pixel):
    with scope.hold_trait_notifications():
        scope.layer, scope.channel, scope.pixel = layer, channel, pixel


def places_of(scope, chance, each=4):
    """Some units of every layer, corners among them."""
    for layer in scope.layers:
        shape = scope.maps(layer.name).shape
        for at in range(each):
            unit = [0 if at == 0 else chance.randrange(size) for size in shape]
            yield layer.name, unit[0], tuple(unit[1:]) or None


def equals_explanation(view, scope):
    """Every number that the view holds is one of scope.explain()."""
    found = scope.explain(unit=(scope.channel, *(scope.pixel or ())))
    terms = found.terms
    assert (view.of, view.kind, view.rule, view.note) == (
        found.layer, found.kind, found.rule, found.note,
    )  # fmt: skip
    assert (view.problem, view.operation) == ("", terms.operation)
    assert view.source_layer == (found.source or "")
    assert view.unit == list(found.unit)
    assert view.matches == found.matches
    np.testing.assert_allclose(
        view.values, [terms.bias, terms.result, found.stored, found.difference], **FLOAT32
    )
    rank = {channel: at for at, channel in enumerate(view.contributors.tolist())}
    order = [rank[channel] for channel in terms.channels.tolist()]
    for name in ("patch", "weights", "products"):
        mine, theirs = getattr(view, name), getattr(terms, name)
        assert (mine is None) == (theirs is None), name
        if theirs is not None:
            np.testing.assert_allclose(mine[order], theirs, **FLOAT32)
    assert (view.cells[order] == terms.cells + 1).all()
    assert (view.padding == found.padding).all()
    if terms.products is not None:
        np.testing.assert_allclose(view.sums[order], found.sums, **FLOAT32)
        assert (np.diff(np.abs(view.sums)) <= 0).all(), "the largest first"
        np.testing.assert_allclose(view.running[-1], found.sums.sum(), rtol=1e-5, atol=1e-6)
    if terms.winner is not None:
        assert view.chosen[1:] == list(terms.winner[1:])
        assert view.contributors[view.chosen[0]] == terms.channels[terms.winner[0]]
    field = scope.receptive_field(unit=found.unit)
    box = field.box
    eventually(lambda: view.field_method != "sought", "the field is found")
    assert view.field == [box.row, box.row_stop, box.column, box.column_stop]
    seen = np.zeros_like(field.mask)
    seen[box.slices] = True
    np.testing.assert_array_equal(seen if view.field_mask is None else view.field_mask, field.mask)
    assert (view.field_method, view.field_note) == (field.method, field.note)


@pytest.mark.parametrize("name", ["scope", "odd"])
def test_every_number_is_that_of_the_explanation_in_every_layer(request, page, name):
    scope = request.getfixturevalue(name)
    view = cw.PixelInspector(scope)
    operations = set()
    for place in places_of(scope, random.Random(5)):
        look_at(scope, *place)
        equals_explanation(view, scope)
        operations.add(view.operation)
    wanted = {"sum", "maximum", "function"}
    assert operations == (wanted if name == "scope" else wanted | {"gradient", "share"})


def test_the_arithmetic_does_not_wait_for_a_field_that_takes_long(page, odd, monkeypatch):
    may_go_on, asked = threading.Event(), []

    def slow(scope, run, found):
        asked.append(found.unit)
        assert may_go_on.wait(20)
        return by_gradient(scope, run, found)

    monkeypatch.setattr("cnnwidgets.workbench.reach.by_gradient", slow)
    view = cw.PixelInspector(odd)
    look_at(odd, "mean", 2, (3, 3))
    eventually(lambda: asked, "a thread looks for the field")
    for pixel in ((3, 4), (3, 5), (3, 6)):
        look_at(odd, "mean", 2, pixel)
        assert (view.unit, view.matches) == ([2, *pixel], True)
        assert (view.field, view.field_method) == ([], "sought")
    may_go_on.set()
    eventually(lambda: view.field_method == "gradient", "the field is found")
    equals_explanation(view, odd)
    assert asked == [(2, 3, 3), (2, 3, 6)], "those passed by are not looked for"
    look_at(odd, "mean", 2, (3, 3))
    assert view.field_method == "gradient", "what was found is remembered"
    equals_explanation(view, odd)


def test_a_cell_leads_to_the_unit_that_it_came_from(page, scope):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (0, 9))
    found = scope.explain()
    assert view.leads
    for rank in (0, 3):
        for row in range(5):
            for column in range(5):
                channel = int(np.flatnonzero(found.terms.channels == view.contributors[rank])[0])
                unit = found.unit_at(channel, row, column)
                cell = int(view.cells[rank, row, column])
                assert (cell == 0) == (unit is None) == bool(view.padding[row, column])
                if unit is not None:
                    assert tuple(np.unravel_index(cell - 1, view.source_shape)) == unit
                    assert scope.maps("pool1")[unit] == view.patch[rank, row, column]


def test_it_follows_edits_and_steps(page, scope):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (6, 9))
    scope.edits = (cw.Scale("conv2", 5, 0.5),)
    equals_explanation(view, scope)
    assert len(view.changes) == 1
    assert "Scale" in view.changes[0]
    np.testing.assert_allclose(view.change_values, [view.values[1] / 2], rtol=1e-6)
    np.testing.assert_allclose(view.values[2], scope.maps()[5, 6, 9])
    before = view.weights
    scope.edits = ()
    scope.step = scope.history.steps[0]
    assert not np.array_equal(view.weights, before)
    equals_explanation(view, scope)


def test_without_a_pixel_nothing_is_explained(page, scope):
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, None)
    assert (view.of, view.problem, view.patch, view.field) == ("", "", None, [])
    scope.layer = "fc"
    assert view.unit == [5]


class Two(nn.Module):
    def forward(self, x, y):
        return x * (y > 0)


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = Two()
        self.last = nn.Flatten()

    def forward(self, x):
        return self.last(self.gate(x, x))


def test_a_layer_that_cannot_be_explained_says_why_and_the_next_one_is(page, shipped):
    scope = cw.Microscope(TwoInputs(), shipped[2])
    view = cw.PixelInspector(scope)
    look_at(scope, "gate", 0, (14, 14))
    assert view.of == ""
    assert view.patch is None
    assert view.problem.startswith("'gate' (")  # the words alone, not the name of an exception
    assert "several tensors" in view.problem
    look_at(scope, "last", 400, None)
    assert (view.problem, view.of, view.operation) == ("", "last", "copy")


def test_of_a_large_layer_the_last_contributors_numbers_stay_here(page, shipped):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 100, 3), nn.Flatten(), nn.Linear(100 * 26 * 26, 2))
    scope = cw.Microscope(model, shipped[2])
    view = cw.PixelInspector(scope)
    look_at(scope, "2", 1, None)
    assert view.patch.size <= MOST_CELLS < 100 * 26 * 26
    assert len(view.sums) == len(view.contributors) == 100
    np.testing.assert_allclose(view.running[-1] + view.values[0], view.values[2], rtol=1e-3)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (5, 6), (2, 3, 4, 5)])
def test_a_place_of_the_maps_is_a_unit_of_any_shape(shape):
    made = np.arange(np.prod(shape)).reshape(shape)
    maps = made.reshape(maps_shape(shape))
    for channel in range(len(maps)):
        for pixel in [None] if maps.ndim == 1 else np.ndindex(*maps.shape[1:]):
            assert made[unit_of(channel, pixel, shape)] == maps[(channel, *(pixel or ()))]


def test_a_number_of_the_image_is_left_when_a_smaller_image_lacks_it(page):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = cw.ImageSet.from_arrays(np.full((3, 12, 12), 7, np.uint8), [0, 1, 2])
    scope = cw.Microscope(model, images)
    scope.layer, scope.pixel = "0", (2, 2)
    inspector = cw.PixelInspector(scope)
    inspector.input_cell = (0, 2, 11)
    scope.image = np.full((12, 12), 9, np.uint8)
    assert inspector.input_cell == (0, 2, 11)
    assert inspector.input_values[0] == 9
    scope.image = np.zeros((8, 8), np.uint8)
    assert scope.image.shape == (1, 8, 8)
    assert (inspector.input_cell, inspector.input_values) == (None, None)


def test_it_needs_a_microscope():
    with pytest.raises(
        TypeError, match="PixelInspector shows a Microscope, and was given None; make one"
    ):
        cw.PixelInspector(None)
    with pytest.raises(TypeError, match="shows a Microscope, and was given a list"):
        cw.PixelInspector([])


def test_closed_it_no_longer_follows(page, scope):
    other = cw.PixelInspector(scope)
    view = cw.PixelInspector(scope)
    look_at(scope, "conv2", 5, (6, 9))
    view.close()
    scope.pixel = (1, 1)
    assert (view.unit, other.unit) == ([5, 6, 9], [5, 1, 1])
