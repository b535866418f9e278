"""Probe: compiled models, runs as values, and how a layer is looked up."""

import subprocess
import sys
from collections import OrderedDict
from dataclasses import FrozenInstanceError

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnwidgets.network.probe import LayerError, Probe
from tests.network.samples import Odd, digit_model


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
            self.conv1, self.aux, self.none = nn.Conv2d(1, 1, 1), nn.ReLU(), Odd(lambda x: None)

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
