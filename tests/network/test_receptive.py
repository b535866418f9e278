"""What receptive_field tells, by hand and in words."""

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.receptive import Box, receptive_field
from tests.network.samples import Best


def test_the_fields_of_the_shipped_network_on_the_way_to_the_image():
    found = receptive_field(DigitCNN(), "conv2", (5, 6, 9))
    boxes = {region.layer: region.box for region in found.regions}
    assert boxes == {
        "conv2": Box(6, 7, 9, 10),
        "pool1": Box(4, 9, 7, 12),
        "relu1": Box(8, 18, 14, 24),
        "conv1": Box(8, 18, 14, 24),
        "input": Box(6, 20, 12, 26),
    }
    assert found.method == "walked"
    assert found.mask.shape == (28, 28)
    assert found.mask[found.box.slices].all()
    assert found.mask.sum() == 14 * 14


def test_a_field_is_clipped_to_the_image():
    assert receptive_field(DigitCNN(), "conv2", (0, 0, 13)).box == Box(0, 8, 20, 28)


def test_a_dilated_field_has_holes():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2))
    found = receptive_field(model, "0", (0, 0, 0), (1, 6, 6))
    assert found.box == Box(0, 5, 0, 5)
    assert np.argwhere(found.mask).tolist() == [[r, c] for r in (0, 2, 4) for c in (0, 2, 4)]


def test_a_group_reads_its_own_channels():
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2))
    found = receptive_field(model, "0", (2, 0, 0), torch.zeros(4, 5, 5))
    assert found["input"].units.any((1, 2)).tolist() == [False, False, True, True]


def test_a_unit_that_sees_only_padding_has_an_empty_field():
    model = nn.Sequential(nn.Conv2d(1, 1, 1, padding=1))
    found = receptive_field(model, "0", (0, 0, 0), (1, 4, 4))
    assert found.box == Box(0, 0, 0, 0)
    assert not found.mask.any()


def test_weights_of_zero_still_count():
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    nn.init.zeros_(model[0].weight)
    assert receptive_field(model, "0", (0, 0, 0), (1, 4, 4)).mask.sum() == 9


def test_weights_of_zero_still_count_by_gradient():
    model = Residual()
    nn.init.zeros_(model.conv.weight)
    found = receptive_field(model, "relu", (0, 2, 2), (1, 6, 6))
    assert (found.method, found.mask.sum()) == ("gradient", 9)


def test_a_softmax_reads_every_class():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Softmax(1))
    assert receptive_field(model, "1", (0, 1, 1), (1, 4, 4))["0"].units.sum() == 3


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(x + self.conv(x))


def test_a_residual_sum_is_found_by_gradient_and_said_to_be():
    found = receptive_field(Residual(), "relu", (0, 2, 2), (1, 6, 6))
    assert found.method == "gradient"
    assert found.note == "the model made the input of 'relu' outside its layers"
    assert found.box == Box(1, 4, 1, 4)
    assert [region.layer for region in found.regions] == ["relu", "conv", "input"]
    walked = receptive_field(Residual(), "conv", (0, 2, 2), (1, 6, 6))
    assert walked.method == "walked"


def test_a_layer_that_cannot_be_walked_through_is_named():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.ReLU())
    found = receptive_field(model, "2", (0, 1, 1), (1, 6, 6))
    assert found.note == "'1' (GroupNorm) is no layer that can be walked through"
    assert found.mask.all()


class Gates(nn.Module):
    """A row of gates, each of which multiplies its maps by what it makes of their mean."""

    def __init__(self, count):
        super().__init__()
        self.maps = nn.ModuleList(nn.Conv2d(1, 1, 3, padding=1) for _ in range(count))
        self.gates = nn.ModuleList(nn.Conv2d(1, 1, 1) for _ in range(count))

    def forward(self, x):
        for maps, gate in zip(self.maps, self.gates, strict=True):
            made = maps(x)
            x = made * gate(made).sigmoid()
        return x


def test_a_transposed_convolution_of_the_same_size_is_not_walked_through_number_by_number():
    model = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, padding=1))
    assert receptive_field(model, "0", (0, 2, 2), (1, 5, 5)).box == Box(1, 4, 1, 4)


def test_a_long_row_of_gates_neither_overflows_nor_hides_a_pixel():
    found = receptive_field(Gates(16), "gates.15", (0, 0, 20), (1, 20, 40))
    assert found.method == "gradient"
    assert found.box == Box(0, 17, 4, 37)


def test_a_model_that_cuts_the_gradient_off_says_that_none_comes_through():
    class Cut(Residual):
        def forward(self, x):
            return super().forward(x.detach() * 1)

    with pytest.raises(ValueError, match="no gradient comes from 'relu' to the image"):
        receptive_field(Cut(), "relu", (0, 2, 2), (1, 6, 6))


@pytest.mark.parametrize(
    ("layer", "why"),
    [("whole", "it gives int64 values, which have none"), ("real", "the model cuts it off")],
)
def test_what_is_chosen_by_number_has_no_field_and_says_why(layer, why):
    with pytest.raises(ValueError, match=f"no gradient comes from '{layer}' to the image: {why}"):
        receptive_field(Best(), layer, (1, 2), (1, 6, 6))


def test_the_image_may_be_left_out_only_where_the_model_knows_its_size():
    assert receptive_field(DigitCNN(3, (16, 20)), "fc", 0).mask.shape == (16, 20)
    with pytest.raises(ValueError, match="image is needed, since Residual has no input_shape"):
        receptive_field(Residual(), "relu", (0, 2, 2))


def test_a_picture_of_a_set_is_taken_with_its_set():
    images = cw.load("mnist")
    found = receptive_field(DigitCNN(), "conv1", (0, 5, 5), images.images[0], images=images)
    assert found.box == Box(3, 8, 3, 8)


def test_a_layer_off_the_way_is_a_key_error():
    found = receptive_field(DigitCNN(), "relu1", (0, 5, 5))
    with pytest.raises(KeyError, match="'pool1' is not on the way to 'relu1'"):
        found["pool1"]


def test_looking_for_a_field_changes_nothing():
    model = Residual().train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    random = torch.get_rng_state()
    receptive_field(model, "relu", (0, 2, 2), (1, 6, 6))
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(each.requires_grad and each.grad is None for each in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(module._forward_hooks for module in model.modules())
