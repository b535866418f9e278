"""What a Probe shows: names, order, shapes, calls and structures."""

import subprocess
import sys
from collections import OrderedDict
from dataclasses import FrozenInstanceError, dataclass
from types import MappingProxyType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from cnnwidgets.network.probe import Layer, LayerError, Probe


def digit_model(channels=1):
    """A small CNN for `channels`×8×8 images."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, 4, 5, padding=2),
            relu1=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(64, 10),
        )
    )


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
        self.odd = _Odd(value)

    def forward(self, x):
        self.odd(x)
        return x


class _Odd(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value(x)


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
    probe = Probe(nn.Sequential(nn.MultiheadAttention(4, 2)))
    assert [layer.name for layer in probe.layers] == ["0", "0.out_proj"]
    assert probe.layers[0].parameters == 12 * 4 + 12


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


def test_a_compiled_model_is_looked_at_uncompiled():
    model = digit_model()
    probe = Probe(torch.compile(model, backend="eager"))
    assert probe.model is model
    assert [layer.name for layer in probe.layers] == ["conv1", "relu1", "pool1", "flatten", "fc"]


def test_compiled_parts_of_a_model_are_looked_into_and_stay_compiled():
    ran = []

    def backend(graph, inputs):
        return lambda *args: ran.append(True) or graph(*args)

    inner, other = digit_model(), nn.Sequential(nn.Tanh())
    other.compile(backend=backend)
    compiled = torch.compile(inner, backend=backend)
    model = nn.Sequential(OrderedDict(net=compiled, other=other)).eval()
    batch = torch.randn(1, 1, 8, 8)
    with torch.no_grad():
        output = model(batch)
    assert ran.pop()
    ran.clear()
    run = Probe(model).run(batch)
    assert not ran
    assert list(run) == [*(f"net.{name}" for name in inner._modules), "other.0"]
    assert torch.equal(run.output, output)
    with torch.no_grad():
        model(batch)
    assert ran


def test_a_run_and_its_layers_cannot_be_reassigned():
    run = Probe(digit_model()).run(torch.zeros(1, 1, 8, 8))
    with pytest.raises(FrozenInstanceError):
        run.output = None
    with pytest.raises(FrozenInstanceError):
        run.layers[0].name = "other"
    with pytest.raises(TypeError, match="does not support item assignment"):
        run["conv1"] = torch.zeros(1)


def test_a_run_prints_as_one_short_line():
    run = Probe(digit_model()).run(torch.zeros(1, 1, 8, 8), layers=["fc"])
    assert repr(run) == "Run(1 of 5 layers recorded, for a batch of 1×1×8×8)"


def test_a_residual_network_shows_every_call_of_its_shared_activations():
    from torchvision.models import resnet18

    model, batch = resnet18(weights=None).eval(), torch.randn(1, 3, 64, 64)
    block, output = model.layer1[0], model(batch)
    run = Probe(model).run(batch)
    assert len(run.calls("layer1.0.relu")) == 2
    stem = F.max_pool2d(F.relu(model.bn1(model.conv1(batch))), 3, 2, 1)
    middle = F.relu(block.bn1(block.conv1(stem)))
    assert torch.equal(run["layer1.0.relu"], middle)
    assert torch.equal(run["layer1.0.relu:2"], F.relu(stem + block.bn2(block.conv2(middle))))
    assert torch.equal(run.output, output)
    assert sum(layer.parameters for layer in run.layers if layer.call == 1) == sum(
        parameter.numel() for parameter in model.parameters()
    )


def test_the_first_run_does_not_import_the_compiler():
    code = (
        "import sys, torch; from cnnwidgets.network.probe import Probe;"
        "Probe(torch.nn.ReLU()).run(torch.ones(1, 1));"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_lookups_of_a_layer_that_has_no_tensor_say_why():
    class Some(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.aux, self.none = nn.Conv2d(1, 1, 1), nn.ReLU(), _Odd(lambda x: None)

        def forward(self, x):
            self.none(x)
            return self.conv1(x)

    run = Probe(Some()).run(torch.ones(1, 1, 2, 2), layers=["none", "aux"])
    reasons = {
        "conv1": "layer 'conv1' was not asked for in this run;"
        " record it with run(batch, layers=['conv1'])",
        "aux": "layer 'aux' was never reached: the model did not call it for this batch",
        "none": "layer 'none' returned no tensor but None; run.calls('none') has it",
        "conv1:3": "layer 'conv1' was called once in this run: there is no 'conv1:3'",
    }
    for name, reason in reasons.items():
        with pytest.raises(LayerError) as caught:
            run[name]
        assert str(caught.value) == reason
        assert isinstance(caught.value, KeyError)
        assert name not in run
    assert run.calls("none") == (None,)


def test_an_unknown_layer_gets_suggestions_wherever_it_is_named():
    model = nn.Sequential(OrderedDict(conv1=nn.Conv2d(1, 1, 1), conv2=nn.Conv2d(1, 1, 1)))
    probe = Probe(model)
    run = probe.run(torch.ones(1, 1, 2, 2))
    asks = [
        lambda: run["conv9"],
        lambda: run.calls("conv9"),
        lambda: probe.module("conv9"),
        lambda: probe.run(torch.ones(1, 1, 2, 2), layers=["conv9"]),
    ]
    for ask in asks:
        with pytest.raises(LayerError) as caught:
            ask()
        words = str(caught.value)
        assert words.startswith("no layer 'conv9'; did you mean 'conv")
        assert "'conv1'" in words
        assert "'conv2'" in words


def test_a_layer_like_no_other_gets_the_first_names():
    probe = Probe(nn.Sequential(*(nn.ReLU() for _ in range(7))))
    with pytest.raises(LayerError, match=r"the layers are '0', '1', '2', '3', '4' and 2 more$"):
        probe.module("dense")


def test_a_layer_is_not_named_by_a_number():
    with pytest.raises(TypeError, match="a layer is named by a string, not by 0"):
        Probe(nn.ReLU()).run(torch.ones(1))[0]


def test_one_string_for_layers_is_refused_with_the_list_to_write():
    with pytest.raises(TypeError, match=r"must be a list of names: layers=\['conv1'\]"):
        Probe(digit_model()).run(torch.zeros(1, 1, 8, 8), layers="conv1")
