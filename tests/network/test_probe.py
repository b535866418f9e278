"""What a Probe shows: names, order, shapes, calls and structures."""

from collections import OrderedDict
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from cnnwidgets.network.probe import Layer, Probe
from tests.network.samples import Odd, digit_model


class Twice(nn.Module):
    """Defined in another order than it runs in; `relu` runs three times, `unused` never."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(2, 2)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(1, 2, 3)
        self.alias = self.relu

    def forward(self, x):
        return self.alias(self.relu(self.conv(self.relu(x))) - 0.5)


class Returns(nn.Module):
    """A model whose one layer returns whatever `value` makes of its input."""

    def __init__(self, value):
        super().__init__()
        self.odd = Odd(value)

    def forward(self, x):
        self.odd(x)
        return x


@dataclass(frozen=True)
class Detection:
    boxes: torch.Tensor
    count: int


def test_layers_stand_in_registration_order_before_the_first_run():
    assert [layer.name for layer in Probe(Twice()).layers] == ["unused", "relu", "conv"]
    assert not any(layer.reached or layer.shape for layer in Probe(Twice()).layers)


def test_layers_stand_in_execution_order_after_a_run_once_for_every_call():
    probe = Probe(Twice())
    run = probe.run(torch.randn(2, 1, 5, 5))
    names = ["relu", "conv", "relu:2", "relu:3", "unused"]
    assert [layer.name for layer in run.layers] == names
    assert [layer.called for layer in run.layers] == [3, 1, 3, 3, 0]
    assert [layer.call for layer in run.layers] == [1, 1, 2, 3, 1]
    assert [layer.shape for layer in run.layers] == [(1, 5, 5), *[(2, 3, 3)] * 3, None]
    assert probe.layers == run.layers


def test_a_module_called_again_is_recorded_once_a_call():
    model, batch = Twice(), torch.randn(2, 1, 5, 5)
    run = Probe(model).run(batch)
    first = F.relu(batch)
    second = F.relu(F.conv2d(first, model.conv.weight, model.conv.bias))
    third = F.relu(second - 0.5)
    for name, expected in {"relu": first, "relu:2": second, "relu:3": third}.items():
        assert torch.equal(run[name], expected)
    assert all(map(torch.equal, run.calls("relu"), (first, second, third)))


def test_asking_for_a_call_records_all_calls_of_its_layer():
    run = Probe(Twice()).run(torch.randn(1, 1, 5, 5), layers=["relu:2"])
    assert list(run) == ["relu", "relu:2", "relu:3"]


def test_a_call_name_gives_way_to_a_layer_that_bears_it():
    model = nn.Sequential(OrderedDict({"relu": nn.ReLU(), "relu:2": nn.Tanh()}))
    model.add_module("again", model.relu)
    model.forward = lambda x: model.relu(model.get_submodule("relu:2")(model.relu(x)))
    run = Probe(model).run(torch.randn(1, 3))
    assert [layer.name for layer in run.layers] == ["relu", "relu:2", "relu::2"]
    assert run.layers[2].base == "relu"
    assert torch.equal(run["relu:2"], torch.tanh(run["relu"]))


def test_an_inplace_activation_does_not_reach_back_into_the_layer_before_it():
    model, batch = digit_model(), torch.randn(2, 1, 8, 8)
    run = Probe(model).run(batch)
    before = F.conv2d(batch, model.conv1.weight, model.conv1.bias, padding=2)
    assert before.min() < 0
    assert torch.equal(run["conv1"], before)
    assert torch.equal(run["relu1"], before.clamp(min=0))


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_grayscale_colour_and_other_channel_counts_are_all_recorded(channels):
    model, batch = digit_model(channels), torch.randn(2, channels, 8, 8)
    run = Probe(model).run(batch)
    assert run["conv1"].shape == (2, 4, 8, 8)
    assert torch.equal(run.input, batch)
    assert torch.equal(run.image, batch)
    assert torch.equal(run.output, run["fc"])


def test_parameters_are_those_of_the_layer_alone():
    counts = [layer.parameters for layer in Probe(digit_model()).layers]
    assert counts == [4 * 25 + 4, 0, 0, 0, 64 * 10 + 10]


def test_a_weight_shared_by_two_layers_counts_in_each():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    assert [layer.parameters for layer in Probe(model).layers] == [9, 9]


def test_a_model_that_is_its_own_only_layer_is_called_model():
    model = nn.Linear(3, 2)
    run = Probe(model).run(torch.ones(1, 3))
    assert run.layers == (Layer("(model)", "Linear", 8, (2,), "3 → 2", 1),)
    assert torch.equal(run["(model)"], run.output)
    assert Probe(model).module("(model)") is model


def test_a_module_with_weights_of_its_own_is_a_layer_although_it_has_children():
    class Scaled(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(4, 2))
            self.scale = nn.Parameter(torch.ones(2))

    probe = Probe(nn.Sequential(Scaled()))
    assert [(layer.name, layer.parameters) for layer in probe.layers] == [("0", 2), ("0.0", 10)]


def test_an_attention_layer_has_the_weights_that_it_uses_of_its_child():
    model = nn.MultiheadAttention(4, 2)
    probe = Probe(nn.Sequential(model))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert [(layer.name, layer.parameters) for layer in probe.layers] == [("0", count)]


def test_a_parametrized_convolution_is_one_layer_under_its_own_kind():
    model = nn.Sequential(spectral_norm(nn.Conv2d(1, 2, 3, bias=False)), nn.ReLU())
    run = Probe(model).run(torch.randn(1, 1, 5, 5))
    assert [(layer.name, layer.kind, layer.parameters) for layer in run.layers] == [
        ("0", "Conv2d", 18),
        ("1", "ReLU", 0),
    ]


def test_lists_of_modules_are_no_layers():
    model = nn.Sequential(nn.ReLU())
    model.spare = nn.ModuleList()
    assert [layer.name for layer in Probe(model).layers] == ["0"]


def test_an_lstm_shows_its_first_tensor_and_keeps_its_structure():
    model = nn.Sequential(nn.LSTM(3, 4, batch_first=True))
    batch = torch.randn(2, 5, 3)
    output, (hidden, cell) = model[0](batch)
    run = Probe(model).run(batch)
    assert torch.equal(run["0"], output)
    assert run.layers[0].shape == (5, 4)
    ((recorded, (recorded_hidden, recorded_cell)),) = run.calls("0")
    assert torch.equal(recorded, output)
    assert torch.equal(recorded_hidden, hidden)
    assert torch.equal(recorded_cell, cell)


@pytest.mark.parametrize(
    "value",
    [
        lambda x: {"skip": None, "logits": x + 1},
        lambda x: OrderedDict(a=[x + 1], b="text"),
        lambda x: (3, {"deep": (x + 1, x)}),
        lambda x: Detection(x + 1, 2),
        lambda x: torch.max(x + 1, 0, keepdim=True),
    ],
)
def test_structures_keep_their_types_and_give_their_first_tensor(value):
    batch = torch.randn(1, 3)
    run = Probe(Returns(value)).run(batch)
    assert torch.equal(run["odd"], batch + 1)
    assert type(run.calls("odd")[0]) is type(value(batch))
    assert repr(run.calls("odd")[0]) == repr(value(batch))


def test_a_read_only_mapping_comes_back_as_a_dict():
    run = Probe(Returns(lambda x: MappingProxyType({"logits": x}))).run(torch.ones(1, 3))
    assert run.calls("odd")[0].keys() == {"logits"}
    assert torch.equal(run["odd"], torch.ones(1, 3))


def test_copies_share_no_memory_with_what_the_model_keeps():
    kept = []
    run = Probe(Returns(lambda x: kept.append(x) or [x])).run(torch.ones(1, 3))
    kept[0].zero_()
    assert torch.equal(run["odd"], torch.ones(1, 3))
    assert torch.equal(run.input, torch.ones(1, 3))
    assert not run["odd"].requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_batch_follows_the_model_into_its_dtype(dtype):
    run = Probe(digit_model().to(dtype)).run(torch.randn(1, 1, 8, 8))
    assert {run[name].dtype for name in run} == {dtype}
    assert run.input.dtype == dtype


def test_a_model_without_parameters_works_and_keeps_the_dtype():
    batch = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    run = Probe(nn.Sequential(nn.MaxPool2d(2))).run(batch)
    assert torch.equal(run["0"], F.max_pool2d(batch, 2))


def test_integer_batches_stay_integers_for_an_embedding():
    run = Probe(nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))).run(torch.tensor([[1, 4]]))
    assert run.input.dtype == torch.int64
    assert run["0"].shape == (1, 2, 3)


@pytest.mark.parametrize("view", ["read-only", "reversed", "float64"])
def test_numpy_arrays_of_any_layout_are_taken(view):
    array = np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)
    given = array[::-1] if view == "reversed" else array
    given = given.astype(np.float64) if view == "float64" else given
    given.flags.writeable = view != "read-only"
    run = Probe(digit_model()).run(given)
    assert torch.equal(run.input, torch.tensor(given.tolist()))
