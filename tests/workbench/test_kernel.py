"""What is told of a layer's weights: their largest size and their spread, of the finite ones."""

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.widgets.shared import limit_of
from cnnwidgets.workbench.kernel import kernel_at

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    "some", [(), (-9.0,), (9.0,), (NAN,), (INF,), (-INF, 3.0), (NAN, INF, -INF)], ids=str
)
def test_the_limit_and_the_spread_are_those_of_the_finite_weights(some):
    model = cw.DigitCNN(image_size=8)
    with torch.no_grad():
        model.conv2.weight.view(-1)[: len(some)] = torch.tensor(some)
    weights = model.conv2.weight.detach().numpy().copy()
    finite = weights[np.isfinite(weights)]
    scope = cw.Microscope(model, cw.ImageSet.from_arrays(np.zeros((1, 8, 8), np.uint8), [0]))
    scope.layer, scope.channel = "conv2", 5
    kernel = kernel_at(scope, scope.kernels(), 2)
    assert kernel.limit == limit_of(weights) == np.abs(finite).max()
    assert kernel.spread == pytest.approx(finite.std(), rel=1e-5)
    np.testing.assert_array_equal(kernel.original[2], weights[5, 2])


@pytest.mark.parametrize("weights", [[], [NAN, INF], [0.0, -0.0]], ids=str)
def test_without_a_finite_weight_the_limit_is_zero(weights):
    assert str(limit_of(np.array(weights, np.float32))) == "0.0"
