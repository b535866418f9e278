"""The walk of one image through all layers, as a figure."""

from collections import OrderedDict

import pytest
from torch import nn

import cnnwidgets as cw
from cnnwidgets import figures
from tests.figures.reading import drawn, shows
from tests.samples import small_set


def test_the_walk_has_every_map_of_every_layer_and_the_prediction(scope):
    sheet = figures.image_through_layers(scope)
    pictures = [axes for axes in sheet.axes if axes.images]
    assert len(pictures) == 1 + 8 + 8 + 8 + 16 + 16 + 16 + 1
    shows(sheet, pictures[1:9], scope.maps("conv1"))
    shows(sheet, pictures[-17:-1], scope.maps("pool2"))
    bars = [bar.get_height() for bar in sheet.axes[-1].patches]
    assert bars == pytest.approx(scope.prediction.probabilities)


def test_the_walk_through_a_deep_network_shows_some_layers_or_those_that_are_named():
    model = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(40)), nn.Flatten(), nn.Linear(64, 3))
    scope = cw.Microscope(model, small_set())
    sheet = figures.image_through_layers(scope)
    shown = [axes.texts[0].get_text() for axes in sheet.axes if axes.texts and not axes.axison]
    assert len(shown) == 1 + 32 + 1
    assert shown[:3] == ["input", "0", "1"]
    assert shown[-2] == "41"
    assert "32 of 42 layers" in sheet.texts[1].get_text()
    sheet = figures.image_through_layers(scope, ["39", "7"])
    pictures = [axes for axes in sheet.axes if axes.images]
    shows(sheet, pictures[1:2], scope.maps("39"))
    shows(sheet, pictures[2:3], scope.maps("7"))
    with pytest.raises(LookupError, match="no layer '77'"):
        figures.image_through_layers(scope, ["77"])


def test_a_long_name_keeps_its_end_and_ends_before_the_maps():
    model = nn.Sequential(OrderedDict({"memory_mammoth_module_1": nn.Conv2d(1, 16, 1)}))
    sheet = figures.image_through_layers(cw.Microscope(model, small_set()))
    drawn(sheet)
    name = sheet.axes[2].texts[0]
    assert name.get_text() == "…oth_module_1"
    assert name.get_window_extent().x1 < sheet.axes[3].get_window_extent().x0
