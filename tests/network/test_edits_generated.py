"""Generated edits against the same changes made by hand, and by the exported lines, bit for bit."""

import copy
import random

import pytest
import torch
from torch import nn

from cnnwidgets.network.editing import apply_edits, edits_on
from cnnwidgets.network.edits import Ablate, AddNoise, Scale, SetBias, SetKernel, as_code
from cnnwidgets.network.probe import Probe

CHANNELS = {"conv": 4, "norm": 4, "relu": 4, "pool": 4, "grouped": 6, "flat": 54, "fc": 5}
WEIGHTS = [("conv", (4, 2, 3, 3)), ("grouped", (6, 2, 2, 2)), ("fc", (5, 54))]


class Model(nn.Module):
    """Every kind of layer that can be edited; `relu` runs twice, in place."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.grouped = nn.Conv2d(4, 6, 2, groups=2)
        self.flat = nn.Flatten()
        self.fc = nn.Linear(54, 5)

    def forward(self, x):
        x = self.pool(self.relu(self.norm(self.conv(x))))
        return self.fc(self.flat(self.relu(self.grouped(x)[:, :6])))


def edit(r):
    kind = r.choice([Ablate, Scale, AddNoise, SetKernel, SetBias])
    if kind is SetKernel:
        layer, weight = r.choice(WEIGHTS)
        filter_, input_ = r.randrange(weight[0]), r.choice([None, r.randrange(weight[1])])
        shape = weight[1:] if input_ is None else weight[2:]
        return SetKernel(layer, filter_, input_, torch.randn(shape))
    if kind is SetBias:
        layer = r.choice(["conv", "norm", "grouped", "fc"])
        return SetBias(layer, r.randrange(CHANNELS[layer]), r.gauss(0, 1))
    layer = r.choice(sorted(CHANNELS))
    channel = r.randrange(CHANNELS[layer])
    if kind is Ablate:
        return Ablate(layer, channel)
    if kind is Scale:
        return Scale(layer, channel, r.gauss(0, 2))
    return AddNoise(layer, abs(r.gauss(0, 1)), r.randrange(100))


def by_hand(model, edits):
    """The same edits in a model, written once more: weights now, results in its forward."""
    model = copy.deepcopy(model)
    state = model.state_dict()
    changes = {}
    for each in edits:
        if isinstance(each, SetKernel):
            values = torch.tensor(each.values, dtype=torch.float64)
            weight = state[f"{each.layer}.weight"][each.filter]
            (weight if each.input is None else weight[each.input]).copy_(values)
        elif isinstance(each, SetBias):
            state[f"{each.layer}.bias"][each.filter] = each.value
        else:
            changes.setdefault(each.layer, []).append(each)
    for name, group in changes.items():
        module = model.get_submodule(name)
        module.forward = changed(module.forward, group)
    return model


def changed(forward, edits):
    def run(x):
        parts = list(forward(x).clone().unbind(1))
        for each in edits:
            if isinstance(each, Ablate):
                parts[each.channel] = torch.zeros_like(parts[each.channel])
            elif isinstance(each, Scale):
                parts[each.channel] = parts[each.channel] * each.factor
            else:
                random = torch.Generator().manual_seed(each.seed)
                noise = each.std * torch.randn(len(parts), *parts[0].shape[1:], generator=random)
                parts = [
                    part + extra.to(part.dtype) for part, extra in zip(parts, noise, strict=True)
                ]
        return torch.stack(parts, 1)

    return run


def bits(model):
    return {name: each.numpy().tobytes() for name, each in model.state_dict().items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edits_give_the_bits_of_the_same_changes_by_hand_and_of_the_exported_lines(dtype):
    r = random.Random(str(dtype))
    torch.manual_seed(0)
    for _ in range(150):
        model = Model().to(dtype).eval()
        before = bits(model)
        x = torch.randn(2, 2, 10, 10, dtype=dtype)
        edits = tuple(edit(r) for _ in range(r.randint(0, 6)))
        with torch.no_grad():
            plain = model(x)
            with apply_edits(model, edits) as edited:
                result = edited(x)
            assert torch.equal(result, by_hand(model, edits)(x)), edits
            own = copy.deepcopy(model)
            exec(as_code(edits), {"model": own})
            assert torch.equal(result, own(x)), as_code(edits)
            with edits_on(model, edits):
                run = Probe(model).run(x)
            assert torch.equal(run.output, result), edits
            assert torch.equal(model(x), plain)
        assert bits(model) == before
        assert not any(module._forward_hooks for module in model.modules())
        if not edits:
            assert torch.equal(result, plain)


def test_taking_an_edit_out_of_the_tuple_undoes_it():
    r = random.Random(5)
    torch.manual_seed(5)
    model = Model().eval()
    x = torch.randn(1, 2, 10, 10)
    edits = tuple(edit(r) for _ in range(6))
    results = []
    for count in [0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0]:
        with apply_edits(model, edits[:count]) as edited, torch.no_grad():
            results.append(edited(x))
    for forth, back in zip(results, reversed(results), strict=True):
        assert torch.equal(forth, back)
    assert torch.equal(results[-1], model(x))
