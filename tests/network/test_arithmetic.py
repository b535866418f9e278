"""What explain tells of a value, by hand and in words."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import cnnwidgets as cw
from cnnwidgets.network.arithmetic import explain, explained
from cnnwidgets.network.editing import edits_on
from cnnwidgets.network.edits import Scale
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.probe import Probe
from tests.network.samples import Best


def image_of(*shape):
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))


class Functional(nn.Module):
    """Its ReLU and its flattening are no layers; `norm` runs twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.norm(self.conv(x))))
        return self.fc(self.pool(x).flatten(1))


def test_a_convolution_by_hand():
    model = nn.Sequential(nn.Conv2d(1, 1, 2, padding=1))
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        model[0].bias[:] = 10
    found = explain(model, torch.tensor([[[5.0, 6.0], [7.0, 8.0]]]), "0", (0, 0, 1))
    assert found.terms.patch.tolist() == [[[0, 0], [5, 6]]]
    assert found.terms.products.tolist() == [[[0, 0], [15, 24]]]
    assert (found.sums.tolist(), found.terms.bias, found.result) == ([39], 10, 49)
    assert found.terms.rows.tolist() == [-1, 0]
    assert found.terms.columns.tolist() == [0, 1]
    assert found.padding.tolist() == [[True, True], [False, False]]
    assert (found.stored, found.difference, found.matches) == (49, 0, True)
    assert (found.unit_at(0, 0, 0), found.unit_at(0, 1, 1)) == (None, (0, 0, 1))
    assert (found.kind, found.rule) == ("Conv2d", "2×2, padding 1")


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 2, "stride": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        {"kernel_size": (3, 1), "stride": 1, "padding": (1, 0), "bias": False},
        {"kernel_size": 3, "stride": 3, "dilation": 2, "output_padding": 1},
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 4, "stride": (2, 3), "padding": (3, 0), "groups": 2},
    ],
    ids=str,
)
def test_a_transposed_convolution_is_the_sum_that_its_gradient_tells(settings):
    torch.manual_seed(0)
    model = nn.Sequential(nn.ConvTranspose2d(4, 6, **settings))
    image = image_of(4, 3, 4)
    run = (probe := Probe(model)).run(image)
    for unit in np.ndindex(*run["0"].shape[1:]):
        found = explained(probe, run, "0", unit)
        assert (found.method, found.terms.operation, found.note) == ("terms", "sum", "")
        assert found.matches
        leaf = image.clone().requires_grad_()
        model(leaf)[0][unit].backward()
        weights = np.zeros((4, 3, 4), np.float32)
        for place in np.ndindex(found.terms.weights.shape):
            weights[found.unit_at(*place)] = found.terms.weights[place]
        np.testing.assert_array_equal(weights, leaf.grad[0])
        box = found.terms
        assert [*box.patch.shape] == [len(box.channels), len(box.rows), len(box.columns)]
        np.testing.assert_array_equal(
            box.patch, image[0].numpy()[np.ix_(box.channels, box.rows, box.columns)]
        )


def test_reflected_padding_names_the_pixel_it_shows():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))
    found = explain(model, torch.arange(9.0).reshape(1, 3, 3), "0", (0, 0, 0))
    assert found.terms.patch.tolist() == [[[4, 3, 4], [1, 0, 1], [4, 3, 4]]]
    assert found.unit_at(0, 0, 0) == (0, 1, 1)
    assert found.padding.tolist() == [[True] * 3, [True, False, False], [True, False, False]]


def test_the_shipped_network_is_explained_from_its_score_back_to_the_image():
    model = DigitCNN()
    run = (probe := Probe(model)).run(image_of(1, 28, 28))
    seen, layer, unit = [], "fc", 3
    while layer != "input":
        found = explained(probe, run, layer, unit)
        assert found.matches
        assert found.note == ""
        seen.append(layer)
        sizes = found.terms.patch if found.terms.products is None else np.abs(found.terms.products)
        place = np.unravel_index(np.argmax(sizes), sizes.shape)
        value = found.terms.patch[place]
        layer, unit = found.source, found.unit_at(*place)
        assert float((run.input if layer == "input" else run[layer])[0][unit]) == value
    assert seen == ["fc", "pool2", "relu2", "conv2", "pool1", "relu1", "conv1"]


def test_a_linear_layer_reads_its_flattened_maps_as_maps():
    model = DigitCNN()
    found = explain(model, image_of(1, 28, 28), "fc", 3)
    assert found.terms.patch.shape == (16, 7, 7)
    assert found.sums.shape == (16,)
    assert found.unit_at(5, 1, 2) == (5, 1, 2)


def test_a_linear_layer_reads_its_maps_through_flatten_and_dropout():
    model = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.Linear(12, 2), nn.Linear(2, 2))
    image = image_of(3, 2, 2)
    run = (probe := Probe(model)).run(image)
    for found in (explain(model, image, "3", 1), explained(probe, run, "3", 1)):
        assert (found.source, found.terms.patch.shape) == ("0", (3, 2, 2))
        assert found.unit_at(1, 1, 1) == (1, 1, 1)
    assert explained(probe, run, "4", 1).source == "3"
    back = explained(probe, run, "2", 7)
    assert (back.terms.operation, back.source, back.unit_at(0)) == ("copy", "1", (7,))
    flat = explained(probe, run, "1", 7)
    assert (flat.terms.operation, flat.source, flat.unit_at(0)) == ("copy", "0", (1, 1, 1))


def test_a_linear_layer_does_not_read_through_a_flatten_whose_result_is_edited():
    model = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    edits = [Scale("1", 7, 5)]
    with edits_on(model, edits):
        probe = Probe(model)
        found = explained(probe, probe.run(image_of(3, 2, 2).abs()), "2", 1, edits)
    assert (found.source, found.matches) == ("1", True)


def test_a_run_that_was_made_is_explained_without_another():
    model = DigitCNN()
    probe = Probe(model)
    run = probe.run(image_of(1, 28, 28))
    probe.run = None
    assert explained(probe, run, "conv2", (5, 6, 9)).matches


def test_what_the_model_did_outside_its_layers_is_said_and_its_result_still_explained():
    model = Functional().eval()
    run = (probe := Probe(model)).run(image_of(1, 6, 6))
    found = explained(probe, run, "pool", (1, 0, 1))
    assert found.matches
    assert found.source is None
    assert found.terms.patch.min() >= 0
    assert found.note == "its input is no layer's result: the model made it outside its layers"


def test_each_call_of_a_layer_that_runs_twice_is_explained_by_its_own_name():
    model = Functional().eval()
    model.norm.running_mean += 1
    first, second = (explain(model, image_of(1, 6, 6), name, (0, 1, 1)) for name in CALLS)
    assert (first.source, second.source) == ("conv", "norm")
    assert first.result == pytest.approx(float(second.terms.patch[0, 0, 0]), rel=1e-6)
    assert second.matches
    assert second.note == "'norm' runs 2 times for an image, and this is call 2"


CALLS = ("norm", "norm:2")


@pytest.mark.parametrize(
    ("module", "unit"),
    [
        (nn.GroupNorm(1, 2), (1, 2, 3)),
        (nn.BatchNorm2d(2, track_running_stats=False), (0, 0, 0)),
        (nn.LPPool2d(2, 2), (0, 1, 1)),
        (nn.UpsamplingNearest2d(scale_factor=2), (1, 3, 3)),
    ],
)
def test_a_layer_that_is_not_taken_apart_says_so_and_shows_its_gradient(module, unit):
    image = image_of(2, 5, 5)
    found = explain(nn.Sequential(module), image, "0", unit)
    kind = type(module).__name__
    assert found.method == found.terms.operation == "gradient"
    assert found.note == f"{kind} is not taken apart here; the weights are the gradient"
    leaf = image.clone().requires_grad_()
    module.eval()(leaf)[0][unit].backward()
    gradient = np.zeros((2, 5, 5), np.float32)
    for place in np.ndindex(found.terms.weights.shape):
        gradient[found.unit_at(*place)] = found.terms.weights[place]
    np.testing.assert_allclose(gradient, leaf.grad[0], rtol=1e-6)


class Padded(nn.Conv2d):
    """Pads by itself, as some libraries' layers do."""

    def forward(self, x):
        return super().forward(F.pad(x, (1, 1, 1, 1), value=2.0))


def test_a_subclass_with_a_forward_of_its_own_is_not_taken_for_its_base():
    found = explain(nn.Sequential(Padded(1, 1, 3)), image_of(1, 4, 4), "0", (0, 0, 0))
    assert found.method == "gradient"


def test_parametrized_weights_are_those_that_were_used():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 2, 3)))
    assert explain(model, image_of(1, 5, 5), "0", (1, 2, 2)).matches


def test_a_hook_of_others_that_changes_the_result_is_seen_as_a_difference():
    model = nn.Sequential(nn.ReLU())
    model[0].register_forward_hook(lambda module, args, result: result + 1)
    found = explain(model, torch.zeros(1, 2, 2), "0", (0, 0, 0))
    assert (found.result, found.stored, found.difference, found.matches) == (0, 1, -1, False)


def test_explaining_changes_nothing():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.5), nn.GroupNorm(1, 2)).train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    random = torch.get_rng_state()
    for name in ("0", "1", "2"):
        explain(model, image_of(1, 5, 5), name, (1, 2, 2))
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(each.grad is None for each in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model)


def test_arrays_of_a_record_cannot_be_written():
    found = explain(nn.Sequential(nn.Conv2d(1, 2, 3)), image_of(1, 5, 5), "0", (1, 2, 2))
    for array in (found.terms.patch, found.terms.weights, found.terms.products, found.terms.cells):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_infinite_and_undefined_numbers_match_themselves():
    image = torch.tensor([[[torch.inf, torch.nan]]])
    model = nn.Sequential(nn.Identity(), nn.MaxPool2d((1, 2)))
    assert explain(model, image, "0", (0, 0, 0)).matches
    found = explain(model, image, "1", (0, 0, 0))
    assert np.isnan(found.result)
    assert np.isnan(found.stored)
    assert found.matches


def test_a_uint8_picture_is_normalised_as_the_microscope_does_it():
    model, images = DigitCNN(), cw.load("mnist")
    found = explain(model, images.images[7], "conv2", (5, 6, 9), images=images)
    scope = cw.Microscope(model, images)
    scope.index = 7
    assert found.stored == float(scope.maps("conv2")[5, 6, 9])
    with pytest.raises(ValueError, match="how to normalise them is not known: give their ImageSet"):
        explain(model, images.images[7], "conv2", (5, 6, 9))
    with pytest.raises(ValueError, match="give one image"):
        explain(model, images.normalize(images.images[:2]), "conv2", (5, 6, 9))
    with pytest.raises(TypeError, match="must be a tensor or a numpy array, not a str"):
        explain(model, "7", "conv2", (5, 6, 9))


def test_whole_numbers_are_explained_to_the_unit():
    found = explain(Best(), image_of(1, 6, 6), "whole", (1, 2))
    assert found.matches
    assert found.tolerance == explain(Best(), image_of(1, 6, 6), "real", (1, 2)).tolerance


def test_a_model_in_bfloat16_matches_as_far_as_it_counts():
    model = DigitCNN().bfloat16()
    found = explain(model, image_of(1, 28, 28), "conv2", (5, 6, 9))
    assert found.matches
    assert found.tolerance == pytest.approx(0.03125)
