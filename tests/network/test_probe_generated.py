"""Probe against a forward pass written out by hand, over generated models."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnwidgets.network.probe import Probe

# A plan is a list of steps: ("conv", {...}), ("relu",), ("bn",), ("pool", kind, {...}),
# ("branch", plan, plan, "add" or "cat"), ("head", classes). Sizes are kept by the strategies.


class Planned(nn.Module):
    """A model that follows a plan, its modules named m0, m1, ... in the order of the plan."""

    def __init__(self, plan, channels, size):
        super().__init__()
        self.plan = self._build(plan, channels, size)[0]

    def _build(self, plan, channels, size):
        steps = []
        for kind, *args in plan:
            if kind == "branch":
                (left, *after), (right, right_channels, _) = (
                    self._build(branch, channels, size) for branch in args[:2]
                )
                joined = after[0] + right_channels if args[2] == "cat" else after[0]
                channels, size = joined, after[1]
                steps.append(("branch", left, right, args[2]))
                continue
            module, channels, size = _module(kind, args, channels, size)
            if kind == "shared":
                self.shared = module = getattr(self, "shared", module)
                steps.append((kind, "shared", args))
                continue
            name = f"m{sum(child is not getattr(self, 'shared', 0) for child in self.children())}"
            self.add_module(name, module)
            steps.append((kind, name, args))
        return steps, channels, size

    def forward(self, x):
        return self._follow(self.plan, x)

    def _follow(self, steps, x):
        for step in steps:
            if step[0] == "branch":
                left, right = self._follow(step[1], x.clone()), self._follow(step[2], x.clone())
                x = left + right if step[3] == "add" else torch.cat([left, right], 1)
            else:
                x = self.get_submodule(step[1])(x)
        return x


def _module(kind, args, channels, size):
    if kind == "conv":
        module = nn.Conv2d(channels, **args[0])
        return module, module.out_channels, _after(size, **args[0])
    if kind == "pool":
        word, options = args
        module = {"max": nn.MaxPool2d, "mean": nn.AvgPool2d}[word](**options)
        return module, channels, _after(size, **options)
    if kind == "head":
        return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, args[0])), args[0], 1
    modules = {
        "relu": lambda: nn.ReLU(inplace=args[0]),
        "shared": lambda: nn.ReLU(inplace=True),
        "leaky": lambda: nn.LeakyReLU(0.1, inplace=args[0]),
        "bn": lambda: _used_batch_norm(channels),
        "dropout": lambda: nn.Dropout(0.5),
    }
    return modules[kind](), channels, size


def _used_batch_norm(channels):
    module = nn.BatchNorm2d(channels)
    module.running_mean.normal_()
    module.running_var.uniform_(0.5, 2)
    return module


def _after(size, kernel_size, stride=1, padding=0, dilation=1, **_):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def by_hand(model, steps, x, seen):
    """What each call should have returned, appended to `seen` as (module name, tensor)."""
    weights = dict(model.named_parameters()) | dict(model.named_buffers())
    for kind, *rest in steps:
        if kind == "branch":
            left = by_hand(model, rest[0], x, seen)
            right = by_hand(model, rest[1], x, seen)
            x = left + right if rest[2] == "add" else torch.cat([left, right], 1)
            continue
        name, args = rest
        if kind == "head":
            x = x.reshape(x.shape[0], -1)
            seen.append((f"{name}.0", x))
            name += ".1"
            x = F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
        else:
            x = _step_by_hand(kind, args, x, weights, name)
        seen.append((name, x))
    return x


def _step_by_hand(kind, args, x, weights, name):
    if kind == "conv":
        o = args[0]
        padded = F.pad(x, [o["padding"]] * 4)
        weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
        return F.conv2d(padded, weight, bias, o["stride"], 0, o["dilation"], o["groups"])
    if kind == "pool":
        o = args[1]
        if args[0] == "max":
            padded = F.pad(x, [o["padding"]] * 4, value=-torch.inf)
            windows = padded.unfold(2, o["kernel_size"], o["stride"])
            return windows.unfold(3, o["kernel_size"], o["stride"]).amax((-1, -2))
        padded = F.pad(x, [o["padding"]] * 4)
        windows = padded.unfold(2, o["kernel_size"], o["stride"])
        return windows.unfold(3, o["kernel_size"], o["stride"]).mean((-1, -2))
    if kind == "bn":
        mean, var, weight, bias = (
            weights[f"{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-5).sqrt() * weight + bias
    if kind == "leaky":
        return torch.where(x > 0, x, 0.1 * x)
    return x if kind == "dropout" else x.clamp(min=0)


@st.composite
def plans(draw, channels, size, depth=0):
    """A plan whose sizes fit; in a branch (depth 1), one that keeps channels and size."""
    plan = []
    for _ in range(draw(st.integers(1, 2 if depth else 4))):
        kinds = ["conv", "relu", "shared", "leaky", "bn", "dropout"]
        kinds += [] if depth else ["pool", "branch", "branch"]
        kind = draw(st.sampled_from(kinds))
        if kind == "conv":
            options = draw(_convs(channels, keep=depth > 0))
        elif kind == "pool":
            options = {"kernel_size": 2, "stride": draw(st.integers(1, 2)), "padding": 0}
            options["padding"] = draw(st.integers(0, 1))
            plan.append(("pool", draw(st.sampled_from(["max", "mean"])), options))
            size = _after(size, **options)
            continue
        elif kind == "branch":
            branches = [draw(plans(channels, size, 1)) for _ in range(2)]
            join = draw(st.sampled_from(["add", "cat"]))
            plan.append(("branch", *branches, join))
            channels *= 2 if join == "cat" else 1
            continue
        else:
            plan.append((kind, draw(st.booleans())))
            continue
        if _after(size, **options) >= 2:
            plan.append(("conv", options))
            channels, size = options["out_channels"], _after(size, **options)
    if not depth and draw(st.booleans()):
        plan.append(("head", 3))
    return plan or [("relu", False)]


@st.composite
def _convs(draw, channels, keep):
    kernel, dilation = draw(st.sampled_from([1, 3])), draw(st.integers(1, 2))
    groups = draw(st.sampled_from(sorted({1, channels})))
    out = channels if keep else groups * draw(st.integers(1, max(1, 4 // groups)))
    padding = dilation * (kernel - 1) // 2 if keep else draw(st.integers(0, 2))
    return {
        "out_channels": out,
        "kernel_size": kernel,
        "stride": 1 if keep else draw(st.integers(1, 2)),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
    }


@st.composite
def models(draw):
    channels, size = draw(st.sampled_from([1, 3, 4])), draw(st.integers(6, 10))
    plan = draw(plans(channels, size))
    torch.manual_seed(draw(st.integers(0, 99)))
    model = Planned(plan, channels, size).double().train(draw(st.booleans()))
    batch = torch.randn(draw(st.integers(1, 2)), channels, size, size, dtype=torch.float64)
    return model, batch


@settings(max_examples=60, deadline=None)
@given(models())
def test_every_call_of_every_layer_is_what_a_forward_pass_by_hand_gives(case):
    model, batch = case
    seen = []
    with torch.no_grad():
        output = by_hand(model, model.plan, batch, seen)
    run = Probe(model).run(batch)
    reached = [layer for layer in run.layers if layer.reached]
    assert [layer.base for layer in reached] == [name for name, _ in seen]
    # The hand-written pass sums in another order; float64 rounds far below 1e-9 here.
    for layer, (_, expected) in zip(reached, seen, strict=True):
        torch.testing.assert_close(run[layer.name], expected, rtol=1e-9, atol=1e-9)
        assert layer.shape == tuple(expected.shape[1:])
    torch.testing.assert_close(run.output, output, rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(models(), st.data())
def test_recording_some_layers_gives_the_same_bits_as_recording_all(case, data):
    model, batch = case
    probe = Probe(model)
    everything = probe.run(batch)
    names = [layer.base for layer in probe.layers]
    asked = data.draw(st.lists(st.sampled_from(names), unique=True))
    run = probe.run(batch, layers=asked)
    assert set(run) == {layer.name for layer in run.layers if layer.base in asked}
    for name in run:
        assert torch.equal(run[name], everything[name])
    assert run.layers == everything.layers


class Boom(BaseException):
    """What no `except Exception` catches, as KeyboardInterrupt."""


@settings(max_examples=15, deadline=None)
@given(models(), st.sampled_from([RuntimeError, KeyboardInterrupt, Boom]))
def test_an_error_in_any_layer_leaves_the_model_as_it_was(case, error):
    model, batch = case
    before = state_of(model)
    for layer in Probe(model).layers:
        module = model.get_submodule(layer.name)

        def fail(*_):
            raise error("stop")

        module.forward = fail
        with pytest.raises(error):
            Probe(model).run(batch)
        del module.forward
        assert state_of(model) == before


def state_of(model):
    """Everything that a run must not change, as values that compare bit for bit."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return (
        {name: (tensor.detach().numpy().tobytes(), id(tensor)) for name, tensor in tensors.items()},
        {name: tensor.grad is None for name, tensor in model.named_parameters()},
        {name: module.training for name, module in model.named_modules()},
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        torch.get_rng_state().tolist(),
    )
