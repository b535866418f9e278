"""Edits as values, what they refuse, and that nothing of them stays."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from cnnwidgets.network.arithmetic import explained
from cnnwidgets.network.editing import apply_edits, check_edits, edits_on
from cnnwidgets.network.edits import Ablate, AddNoise, Scale, SetBias, SetKernel, as_code
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.run import LayerError


def image():
    return torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def sobel():
    return np.zeros((5, 5)) + np.arange(-2, 3)


ALL = (
    Scale("conv1", 2, -1.5),
    SetKernel("conv1", 0, 0, sobel()),
    Ablate("pool1", 3),
    SetKernel("conv2", 4, None, torch.ones(8, 5, 5)),
    AddNoise("relu2", 0.1, seed=4),
    SetBias("fc", 7, 0.25),
)


def hooks(model):
    return [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]


def bits(model):
    return {name: each.numpy().tobytes() for name, each in model.state_dict().items()}


def test_an_edit_is_a_value():
    edit = SetKernel("conv1", 0, 0, sobel())
    assert edit == eval(repr(edit))
    assert hash(edit) == hash(SetKernel("conv1", 0, 0, sobel().tolist()))
    assert pickle.loads(pickle.dumps(edit)) == edit
    assert len({*ALL, *ALL}) == len(ALL)
    assert repr(Ablate("conv1", 3)) == "Ablate(layer='conv1', channel=3)"
    with pytest.raises(AttributeError):
        edit.layer = "conv2"


def test_ablating_a_channel_zeroes_only_that_channel():
    model = DigitCNN()
    plain = Probe(model).run(image())
    with apply_edits(model, [Ablate("conv1", 3)]) as edited:
        run = Probe(edited).run(image())
    assert not run["conv1"][:, 3].any()
    others = [0, 1, 2, 4, 5, 6, 7]
    assert torch.equal(run["conv1"][:, others], plain["conv1"][:, others])
    assert not torch.equal(run.output, plain.output)


def test_without_edits_a_run_gives_the_same_bits():
    model = DigitCNN()
    plain = Probe(model).run(image())
    with apply_edits(model, ()) as edited:
        run = Probe(edited).run(image())
    assert all(torch.equal(run[name], plain[name]) for name in plain)
    with edits_on(model, ALL):
        assert not torch.equal(Probe(model).run(image()).output, plain.output)
    run = Probe(model).run(image())
    assert all(torch.equal(run[name], plain[name]) for name in plain)


def test_the_model_is_never_touched_and_the_copy_is_put_back():
    model = DigitCNN().train()
    before, random = bits(model), torch.get_rng_state()
    with apply_edits(model, ALL) as edited:
        edited(image())
        assert bits(model) == before
        assert sum(hooks(model)) == 0
        assert sum(hooks(edited)) == 3
        assert bits(edited) != before
        assert edited.training
    assert bits(edited) == before
    assert sum(hooks(edited)) == 0
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_in_the_block_leaves_no_hook_and_no_weight(error):
    slide = DigitCNN()
    before, placed = bits(slide), hooks(slide)
    with pytest.raises(error), edits_on(slide, ALL):
        raise error("stop")
    assert (bits(slide), hooks(slide)) == (before, placed)


def test_an_edit_that_is_refused_leaves_those_before_it_undone():
    slide = DigitCNN()
    before, placed = bits(slide), hooks(slide)
    with pytest.raises(IndexError), edits_on(slide, [*ALL, SetBias("fc", 10, 0)]):
        raise AssertionError
    with pytest.raises(IndexError, match="channel"), edits_on(slide, [*ALL, Ablate("conv1", 8)]):
        slide(image())
    assert (bits(slide), hooks(slide)) == (before, placed)


def test_results_are_edited_in_the_order_given_and_after_the_weights():
    model = nn.Sequential(nn.Identity())
    x = torch.ones(1, 2)
    for edits, expected in [
        ([Scale("0", 0, 5), Ablate("0", 0)], 0),
        ([Scale("0", 0, 5), Scale("0", 0, 0.5)], 2.5),
    ]:
        with apply_edits(model, edits) as edited:
            assert edited(x).tolist() == [[expected, 1]]
    linear = nn.Sequential(nn.Linear(1, 1))
    edits = [Scale("0", 0, 10), SetBias("0", 0, 1), SetKernel("0", 0, 0, 2), SetBias("0", 0, 3)]
    with apply_edits(linear, edits) as edited:
        assert edited(torch.ones(1, 1)).item() == 50


def test_noise_then_scale_differs_from_scale_then_noise():
    model = nn.Sequential(nn.Identity())
    results = []
    for edits in ([AddNoise("0", 1), Scale("0", 0, 2)], [Scale("0", 0, 2), AddNoise("0", 1)]):
        with apply_edits(model, edits) as edited:
            results.append(edited(torch.ones(1, 1)).item())
    assert results[0] != results[1]


def test_noise_is_the_same_for_every_image_and_every_time():
    model = nn.Sequential(nn.Identity())
    with apply_edits(model, [AddNoise("0", 2.0, seed=9)]) as edited:
        one, other = edited(torch.zeros(2, 1000))
        assert torch.equal(one, other)
        assert torch.equal(edited(torch.zeros(1, 1000))[0], one)
        assert one.std() == pytest.approx(2, rel=0.1)


def test_an_edit_acts_on_every_call_of_its_layer():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.relu(x) + 1)

    with apply_edits(Twice(), [Scale("relu", 0, 2)]) as edited:
        assert edited(torch.ones(1, 1)).item() == 6
    with pytest.raises(ValueError, match=r"'relu:2'.* is one call of 'relu', and an edit acts on"):
        check_edits([Scale("relu:2", 0, 2)], Twice())


def test_an_explanation_tells_the_edits_of_the_result():
    slide = DigitCNN()
    probe = Probe(slide)
    edits = (*ALL, AddNoise("conv1", 0.5), Ablate("conv1", 5))
    with edits_on(slide, edits):
        run = probe.run(image()[:1])
        scaled = explained(probe, run, "conv1", (2, 6, 9), edits)
        silent = explained(probe, run, "conv1", (5, 6, 9), edits)
        kernel = explained(probe, run, "conv1", (0, 6, 9), edits)
        head = explained(probe, run, "fc", 7, edits)
    assert [change.edit for change in scaled.changes] == [edits[0], edits[-2]]
    assert scaled.result == scaled.changes[-1].value != scaled.terms.result
    assert (silent.result, silent.stored) == (0, 0)
    assert silent.terms.result != 0
    assert np.array_equal(kernel.terms.weights, sobel()[None])
    assert head.terms.bias == 0.25
    assert all(found.matches for found in (scaled, silent, kernel, head))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Ablate(3, 0), TypeError, r"layer \(=3\) must be the name of a layer"),
        (lambda: Ablate("conv1", 1.0), TypeError, r"channel \(=1.0\) must be a whole number"),
        (lambda: Ablate("conv1", True), TypeError, "must be a whole number"),
        (lambda: Ablate("conv1", -1), ValueError, r"channel \(=-1\) must be at least 0"),
        (lambda: Scale("conv1", 0, "x"), TypeError, r"factor \(='x'\) must be a number"),
        (lambda: Scale("conv1", 0, np.inf), ValueError, r"factor \(=inf\) must be a finite number"),
        (lambda: AddNoise("conv1", -1.0), ValueError, r"std \(=-1.0\) must be 0 or more"),
        (lambda: AddNoise("conv1", 1.0, 2**63), ValueError, "seed"),
        (lambda: SetKernel("conv1", 0, -1, 0), ValueError, r"input \(=-1\) must be at least 0"),
        (lambda: SetKernel("conv1", 0, 0, "sobel"), TypeError, r"values \(='sobel'\) must be a"),
        (lambda: SetKernel("conv1", 0, 0, [[np.nan]]), ValueError, "must be a finite number"),
        (lambda: SetBias("conv1", 0, None), TypeError, r"value \(=None\) must be a number"),
    ],
)
def test_a_value_that_is_no_edit_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (Ablate("conv9", 0), LayerError, "no layer 'conv9'; did you mean"),
        ("conv1", TypeError, "edits must be Ablate, Scale, AddNoise, SetKernel or SetBias"),
        (Ablate("conv1", 8), IndexError, r"channel \(=8\) must be from 0 to 7, the channels of"),
        (SetKernel("conv1", 8, 0, sobel()), IndexError, r"filter \(=8\) must be from 0 to 7"),
        (SetKernel("conv1", 0, 1, sobel()), IndexError, r"input \(=1\) must be from 0 to 0"),
        (SetKernel("conv1", 0, 0, [1, 2]), ValueError, "values are 2, and must be 5×5 in 'conv1'"),
        (SetKernel("conv1", 0, None, 1), ValueError, "values are one number, and must be 1×5×5"),
        (SetKernel("conv1", 0, 0, [[1], [1, 2]]), ValueError, "as long in every row"),
        (SetKernel("relu1", 0, 0, 1), ValueError, r"'relu1' \(ReLU\) has no kernels"),
        (SetBias("relu1", 0, 1), ValueError, r"'relu1' \(ReLU\) has no bias to set"),
        (SetBias("fc", 10, 1), IndexError, r"filter \(=10\) must be from 0 to 9"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit, error, words):
    model = DigitCNN()
    layers = Probe(model).run(image()).layers
    with pytest.raises(error, match=words):
        check_edits([edit], model, layers)


def test_computed_weights_and_several_results_are_refused():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    with pytest.raises(ValueError, match="computed from others by a parametrization"):
        check_edits([SetBias("0", 0, 1)], model)
    pool = nn.Sequential(nn.MaxPool2d(2, return_indices=True))
    with (
        pytest.raises(TypeError, match="'0' returned a tuple: only a layer that returns one"),
        apply_edits(pool, [Ablate("0", 0)]) as edited,
    ):
        edited(torch.zeros(1, 1, 4, 4))


def test_no_edits_are_no_code():
    assert as_code(()) == ""


def test_a_model_that_is_one_layer_is_edited_by_the_name_it_has():
    model = nn.Linear(2, 2)
    edits = [SetBias("(model)", 0, 1), Scale("(model)", 1, 3)]
    x = torch.ones(1, 2)
    with apply_edits(model, edits) as edited:
        result = edited(x)
    exec(as_code(edits), {"model": model})
    assert torch.equal(model(x), result)


def test_kernels_that_share_their_weights_come_back():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    before = bits(model)
    with edits_on(model, [SetKernel("0", 0, 0, 9), SetKernel("1", 0, 1, 8)]):
        assert model[0].weight[0].tolist() == [9, 8]
    assert bits(model) == before


def test_an_edited_result_is_a_copy_so_that_what_else_uses_the_tensor_is_unchanged():
    model = nn.Sequential(nn.Identity())
    edits, x = [Scale("0", 0, 5)], torch.ones(1, 2)
    with apply_edits(model, edits) as edited:
        assert edited(x).tolist() == [[5, 1]]
    exec(as_code(edits), {"model": model})
    assert model(x).tolist() == [[5, 1]]
    assert x.tolist() == [[1, 1]]


def test_indices_may_be_what_numpy_and_torch_give():
    assert repr(Ablate("conv1", np.argmin([3, 1, 2]))) == "Ablate(layer='conv1', channel=1)"
    assert Scale("conv1", torch.tensor([3, 1]).argmax(), 2) == Scale("conv1", 0, 2)
    kernel = SetKernel("conv1", np.int64(2), np.uint8(0), sobel())
    assert (type(kernel.filter), type(kernel.input)) == (int, int)
    with pytest.raises(ValueError, match=r"filter .=-1. must be at least 0"):
        SetBias("fc", np.int64(-1), 0.0)
    with pytest.raises(TypeError, match="must be a whole number"):
        Ablate("conv1", np.float32(1))
