"""Which weights make a feature map: checked by what the weights give."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import cnnwidgets as cw
from cnnwidgets.network.kernels import kernels_of
from cnnwidgets.network.probe import Probe


def look(model, batch):
    model = model.eval()
    probe = Probe(model)
    run = probe.run(batch)
    return lambda layer: kernels_of(probe, run, layer), run


@pytest.fixture(scope="module")
def digit():
    model, _ = cw.pretrained()
    images = cw.load("mnist")
    return model, *look(model, torch.from_numpy(images.normalize(images.images[:1])))


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1"])
def test_activation_and_pooling_show_the_filters_that_they_work_on(digit, layer):
    model, kernels, _ = digit
    found = kernels(layer)
    assert (found.layer, found.inputs) == ("conv1", "input")
    assert (found.weights == model.conv1.weight.detach().numpy()).all()


def test_kernels_of_a_deeper_layer_name_the_maps_they_read(digit):
    _, kernels, run = digit
    found = kernels("relu2")
    assert (found.layer, found.inputs) == ("conv2", "pool1")
    made = F.conv2d(run["pool1"], torch.tensor(found.weights), padding=2)
    bias = (run["conv2"] - made).flatten(2)
    # One number per filter is left over, the bias; float32 sums of 200 products differ by 1e-5.
    assert float((bias - bias[..., :1]).abs().max()) < 1e-4


def test_templates_of_the_linear_layer_sum_to_the_logits(digit):
    model, kernels, run = digit
    found = kernels("fc")
    assert found.weights.shape == (10, 16, 7, 7)
    assert found.inputs == "pool2"
    sums = (found.weights * run["pool2"][0].numpy()).sum((1, 2, 3)) + model.fc.bias.detach().numpy()
    np.testing.assert_allclose(sums, run["fc"][0].numpy(), atol=1e-4)  # 784 products in float32


def test_a_flatten_module_passes_the_maps_on_to_the_templates():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Dropout(), nn.Linear(72, 3))
    kernels, _ = look(model, torch.randn(1, 1, 8, 8))
    assert kernels("3").inputs == "0"
    assert kernels("3").weights.shape == (3, 2, 6, 6)
    assert kernels("1") is None


def test_a_linear_layer_on_a_vector_has_no_templates():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 3))
    kernels, _ = look(model, torch.randn(1, 1, 8, 8))
    assert kernels("1").inputs == "input"
    assert kernels("3") is None


class Branches(nn.Module):
    """`right` runs after `left`, and reads the image; `sum` reads both."""

    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(1, 1, 3, padding=1)
        self.right = nn.Conv2d(1, 1, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.left(x) + self.right(x))


def test_where_the_order_lies_the_input_is_what_the_layer_was_given():
    kernels, _ = look(Branches(), torch.randn(1, 1, 8, 8))
    assert kernels("left").inputs == "input"
    assert kernels("right").inputs == "input"
    assert kernels("right").weights.shape == (1, 1, 3, 3)
    assert kernels("relu") is None


class Odd(nn.Linear):
    def forward(self, x):
        if x.shape[1] != 3:
            raise KeyError("not mine")
        return super().forward(x)


def test_a_module_that_raises_for_other_maps_is_not_fed_by_them():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 8)
            self.head = Odd(3, 3)

        def forward(self, x):
            self.conv(x)
            return self.head(x[:, 0, 0, :3])

    kernels, _ = look(Model(), torch.randn(1, 1, 8, 8))
    assert kernels("head") is None


class Scaled(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, self.weight / 100, self.bias)


class Plain(nn.Conv2d):
    pass


def test_a_convolution_that_alters_its_weights_has_no_kernels():
    kernels, _ = look(nn.Sequential(Scaled(1, 2, 3), nn.ReLU()), torch.randn(1, 1, 8, 8))
    assert kernels("0") is None
    assert kernels("1") is None
    kernels, _ = look(nn.Sequential(Plain(1, 2, 3), nn.ReLU()), torch.randn(1, 1, 8, 8))
    assert kernels("1").layer == "0"


def test_kernels_do_not_follow_weights_that_change_later():
    model = nn.Conv2d(1, 1, 1)
    kernels, _ = look(model, torch.randn(1, 1, 4, 4))
    found = kernels("(model)")
    before = found.weights.copy()
    with torch.no_grad():
        model.weight.add_(1)
    assert (found.weights == before).all()


def test_half_precision_weights_come_as_float32():
    kernels, _ = look(nn.Conv2d(1, 2, 3).half(), torch.randn(1, 1, 8, 8))
    assert kernels("(model)").weights.dtype == np.float32
    assert kernels("(model)").inputs == "input"


class Worked(nn.Module):
    """Works on its maps outside any layer: `between` tells how, or None."""

    def __init__(self, between):
        super().__init__()
        self.first = nn.Conv2d(1, 2, 3, padding=1)
        self.second = nn.Conv2d(2, 3, 3, padding=1)
        self.between = between

    def forward(self, x):
        return self.second(self.between(self.first(x)))


@pytest.mark.parametrize(
    ("between", "inputs"),
    [
        (lambda maps: maps, "first"),
        (lambda maps: maps.clone(), "first"),
        (lambda maps: maps.flatten(1).view(maps.shape), "first"),
        (lambda maps: maps.transpose(2, 3), None),
        (lambda maps: maps + 1, None),
        (lambda maps: maps.add_(1), None),
        (lambda maps: maps.view(1, 2, 4, 16).repeat(1, 1, 1, 1), None),
        (lambda maps: maps.view(1, 2, 4, 16), None),
    ],
    ids=["same", "copied", "and back", "turned", "shifted", "in place", "copy cut", "cut"],
)
def test_inputs_are_named_only_where_they_are_what_was_given(between, inputs):
    kernels, _ = look(Worked(between), torch.randn(1, 1, 8, 8))
    assert kernels("second").inputs == inputs


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_templates_are_found_in_any_memory_format(memory):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.fc = nn.Linear(4 * 6 * 6, 3)

        def forward(self, x):
            return self.fc(self.conv(x).flatten(1))

    kernels, _ = look(Model().to(memory_format=memory), torch.randn(1, 1, 8, 8))
    assert kernels("fc").inputs == "conv"


def test_a_layer_may_be_called_input():
    model = nn.Sequential()
    model.add_module("input", nn.ReLU())
    model.add_module("conv", nn.Conv2d(1, 2, 3))
    kernels, _ = look(model, torch.randn(1, 1, 8, 8))
    assert kernels("input") is None
    assert kernels("conv").inputs == "input"


def test_a_layer_called_twice_is_fed_by_what_each_call_was_given():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.conv(self.relu(self.conv(x))))

    kernels, _ = look(Twice(), torch.randn(1, 1, 8, 8))
    assert [kernels(call).inputs for call in ("conv", "conv:2")] == ["input", "relu"]
    assert [kernels(call).layer for call in ("relu", "relu:2")] == ["conv", "conv:2"]


def test_what_the_run_recognised_is_not_computed_again(digit):
    model, kernels, _ = digit
    calls = []
    hook = model.conv2.register_forward_hook(lambda *_: calls.append(1))
    try:
        assert kernels("pool2").inputs == "pool1"
    finally:
        hook.remove()
    assert not calls
