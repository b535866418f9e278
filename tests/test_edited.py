"""A microscope over an edited slide: what follows is what the same change by hand gives."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

import cnnwidgets as cw


@pytest.fixture(scope="module")
def recorded():
    return cw.pretrained()


@pytest.fixture
def scope(recorded):
    model, history = recorded
    return cw.Microscope(model, cw.load("mnist"), history=history)


def by_hand(scope, change):
    """The logits of a copy of the network after `change(model)`."""
    model = cw.DigitCNN().eval()
    model.load_state_dict(scope.history.at(scope.step).weights)
    with torch.no_grad():
        change(model)
        return model(torch.from_numpy(scope.images.normalize(scope.image[None])))[0].numpy()


def test_a_kernel_and_a_silent_channel_change_all_that_follows(scope):
    before = {layer.name: scope.maps(layer.name) for layer in scope.layers}
    kernel = np.full((5, 5), 0.1, np.float32)
    scope.edits = (cw.SetKernel("conv1", 2, 0, kernel), cw.Ablate("conv2", 3))

    def change(model):
        model.conv1.weight[2, 0] = torch.from_numpy(kernel)
        model.conv2.register_forward_hook(lambda _m, _i, out: out.index_fill(1, torch.tensor(3), 0))

    np.testing.assert_array_equal(scope.prediction.logits, by_hand(scope, change))
    assert not scope.maps("conv2")[3].any()
    np.testing.assert_array_equal(scope.kernels("conv1").weights[2, 0], kernel)
    scope.edits = ()
    for name, maps in before.items():
        np.testing.assert_array_equal(scope.maps(name), maps)


def test_edits_stay_when_the_image_and_the_step_change(scope):
    scope.edits = (cw.Ablate("conv1", 0),)
    scope.index, scope.step = 5, 100
    assert not scope.maps("conv1")[0].any()


def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(scope):
    before = scope.prediction
    with pytest.raises(TraitError, match="conv9"):
        scope.edits = (cw.Ablate("conv9", 0),)
    with pytest.raises(TraitError, match="99"):
        scope.edits = (cw.Ablate("conv1", 99),)
    with pytest.raises(TraitError):
        scope.edits = ("silence",)
    assert scope.edits == ()
    assert scope.prediction is before


@pytest.mark.parametrize("value", [None, cw.Ablate("conv1", 0), "conv1"], ids=str)
def test_edits_that_are_no_tuple_are_refused_and_the_next_selection_is_taken(scope, value):
    with pytest.raises(TraitError, match=r"edits \(=.*must be a tuple, such as"):
        scope.edits = value
    assert scope.edits == ()
    scope.layer = "conv2"
    assert scope.layer == "conv2"


def test_the_reading_of_the_whole_set_is_of_the_edited_network(scope):
    plain = scope.predicted()
    scope.edits = tuple(cw.Ablate("conv2", channel) for channel in range(12))
    assert (scope.predicted() != plain).mean() > 0.1
    scope.edits = ()
    np.testing.assert_array_equal(scope.predicted(), plain)


def test_a_value_is_explained_as_the_hook_stored_it(scope):
    scope.layer, scope.channel, scope.pixel = "conv2", 5, (6, 9)
    found = scope.explain()
    assert found.matches
    assert found.stored == pytest.approx(scope.maps()[5, 6, 9], rel=1e-6)
    scope.edits = (cw.Scale("conv2", 5, 0.5),)
    half = scope.explain()
    assert half.matches
    assert half.stored == pytest.approx(found.stored / 2, rel=1e-6)
    assert scope.explain("fc", (3,)).stored == pytest.approx(scope.prediction.logits[3], rel=1e-6)


def test_the_receptive_field_is_that_of_the_selected_unit(scope):
    scope.layer, scope.channel, scope.pixel = "conv2", 5, (6, 9)
    field = scope.receptive_field()
    expected = cw.receptive_field(cw.DigitCNN(), "conv2", (5, 6, 9))
    assert field.box == expected.box
    np.testing.assert_array_equal(field.mask, expected.mask)


def test_the_users_model_is_never_touched(recorded, scope):
    model, _ = recorded
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scope.edits = (cw.SetBias("conv1", 0, 9.0), cw.AddNoise("conv2", 1.0))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
