"""Looking changes nothing, whatever the model does and whatever is raised."""

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnwidgets.network.probe import Probe


class Restless(nn.Module):
    """Changes everything in its reach whenever it is called, then passes its input on."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.weight = nn.Parameter(torch.randn(4))
        self.scale = nn.Parameter(torch.tensor([0.0, torch.nan]))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(2))
        self.calls = 0
        self.generator = torch.Generator()
        self.history = {}

    def forward(self, x):
        self.calls += 1
        self.history["last"] = x
        self.last = x
        self.count += 1
        self.mean = self.mean + 1
        self.weight.data.mul_(2)
        self.scale.data = -self.scale.data
        self.norm.train()
        self.norm(torch.rand(5, 3) + torch.rand(5, 3, generator=self.generator))
        x += F.dropout(torch.ones_like(x), 0.5)
        return x


def state(model):
    """All that a run must leave alone, as values that compare bit for bit."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    bits = {name: (id(t), t.data_ptr(), _bits(t)) for name, t in tensors.items()}
    return {
        "tensors": bits,
        "gradients": {n: g if g is None else (id(g), _bits(g)) for n, g in _gradients(model)},
        "training": {name: module.training for name, module in model.named_modules()},
        "hooks": hooks(model),
        "attributes": {
            name: {key: id(value) for key, value in vars(module).items()}
            for name, module in model.named_modules()
        },
        "random": torch.get_rng_state().tolist(),
    }


def hooks(model):
    kinds = [
        "_forward_hooks",
        "_forward_hooks_with_kwargs",
        "_forward_hooks_always_called",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
    ]
    return [len(getattr(module, kind)) for module in model.modules() for kind in kinds]


def _bits(tensor):
    return tensor.detach().numpy().tobytes()


def _gradients(model):
    return [(name, parameter.grad) for name, parameter in model.named_parameters()]


def small_model():
    """Four layers, in a mixture of modes, with a gradient on the first."""
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.ReLU(True), nn.Dropout(0.5))
    )
    model[1].eval()
    model[2][1].eval()
    model[0].weight.grad = torch.randn_like(model[0].weight)
    return model


def fail_with(error):
    def fail(*_):
        raise error

    return fail


def test_a_run_changes_nothing_in_a_model_that_changes_everything():
    model = nn.Sequential(Restless(), nn.Linear(3, 3))
    model(torch.ones(2, 3)).sum().backward()
    model[0].history = {}
    before, generator = state(model), model[0].generator.get_state()
    batch = torch.zeros(2, 3)
    run = Probe(model).run(batch)
    assert state(model) == before
    assert torch.equal(model[0].generator.get_state(), generator)
    assert model[0].history == {}
    assert torch.equal(batch, torch.zeros(2, 3))
    assert torch.equal(run.input, batch)
    assert set(run["0"].unique().tolist()) <= {0.0, 2.0}


def test_the_model_is_evaluated_and_its_mixture_of_modes_comes_back():
    model = small_model()
    modes = []
    model[0].register_forward_hook(lambda *_: modes.extend(m.training for m in model.modules()))
    before = state(model)
    run = Probe(model).run(torch.ones(1, 1, 5, 5))
    assert not any(modes)
    assert torch.equal(run["2.1"], run["2.0"])
    assert state(model) == before


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("name", ["0", "1", "2.0", "2.1"])
def test_an_error_in_a_layer_leaves_all_as_it_was(name, error):
    model = small_model()
    model.get_submodule(name).forward = fail_with(error)
    before = state(model)
    with pytest.raises(type(error)):
        Probe(model).run(torch.ones(1, 1, 5, 5))
    assert state(model) == before


@pytest.mark.parametrize("kind", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_failure_while_hooks_are_placed_leaves_none(kind):
    model = small_model()
    before = hooks(model)
    place = getattr(model[2][0], kind)

    def interrupted(*args, **kwargs):
        place(*args, **kwargs)
        raise KeyboardInterrupt

    setattr(model[2][0], kind, interrupted)
    with pytest.raises(KeyboardInterrupt):
        Probe(model).run(torch.zeros(1, 1, 5, 5))
    assert hooks(model) == before


def test_a_refused_budget_leaves_no_hook():
    model = small_model()
    before = hooks(model)
    with pytest.raises(MemoryError):
        Probe(model, budget_bytes=1).run(torch.zeros(1, 1, 5, 5))
    assert hooks(model) == before


def test_hooks_of_others_stay_and_what_they_return_is_what_is_shown():
    model = small_model()
    model[0].register_forward_hook(lambda module, args, output: output + 100)
    before = hooks(model)
    run = Probe(model).run(torch.zeros(1, 1, 5, 5))
    assert run["0"].min() > 90
    assert hooks(model) == before


def test_a_backward_pass_still_owed_succeeds_after_a_run():
    model = small_model().eval()
    loss = model(torch.ones(1, 1, 5, 5)).sum()
    Probe(model).run(torch.ones(1, 1, 5, 5))
    loss.backward()
    assert model[0].weight.grad.abs().sum() > 0


def test_gradients_are_off_in_a_run_and_on_again_after_it():
    model = small_model()
    inside = []
    model[0].register_forward_hook(lambda *_: inside.append(torch.is_grad_enabled()))
    Probe(model).run(torch.ones(1, 1, 5, 5, requires_grad=True))
    assert inside == [False]
    assert torch.is_grad_enabled()


def test_a_run_does_not_rewind_random_numbers_that_another_thread_draws():
    model = small_model()

    def draw(*_):
        thread = threading.Thread(target=torch.rand, args=(3,))
        thread.start()
        thread.join()

    model[0].register_forward_hook(draw)
    torch.manual_seed(5)
    torch.rand(3)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Probe(model).run(torch.ones(1, 1, 5, 5))
    assert torch.equal(torch.rand(3), expected)


def test_training_between_runs_gives_the_weights_of_training_alone():
    def train(look):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten())
        model.append(nn.Linear(18, 2))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(5):
            batch = torch.randn(4, 1, 5, 5)
            if look:
                Probe(model).run(batch)
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
        return {name: _bits(tensor) for name, tensor in model.state_dict().items()}

    assert train(look=True) == train(look=False)


def test_a_model_that_moves_its_weights_elsewhere_gets_them_back():
    class Clipped(nn.Linear):
        def forward(self, x):
            self.weight.data = self.weight.data[:, :2].clamp(-0.01, 0.01)
            return x @ self.weight.T[:1]

    model = Clipped(3, 2)
    before = state(model)
    Probe(model).run(torch.ones(1, 1))
    assert state(model) == before
