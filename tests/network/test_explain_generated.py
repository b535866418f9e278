"""Explained values against those that the hooks stored, over thousands of generated layers."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from cnnwidgets.network.arithmetic import explain, explained
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.terms import FUNCTIONS

# What torch says of its own speed, not of the result.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


def pick(r, *options):
    return r.choice(options)


def conv(r):
    groups = pick(r, 1, 1, 2, 3)
    channels, filters = groups * r.randint(1, 3), groups * r.randint(1, 3)
    kernel = (r.randint(1, 4), r.randint(1, 4))
    dilation = (r.randint(1, 2), r.randint(1, 3))
    stride = (r.randint(1, 3), r.randint(1, 3))
    mode = pick(r, "zeros", "zeros", "reflect", "replicate", "circular")
    padding = pick(r, 0, 1, 2, (0, 3), (2, 1), "valid", "same")
    if padding == "same":
        stride = 1
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"padding_mode": mode, "bias": r.random() < 0.7}
    return nn.Conv2d(channels, filters, kernel, **options), (channels, *sides(r))


def max_pool(r):
    kernel = (r.randint(1, 4), r.randint(1, 4))
    options = {"dilation": pick(r, 1, 2, (1, 2)), "ceil_mode": r.random() < 0.5}
    options["padding"] = pick(r, 0, tuple(size // 2 for size in kernel))
    options["stride"] = pick(r, None, 1, 2, (3, 1))
    return nn.MaxPool2d(kernel, **options), (r.randint(1, 3), *sides(r))


def mean_pool(r):
    kernel = (r.randint(1, 4), r.randint(1, 4))
    options = {"ceil_mode": r.random() < 0.5, "count_include_pad": r.random() < 0.5}
    options["padding"] = pick(r, 0, tuple(size // 2 for size in kernel))
    options["stride"] = pick(r, None, 1, 2, (3, 2))
    options["divisor_override"] = pick(r, None, None, 5)
    return nn.AvgPool2d(kernel, **options), (r.randint(1, 3), *sides(r))


def adaptive(r):
    size = (pick(r, None, 1, 2, 3, 7), pick(r, 1, 3, 5))
    kind = pick(r, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
    return kind(pick(r, size, 1, 4)), (r.randint(1, 3), *sides(r))


def batch_norm(r):
    channels = r.randint(1, 4)
    module = nn.BatchNorm2d(channels, eps=pick(r, 1e-5, 1e-2), affine=r.random() < 0.7)
    module.running_mean.normal_()
    module.running_var.uniform_(0.1, 3)
    if module.affine:
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias)
    return module, (channels, *sides(r))


def linear(r):
    features = r.randint(1, 40)
    shape = pick(r, (features,), (features,), (3, features))
    return nn.Linear(features, r.randint(1, 8), bias=r.random() < 0.7), shape


def activation(r):
    kind = r.choice(FUNCTIONS)
    channels = r.randint(1, 4)
    if kind is nn.PReLU:
        module = nn.PReLU(pick(r, 1, channels))
        nn.init.normal_(module.weight)
    elif kind is nn.Threshold:
        module = nn.Threshold(0.1, -0.3)
    else:
        takes = "inplace" in kind.__init__.__code__.co_varnames
        module = kind(inplace=True) if takes and r.random() < 0.5 else kind()
    return module, (channels, *sides(r))


def shares(r):
    module = pick(r, nn.Softmax(1), nn.LogSoftmax(1), nn.Softmax(-1), nn.LogSoftmax(2))
    shape = (r.randint(1, 4), *sides(r))
    vector = r.random() < 0.5 and module.dim != 2
    return pick(r, module, nn.Softmax2d()) if not vector else module, shape[:1] if vector else shape


def copies(r):
    module = pick(r, nn.Flatten(), nn.Flatten(2), nn.Identity(), nn.Dropout(0.5), nn.Dropout2d())
    return module, (r.randint(1, 3), *sides(r))


def sides(r):
    return r.randint(10, 13), r.randint(10, 13)


MAKERS = [conv, max_pool, mean_pool, adaptive, batch_norm, linear, activation, shares, copies]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("dtype", "exact"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_the_arithmetic_gives_what_the_hook_stored(make, dtype, exact):
    """exact: float32 sums of a hundred terms round below 1e-5 of them; float64 below 1e-13."""
    r = random.Random(f"{make.__name__} {dtype}")
    torch.manual_seed(r.randint(0, 10**6))
    for _ in range(700 if make is conv else 200):
        module, shape = make(r)
        model = nn.Sequential(module).to(dtype).train(r.random() < 0.5)
        probe = Probe(model)
        run = probe.run(torch.randn(1, *shape, dtype=dtype) * pick(r, 0.1, 1, 10), inputs=["0"])
        made = run["0"].shape[1:]
        for _ in range(3):
            unit = tuple(r.randrange(size) for size in made)
            found = explained(probe, run, "0", unit)
            case = f"{module} on {shape}, {unit}: {found}"
            assert found.stored == float(run["0"][0][unit])
            assert found.relative <= exact, case
            assert found.matches, case
            assert found.method == "terms"
            check_the_numbers_shown(found, run, case)


def check_the_numbers_shown(found, run, case):
    """The patch is the layer's input where it says it lies, and the parts make the result."""
    terms, given = found.terms, run.input[0].double().numpy()
    assert found.source == "input"
    assert terms.patch.shape == tuple(map(len, (terms.channels, terms.rows, terms.columns)))
    places = list(np.ndindex(terms.patch.shape))
    for place in random.Random(0).sample(places, min(len(places), 12)):
        unit = found.unit_at(*place)
        if unit is None:
            assert found.padding[place[1:]], case
            assert terms.patch[place] in (0, -np.inf)
        else:
            assert terms.patch[place] == given[unit], case
            if len(terms.shape) == 3 and not found.padding[place[1:]]:
                lies = terms.channels[place[0]], terms.rows[place[1]], terms.columns[place[2]]
                assert unit == tuple(map(int, lies)), case
    if terms.operation == "sum":
        np.testing.assert_array_equal(terms.products, terms.weights * terms.patch)
        assert terms.result == pytest.approx(found.sums.sum() + terms.bias, rel=1e-9, abs=1e-9)
    if terms.operation == "maximum":
        assert terms.patch[terms.winner] == terms.patch.max() == found.stored


def test_the_winner_is_the_cell_that_torch_names():
    r = random.Random(3)
    for _ in range(200):
        pool, shape = max_pool(r)
        pool.return_indices = True
        image = torch.randint(0, 3, (1, *shape)).float()  # with ties
        _, indices = pool(image)
        unit = tuple(r.randrange(size) for size in indices.shape[1:])
        found = explain(nn.Sequential(pool), image, "0", unit)
        row, column = divmod(int(indices[0][unit]), shape[2])
        assert found.unit_at(*found.terms.winner) == (unit[0], row, column)
