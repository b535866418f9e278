"""Receptive fields against the pixels whose change changes the unit, on generated models."""

import copy
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnwidgets.network.probe import Probe
from cnnwidgets.network.receptive import receptive_field, receptive_field_in
from cnnwidgets.network.surrogate import gradient_fields

# What torch says of its own speed, not of the result.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


def pick(r, *options):
    return r.choice(options)


def conv(r, channels, size):
    groups = pick(r, 1, 1, channels)
    dilation = r.randint(1, 2)
    kernel = tuple(r.randint(1, min(3, (each - 1) // dilation + 1)) for each in size)
    padding = pick(r, 0, 1, "same", (0, 1))
    options = {"dilation": dilation, "groups": groups, "bias": r.random() < 0.5}
    options["stride"] = 1 if padding == "same" else (r.randint(1, 3), r.randint(1, 2))
    modes = ["zeros", "zeros", "reflect", "replicate", "circular"]
    options |= {"padding": padding, "padding_mode": r.choice(modes)}
    filters = groups * r.randint(1, 2) if groups == 1 or channels < 4 else channels
    return nn.Conv2d(channels, filters, kernel, **options)


def pool(r, channels, size):
    kernel = tuple(r.randint(1, min(3, each)) for each in size)
    options = {"padding": tuple(each // 2 for each in kernel) if r.random() < 0.5 else 0}
    options |= {"stride": pick(r, None, 1, 2), "ceil_mode": r.random() < 0.5}
    if r.random() < 0.5:
        return nn.AvgPool2d(kernel, count_include_pad=r.random() < 0.5, **options)
    return nn.MaxPool2d(kernel, dilation=pick(r, 1, 2) if min(size) > 5 else 1, **options)


def adaptive(r, channels, size):
    return pick(r, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)(pick(r, 2, 3, (1, 4)))


def other(r, channels, size):
    # fmt: off
    return pick(
        r, nn.ReLU(), nn.ReLU(inplace=True), nn.LeakyReLU(), nn.Softplus(), nn.Identity(),
        nn.Dropout(), nn.BatchNorm2d(channels), nn.PReLU(),
    )
    # fmt: on


def chain(r, channels, size):
    """Layers one after the other, in float64 with positive weights, and their shapes."""
    layers, shape = [], (channels, *size)
    for _ in range(r.randint(1, 5)):
        make = pick(r, conv, conv, conv, pool, pool, adaptive, other, other)
        layer = make(r, shape[0], shape[1:])
        if min(shape[1:]) < 2:
            break
        try:
            made = layer.double().eval()(torch.ones(1, *shape, dtype=torch.float64))
        except RuntimeError:  # its window or its padding is larger than what is left of the map
            continue
        shape = tuple(made.shape[1:])
        layers.append(layer)
    if r.random() < 0.3:
        features = shape[0] * shape[1] * shape[2]
        layers += [nn.Flatten(), nn.Linear(features, 3), nn.ReLU(), nn.Linear(3, 2)]
    return positive(nn.Sequential(*(layers or [nn.ReLU()])), r)


def positive(model, r):
    """In it, and for positive images, a large brighter pixel passes every ReLU and maximum."""
    torch.manual_seed(r.randint(0, 10**6))
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.5, 1.5)
    return model.double().eval()


def changing(model, image, layer, unit):
    """Which numbers of an image change a unit when made a million larger, one at a time."""
    count = image.numel()
    images = image.expand(1 + count, *image.shape[1:]).clone()
    images[1:].view(count, count).diagonal().add_(1e6)
    values = Probe(model).run(images, layers=[layer])[layer][(slice(None), *unit)]
    # Float64 rounds below 1e-13 of a value; the smallest change passes 1e-3 of it.
    changed = (values[1:] - values[0]).abs() > 1e-11 * values[0].abs()
    return changed.view(image.shape[1:]).numpy()


def cases(count, make, seed):
    r = random.Random(seed)
    for _ in range(count):
        channels, size = r.randint(1, 3), (r.randint(6, 9), r.randint(6, 9))
        model = make(r, channels, size)
        torch.manual_seed(r.randint(0, 10**6))
        image = torch.rand(1, channels, *size, dtype=torch.float64) + 0.1
        probe = Probe(model)
        run = probe.run(image)
        layer = r.choice([each for each in run.layers if each.reached])
        yield (
            probe,
            run,
            layer.name,
            [tuple(r.randrange(side) for side in layer.shape) for _ in range(3)],
        )


def test_a_walked_field_is_the_set_of_pixels_that_change_the_unit():
    checked = 0
    for probe, run, layer, units in cases(600, chain, seed=1):
        for unit in units[:1]:
            found = receptive_field_in(probe, run, layer, unit)
            assert (found.method, found.note) == ("walked", "")
            expected = changing(probe.model, run.input, layer, unit)
            case = f"{probe.model} on {tuple(run.input.shape)}: {found}"
            np.testing.assert_array_equal(found["input"].units, expected, case)
            check_the_box(found, expected)
            checked += 1
    assert checked > 500


def check_the_box(found, expected):
    mask = expected.any(0)
    np.testing.assert_array_equal(found.mask, mask)
    inside = np.zeros_like(mask)
    inside[found.box.slices] = True
    assert not (mask & ~inside).any()
    if mask.any():
        cut = mask[found.box.slices]
        assert cut[0].any()
        assert cut[-1].any()
        assert cut[:, 0].any()
        assert cut[:, -1].any()


def test_the_gradient_finds_what_walking_finds_in_every_layer_on_the_way():
    for probe, run, layer, units in cases(250, chain, seed=2):
        found = receptive_field_in(probe, run, layer, units[0])
        if not found.mask.any():
            continue
        by_gradient = dict(gradient_fields(probe, run, layer, units[0]))
        for region in found.regions:
            case = f"{probe.model} on {tuple(run.input.shape)}: {found}, {region}"
            np.testing.assert_array_equal(by_gradient[region.layer], region.units, case)


class Branched(nn.Module):
    """A stem, then two branches that meet, then a head; the ReLUs and a maximum are functions."""

    def __init__(self, r, channels, size):
        super().__init__()
        self.join = pick(r, "add", "cat", "gate", "maximum")
        self.stem = nn.Conv2d(channels, 2, pick(r, 1, 3), padding=pick(r, 0, 1))
        kernel, dilation = pick(r, (1, 1), (3, 1), (3, 2))
        self.long = nn.Conv2d(2, 2, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation)
        self.short = pick(r, nn.Identity(), nn.Conv2d(2, 2, 1), nn.MaxPool2d(3, 1, 1))
        self.norm = nn.BatchNorm2d(2)
        self.pooled = pick(r, "none", "module", "function", "amax")
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(4 if self.join == "cat" else 2, 2, 2)

    def forward(self, x):
        x = F.relu(self.stem(x))
        long, short = self.norm(self.long(x)), self.short(x)
        if self.join == "add":
            long += short
            x = F.relu(long)
        elif self.join == "cat":
            x = torch.cat([long, short], 1)
        elif self.join == "gate":
            x = F.softplus(long) * short
        else:
            x = torch.maximum(long, short)
        if self.pooled == "module":
            x = self.pool(x)
        if self.pooled == "function":
            x = F.max_pool2d(x, 2, padding=1)
        if self.pooled == "amax":
            x = x.amax(3, keepdim=True).expand(-1, -1, -1, 3)
        return self.head(x)


def branched(r, channels, size):
    return positive(Branched(r, channels, size), r)


def test_where_branches_meet_the_gradient_finds_the_pixels_that_change_the_unit():
    used = set()
    for probe, run, _, _ in cases(120, branched, seed=3):
        unit = (0, *(side // 2 for side in run["head"].shape[2:]))
        found = receptive_field_in(probe, run, "head", unit)
        expected = changing(probe.model, run.input, "head", unit)
        case = f"{probe.model}, {probe.model.join}, {probe.model.pooled}: {found}"
        if probe.model.join == "maximum":
            # A change may lose against the other branch, but never comes from elsewhere.
            assert not (expected & ~found["input"].units).any(), case
        else:
            np.testing.assert_array_equal(found["input"].units, expected, case)
        used.add(found.method)
    assert used == {"gradient"}


def test_dead_units_and_losing_pixels_are_in_the_field_of_a_model_as_it_is():
    model = Branched(random.Random(0), 1, (9, 9)).double()
    with torch.no_grad():
        model.stem.bias.fill_(-1e9)  # every ReLU of the stem is dead
    image = torch.randn(1, 1, 9, 9, dtype=torch.float64)
    before = {name: each.clone() for name, each in model.state_dict().items()}
    found = receptive_field(model, "head", (0, 1, 1), image)
    assert not changing(model, image, "head", (0, 1, 1)).any()
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    alive = positive(copy.deepcopy(model), random.Random(0))
    expected = changing(alive, image.abs(), "head", (0, 1, 1))
    np.testing.assert_array_equal(found["input"].units, expected)
