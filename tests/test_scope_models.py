"""Microscope over any model: what it makes of strange ones."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from traitlets import TraitError

import cnnwidgets as cw
from tests.pages import page, scope, shipped, state_of, unchanged
from tests.samples import small_set

__all__ = ["page", "scope", "shipped"]


class Moody(nn.Module):
    """Refuses images whose first pixel is dark."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        maps = self.conv(x)
        if x[0, 0, 0, 0] < 0:
            raise RuntimeError("this model does not like the dark")
        return maps


def test_a_model_that_raises_changes_nothing_and_goes_on_afterwards():
    pixels = np.full((2, 1, 8, 8), 255, np.uint8)
    pixels[1] = 0
    images = cw.ImageSet.from_arrays(pixels, [0, 1], mean=0.5, std=0.5)
    scope = cw.Microscope(Moody(), images)
    before = state_of(scope)
    with pytest.raises(TraitError, match="does not like the dark"):
        scope.index = 1
    assert unchanged(scope, before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in scope.slide._model.modules())
    scope.image = np.ones((8, 8))
    assert scope.index is None


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(1, 3, 3)

    def forward(self, x):
        maps = self.body(x)
        return {"maps": maps, "more": (maps, maps)}


class Functional(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)).squeeze()


class SequenceFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 5)

    def forward(self, x):
        return self.rnn(x[:, 0].transpose(0, 1))


@pytest.mark.parametrize(
    ("model", "channels"),
    [
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.ConvTranspose2d(4, 3, 3)), 1),
        (Twin(), 1),
        (Functional(), 3),
        (SequenceFirst(), 1),
        (nn.Conv2d(4, 2, 3).half(), 4),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), 1),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU()), 1),
        (nn.ReLU(), 3),
    ],
)
def test_any_model_can_be_looked_at(page, model, channels):
    scope = cw.Microscope(model, small_set(channels))
    dashboard = cw.Dashboard(scope)
    for layer in scope.layers:
        scope.layer = layer.name
        assert scope.maps().ndim in (1, 3)
        assert scope.maps().dtype == np.float32
        scope.index = (scope.index + 1) % len(scope.images)
        assert dashboard.maps.maps is dashboard.slider.maps
    if scope.prediction is None:
        with pytest.raises(ValueError, match="does not score classes"):
            scope.predicted()


def pruned(layer):
    return prune.l1_unstructured(layer, "weight", 0.5)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("compute", [pruned, nn.utils.weight_norm, nn.utils.spectral_norm])
def test_weights_that_a_hook_computes_are_looked_at_as_they_are(compute):
    model, images = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.ReLU()), small_set()
    compute(model[0])
    model.eval()(torch.zeros(1, 1, 8, 8))
    weight, seen = model[0].weight, []
    assert not weight.is_leaf
    scope = cw.Microscope(model, images)
    assert model[0].weight is weight
    assert weight.grad_fn is not None
    with model[0].register_forward_hook(lambda module, given, made: seen.append(made)):
        model(torch.from_numpy(images.normalize(images.images[:1])))
    assert np.array_equal(scope.maps("0"), seen[0][0].detach().numpy())
    assert np.array_equal(scope.kernels("0").weights, weight.detach().numpy())
    assert scope.explain("0", (2, 3, 3)).matches
    assert scope.explain("1", (2, 3, 3)).method == "gradient"
    assert scope.receptive_field("2", (2, 3, 3)).mask.any()
    assert cw.explain(model[0], images.normalize(images.images[0]), "(model)", (0, 0, 0)).matches
    with cw.apply_edits(model, [cw.Ablate("0", 0)]) as edited:
        assert not edited(torch.ones(1, 1, 8, 8)).isnan().any()
    change = cw.SetKernel("0", 0, 0, np.zeros((3, 3)))
    words = "the weight of '0' is computed from others before each run"
    with pytest.raises(ValueError, match=words), cw.apply_edits(model, [change]):
        pass


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_quantized_linear_layer_is_one_layer():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3)).eval()
    model = torch.ao.quantization.quantize_dynamic(model, {nn.Linear})
    images = small_set()
    scope = cw.Microscope(model, images)
    assert [layer.name for layer in scope.layers] == ["0", "1", "2"]
    scores = model(torch.from_numpy(images.normalize(images.images[:1])))
    assert np.array_equal(scope.maps("2"), scores[0].detach().numpy())
    assert scope.kernels("2") is None


def test_a_model_may_score_more_classes_than_the_set_has():
    scope = cw.Microscope(nn.Sequential(nn.Flatten(), nn.Linear(64, 7)), small_set())
    assert scope.prediction.logits.shape == (7,)
    assert scope.predicted().shape == (4,)


def test_one_logit_is_no_score_for_each_class_and_what_makes_it_two_is_said():
    class Two(nn.Sequential):
        def forward(self, images):
            x = super().forward(images)
            return torch.cat([torch.zeros_like(x), x], 1)

    parts = nn.Flatten(), nn.Linear(64, 1)
    with pytest.raises(ValueError, match=r"gives \(1, 1\) for 1 image, .*torch.cat\(\[torch.zer"):
        cw.Microscope(nn.Sequential(*parts), small_set()).predicted()
    scope = cw.Microscope(Two(*parts), small_set())
    logit = float(scope.run["1"])
    assert scope.prediction.probabilities[1] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


def test_a_single_number_without_axes_is_said_to_be_one():
    scope = cw.Microscope(nn.Sequential(nn.Conv2d(1, 1, 8), Functional()), small_set())
    with pytest.raises(ValueError, match=r"does not score classes: it gives \(\) for 1 image"):
        scope.predicted()


class Detector(nn.Module):
    """Finds one thing in each image, and says so as torchvision's detectors do."""

    def forward(self, x):
        box = torch.tensor([[0.0, 0.0, 5.0, 3.0]])
        return [{"boxes": box, "scores": box.new_ones(1)} for _ in x]


def test_the_box_of_a_detector_is_not_read_as_scores_of_classes():
    scope = cw.Microscope(nn.Sequential(nn.Conv2d(1, 2, 3), Detector()), small_set())
    assert scope.prediction is None
    with pytest.raises(ValueError, match="Sequential does not score classes"):
        scope.predicted()


def test_numbers_that_are_no_numbers_are_shown_as_they_are(page):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3))
    with torch.no_grad():
        model[0].bias[:] = torch.tensor([float("nan"), float("inf")])
    scope = cw.Microscope(model, small_set())
    cw.Dashboard(scope)
    assert np.isnan(scope.maps("0")[0]).all()
    assert np.isposinf(scope.maps("0")[1]).all()
    assert scope.prediction.best is None
    scope.index = 1


@pytest.mark.parametrize(("layer", "channel", "pixel"), [("1", 0, (2, 7)), ("3", 3, (1, 5))])
def test_the_selected_place_is_explained_in_a_layer_of_any_number_of_axes(layer, channel, pixel):
    model = nn.Sequential(
        nn.Flatten(2), nn.Conv1d(1, 4, 3), nn.Unflatten(2, (2, 31)), nn.Identity(), nn.Flatten()
    )
    scope = cw.Microscope(model, small_set())
    with scope.hold_trait_notifications():
        scope.layer, scope.channel, scope.pixel = layer, channel, pixel
    assert scope.explain().stored == scope.maps()[(channel, *pixel)]
    assert scope.receptive_field().mask.any()


@pytest.mark.parametrize("layer", ["0", "1"])
def test_without_a_chosen_pixel_no_value_of_a_map_is_explained(layer):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(2), nn.Flatten())
    scope = cw.Microscope(model, small_set())
    scope.layer = layer
    for look in (scope.explain, scope.receptive_field):
        with pytest.raises(ValueError, match=r"no pixel is chosen; set scope\.pixel"):
            look()
    scope.layer = "2"
    assert scope.explain().unit == (0,)


def test_values_whose_first_axis_is_not_the_image_are_not_told_apart():
    scope = cw.Microscope(nn.Sequential(nn.Conv2d(1, 4, 3), Positions(), nn.ReLU()), small_set())
    scope.layer, scope.pixel = "2", (0, 3)
    for look in (scope.explain, scope.receptive_field):
        with pytest.raises(ValueError, match=r"'2' gave \(36, 1, 4\) for one image: its first"):
            look()


class Positions(nn.Module):
    """Puts the positions before the images, as sequence models want them."""

    def forward(self, x):
        return x.flatten(2).permute(2, 0, 1)


def test_a_name_with_a_colon_is_no_other_layers_second_call():
    model = nn.Sequential(OrderedDict([("a", nn.ReLU()), ("a:2", nn.Tanh())]))
    model.add_module("again", model.a)
    scope = cw.Microscope(model, small_set())
    assert [layer.name for layer in scope.layers] == ["a", "a:2", "a::2"]
    assert [scope.explain(layer, (0, 1, 1)).kind for layer in ("a:2", "a::2")] == ["Tanh", "ReLU"]
