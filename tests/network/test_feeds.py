"""Which recorded result each layer was given, and what it was given itself."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnwidgets.network.feeds import Feed
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import LayerError


class Written(nn.Module):
    """conv, relu (in place), then whatever `between` does, then fc."""

    def __init__(self, between):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(18, 3)
        self.between = between

    def forward(self, x):
        return self.fc(self.between(self.relu(self.conv(x))))


def run_of(between, **options):
    model = Written(between)
    return Probe(model).run(torch.randn(1, 1, 5, 5), **options)


def test_a_layer_is_fed_by_the_layer_before_it_and_the_first_by_the_batch():
    run = run_of(lambda x: x.flatten(1))
    assert run.feed("conv") == Feed("", (1, 1, 5, 5))
    assert run.feed("relu") == Feed("conv", (1, 2, 3, 3))
    assert run.feed("fc") == Feed("relu", (1, 18))
    assert torch.equal(run.given("fc"), run["relu"].reshape(1, 18))
    assert torch.equal(run.given("conv"), run.input)


@pytest.mark.parametrize(
    "between",
    [
        lambda x: x.flatten(1) + 1,
        lambda x: x.add_(1).flatten(1),
        lambda x: F.relu(x).flatten(1),
        lambda x: x.transpose(2, 3).flatten(1),
        lambda x: x.transpose(1, 3).contiguous().flatten(1),
        lambda x: torch.cat([x, x], 1)[:, :2].flatten(1),
        lambda x: x.flatten(1)[:, torch.arange(17, -1, -1)],
        lambda x: x.clone().flatten(1),
    ],
)
def test_what_was_worked_on_outside_a_layer_is_not_taken_for_a_layers_result(between):
    run = run_of(between)
    assert run.feed("fc") is None
    with pytest.raises(LayerError, match="what 'fc' was given is not in this run; record it with"):
        run.given("fc")
    model = Written(between)
    seen = []
    model.fc.register_forward_pre_hook(lambda module, args: seen.append(args[0].clone()))
    run = Probe(model).run(torch.randn(1, 1, 5, 5), inputs=["fc"])
    assert torch.equal(run.given("fc"), seen[0])


def test_a_part_of_a_result_is_not_taken_for_all_of_it():
    model = nn.Sequential(nn.ReLU(), Half(), nn.Sigmoid())
    run = Probe(model).run(torch.randn(1, 4, 2, 2))
    assert run.feed("1") == Feed("0", (1, 4, 2, 2))
    assert run.feed("2") == Feed("1", (1, 2, 2, 2))
    model = nn.Sequential(nn.ReLU(), Within())
    assert Probe(model).run(torch.randn(1, 4, 2, 2)).feed("1.after") is None


class Half(nn.Module):
    def forward(self, x):
        return x[:, :2]


class Within(nn.Module):
    def __init__(self):
        super().__init__()
        self.after = nn.Sigmoid()

    def forward(self, x):
        return self.after(x[:, :2])


def test_memory_that_was_given_back_and_used_again_is_not_recognised():
    class Forgets(Written):
        def forward(self, x):
            self.relu(self.conv(x))
            return self.fc(torch.randn(1, 18))

    run = Probe(Forgets(None)).run(torch.randn(1, 1, 5, 5))
    assert run.feed("fc") is None


def test_every_call_has_its_own_feed_and_its_own_input():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.relu(x) - 0.5)

    run = Probe(Twice()).run(torch.randn(1, 1, 5, 5), inputs=["relu"])
    assert run.feed("relu") == Feed("", (1, 1, 5, 5))
    assert run.feed("relu:2") is None
    assert torch.equal(run.given("relu:2"), run["relu"] - 0.5)
    assert torch.equal(run.given("relu"), run.input)


def test_an_input_is_kept_as_it_was_before_the_layer_wrote_into_it():
    model = nn.Sequential(nn.ReLU(inplace=True))
    batch = torch.tensor([[-1.0, 2.0]])
    run = Probe(model).run(batch, inputs=["0"])
    assert torch.equal(run.given("0"), batch)


def test_an_input_that_passes_the_budget_is_refused():
    with pytest.raises(MemoryError, match="the input of '0' needs 400 bytes more"):
        Probe(nn.Sequential(nn.Linear(100, 1)), 100).run(torch.zeros(1, 100), inputs=["0"])


def test_a_layer_whose_error_the_model_catches_leaves_the_others_their_feeds():
    class Catches(nn.Module):
        def __init__(self):
            super().__init__()
            self.bad, self.good = nn.Linear(9, 9), nn.ReLU()

        def forward(self, x):
            try:
                return self.bad(x)
            except RuntimeError:
                return self.good(x)

    run = Probe(Catches()).run(torch.ones(1, 4))
    assert run.feed("good") == Feed("", (1, 4))


def test_a_layer_that_is_given_two_tensors_has_no_feed():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.both = nn.Bilinear(2, 2, 1)

        def forward(self, x):
            return self.both(x, x)

    assert Probe(Two()).run(torch.ones(1, 2)).feed("both") is None


def test_a_model_in_inference_mode_runs_and_has_no_feeds():
    class Inferring(nn.Sequential):
        @torch.inference_mode()
        def forward(self, x):
            return super().forward(x * 1)

    run = Probe(Inferring(nn.ReLU(), nn.Tanh())).run(torch.ones(1, 2))
    assert run.feed("1") is None


def test_inputs_are_named_in_a_list_and_known():
    probe = Probe(nn.Sequential(nn.ReLU()))
    with pytest.raises(TypeError, match=r"inputs \(='0'\) must be a list of names: inputs=\['0'\]"):
        probe.run(torch.ones(1, 2), inputs="0")
    with pytest.raises(LayerError, match="no layer '1'"):
        probe.run(torch.ones(1, 2), inputs=["1"])


def test_a_result_seen_in_another_order_is_not_taken_for_it():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.before, self.after = nn.ReLU(), nn.Tanh()

        def forward(self, x):
            return self.after(self.before(x).transpose(2, 3))

    assert Probe(Turned()).run(torch.randn(1, 2, 3, 3)).feed("after") is None
