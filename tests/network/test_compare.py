"""What compare tells of two runs."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnwidgets.network.compare import compare
from cnnwidgets.network.editing import apply_edits
from cnnwidgets.network.edits import Ablate
from cnnwidgets.network.models import DigitCNN
from cnnwidgets.network.probe import Probe
from cnnwidgets.network.reading import maps_of, reading_of


def run_of(model, seed=0, shape=(1, 1, 28, 28), **options):
    image = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return Probe(model).run(image, **options)


def test_a_run_compared_with_itself_is_the_same():
    found = compare(run_of(DigitCNN()), run_of(DigitCNN()))
    assert not found.same
    model = DigitCNN()
    found = compare(run_of(model), run_of(model))
    assert found.same
    assert found.input.changed == 0
    assert [layer.name for layer in found.layers] == [*run_of(model)]
    assert not found.probabilities.any()


def test_differences_are_signed_and_statistics_are_those_of_their_sizes():
    model = DigitCNN()
    one, other = run_of(model, 0), run_of(model, 1)
    found = compare(one, other)
    for layer in found.layers:
        expected = maps_of(other, layer.name) - maps_of(one, layer.name)
        np.testing.assert_array_equal(layer.difference, expected)
        assert layer.mean_abs == pytest.approx(np.abs(expected).mean(), rel=1e-5)
        assert layer.largest == np.abs(expected).max()
        assert layer.root_mean_square == pytest.approx(np.sqrt((expected**2).mean()), rel=1e-5)
        assert layer.changed == (expected != 0).sum()
        flat = np.abs(expected).reshape(len(expected), -1)
        np.testing.assert_allclose(layer.by_channel, flat.mean(1), rtol=1e-5)
    np.testing.assert_array_equal(found.input.difference, (other.input - one.input)[0])
    np.testing.assert_array_equal(found.before.logits, reading_of(one).logits)
    np.testing.assert_array_equal(found.after.logits, reading_of(other).logits)
    assert found.probabilities.sum() == pytest.approx(0, abs=1e-6)


def test_an_ablated_channel_is_what_changed_and_all_that_follows():
    model = DigitCNN()
    before = run_of(model)
    with apply_edits(model, [Ablate("relu1", 2)]) as edited:
        found = compare(before, run_of(edited))
    assert not found.input.changed
    assert not found["conv1"].changed
    assert found["relu1"].by_channel.nonzero()[0].tolist() == [2]
    assert found["conv2"].changed
    assert repr(found).startswith("Comparison(6 of 7 layers changed; prediction ")
    with pytest.raises(KeyError, match="no layer 'conv3' in both runs"):
        found["conv3"]


def test_infinities_and_undefined_numbers_that_stay_have_not_changed():
    model = nn.Sequential(nn.Identity())
    image = torch.tensor([[[[torch.inf, torch.nan, 1.0]]]])
    found = compare(Probe(model).run(image), Probe(model).run(image))
    assert found.same
    assert found["0"].largest == 0
    found = compare(Probe(model).run(image), Probe(model).run(torch.zeros(1, 1, 1, 3)))
    assert found["0"].changed == 3
    assert np.isnan(found["0"].largest)


def test_arrays_of_a_comparison_cannot_be_written():
    found = compare(run_of(DigitCNN()), run_of(DigitCNN()))
    with pytest.raises(ValueError, match="read-only"):
        found["conv1"].difference[0] = 1


def test_runs_that_do_not_fit_together_are_refused_in_one_sentence():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    run = run_of(model)
    with pytest.raises(ValueError, match=r"'input' has shape .* compare images of one size"):
        compare(run, run_of(model, shape=(1, 1, 20, 28)))
    with pytest.raises(ValueError, match="'1' is in one of them alone"):
        compare(run, run_of(model, layers=["0"]))
    with pytest.raises(ValueError, match=r"'0' has shape .* in run_a and .* in run_b"):
        compare(run, run_of(nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())))
    with pytest.raises(ValueError, match="run_b has 2 images"):
        compare(run, run_of(model, shape=(2, 1, 28, 28)))


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_layer_that_gave_nothing_differs_in_nothing(axis):
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.idle, self.conv = nn.Identity(), nn.Conv2d(1, 2, 3)

        def forward(self, x):
            self.idle(x.narrow(axis, 0, 0))
            return self.conv(x)

    model = Idle()
    found = compare(run_of(model, 1), run_of(model, 2))
    assert found["idle"].changed == 0
    assert (found["idle"].mean_abs, found["idle"].largest) == (0, 0)
    assert not found["idle"].by_channel.any()
    assert found["conv"].changed


def test_a_layer_of_rows_that_gave_nothing_has_maps_without_a_number():
    run = Probe(nn.Sequential(nn.Identity(), nn.Flatten())).run(torch.zeros(1, 5, 0))
    assert maps_of(run, "0").shape == (1, 5, 0)
