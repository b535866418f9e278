"""What a Probe says when something does not fit."""

import gc

import pytest
import torch
from torch import nn

from cnnwidgets.network.layers import describe
from cnnwidgets.network.probe import Probe


def digit_model():
    """Two convolutions and a linear layer, for 1×8×8 images."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Flatten(), nn.Linear(32, 10)
    )


def tiny_model():
    """A layer of 8 float32 numbers, then the same again: with the output, 96 bytes."""
    return nn.Sequential(nn.ReLU(), nn.Tanh())


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 3, 8, 8), "batch has 3 channels, (2, 3, 8, 8); '0' takes 1"),
        ((2, 8), "batch has 2 axes, (2, 8); '0' takes 4"),
        (
            (2, 1, 10, 10),
            "its input has 72 features, (2, 72); '4' takes 32;"
            " the images may not have the size that the model was made for",
        ),
        (
            (1, 8, 8),
            "its input has 16 features, (2, 16); '4' takes 32;"
            " the images may not have the size that the model was made for;"
            " is the batch axis missing? add it with batch[None]",
        ),
    ],
)
def test_a_batch_of_the_wrong_shape_is_refused_in_one_sentence(shape, words):
    with pytest.raises(ValueError, match="takes") as caught:
        Probe(digit_model()).run(torch.zeros(shape))
    assert str(caught.value) == words
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_layer_that_does_not_fit_the_one_before_it_is_named():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(5))
    with pytest.raises(ValueError, match=r"its input has 4 channels, .* '1' takes 5"):
        Probe(model).run(torch.zeros(1, 1, 8, 8))


def test_images_for_a_model_of_videos_lack_an_axis_and_no_channels():
    with pytest.raises(ValueError, match="takes") as caught:
        Probe(nn.Sequential(nn.Conv3d(3, 4, 3))).run(torch.zeros(1, 3, 8, 8))
    assert str(caught.value) == "batch has 4 axes, (1, 3, 8, 8); '0' takes 5"


def test_integer_pixels_are_refused_where_numbers_are_computed():
    with pytest.raises(ValueError, match="batch holds uint8 values; '0' computes in float32"):
        Probe(digit_model()).run(torch.zeros(1, 1, 8, 8, dtype=torch.uint8))


def test_an_error_in_a_layer_propagates_with_the_layer_named():
    model = digit_model()
    error = LookupError("mine")

    def fail(x):
        raise error

    model[2].forward = fail
    with pytest.raises(LookupError) as caught:
        Probe(model).run(torch.zeros(1, 1, 8, 8))
    assert caught.value is error
    assert error.__notes__ == ["while running layer '2' (Conv2d) on an input of shape (1, 4, 6, 6)"]


def test_an_error_between_layers_names_the_layer_before_it():
    class Between(nn.Sequential):
        def forward(self, x):
            return self[0](x).reshape(7)

    with pytest.raises(RuntimeError) as caught:
        Probe(Between(nn.ReLU())).run(torch.zeros(1, 3))
    assert caught.value.__notes__ == [
        "after layer '0', outside any layer, for a batch of shape (1, 3)"
    ]


def test_a_layer_whose_error_the_model_caught_is_not_blamed_later():
    class Forgiving(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.MultiheadAttention(2, 1)
            self.relu = nn.ReLU()
            self.block.forward = self._try

        def _try(self, x):
            try:
                self.block.out_proj("no tensor")
            except TypeError:
                return x

        def forward(self, x):
            self.relu(self.block(x))
            raise LookupError

    with pytest.raises(LookupError) as caught:
        Probe(Forgiving()).run(torch.zeros(1, 2))
    assert caught.value.__notes__[0].startswith("after layer 'relu', outside any layer")


def test_an_error_that_someone_keeps_does_not_keep_the_copies():
    model = nn.Sequential(nn.Flatten(), nn.Linear(37, 5), nn.ReLU())
    model[2].forward = None
    with pytest.raises(TypeError) as caught:
        Probe(model).run(torch.zeros(1, 1, 37))
    gc.collect()
    shapes = [tuple(thing.shape) for thing in gc.get_objects() if type(thing) is torch.Tensor]
    assert caught.value.__traceback__ is not None
    assert (1, 37) not in shapes


def test_the_layers_of_the_last_good_run_stay_after_a_failed_one():
    probe = Probe(digit_model())
    layers = probe.run(torch.zeros(1, 1, 8, 8)).layers
    with pytest.raises(ValueError, match="batch has 3 channels"):
        probe.run(torch.zeros(1, 3, 8, 8))
    assert probe.layers == layers


def test_a_budget_that_just_suffices_is_kept():
    run = Probe(tiny_model(), budget_bytes=96).run(torch.zeros(2, 4))
    assert len(run) == 2


def test_a_budget_passed_names_the_layer_and_the_remedy():
    with pytest.raises(MemoryError) as caught:
        Probe(tiny_model(), budget_bytes=63).run(torch.zeros(2, 4))
    assert str(caught.value) == (
        "recording '1' needs 32 bytes more, which passes the budget of 63 bytes;"
        " ask for fewer layers with run(batch, layers=[...]) or raise budget_bytes"
    )


def test_the_output_counts_in_the_budget():
    with pytest.raises(MemoryError, match="recording the output needs 32 bytes more"):
        Probe(tiny_model(), budget_bytes=95).run(torch.zeros(2, 4))


def test_the_budget_is_checked_before_anything_is_copied():
    class Huge(nn.Module):
        def forward(self, x):
            return x.expand(2**50, 2)  # four petabytes, were it copied

    with pytest.raises(MemoryError, match=r"needs 9007199\.3 GB more, .* the budget of 1\.1 GB"):
        Probe(Huge()).run(torch.zeros(1, 2))


def test_asking_for_fewer_layers_stays_within_the_budget():
    run = Probe(tiny_model(), budget_bytes=64).run(torch.zeros(2, 4), layers=["1"])
    assert list(run) == ["1"]


def test_a_refused_copy_is_told_even_if_the_model_catches_it():
    class Careless(nn.Sequential):
        def forward(self, x):
            try:
                return self[0](x)
            except Exception:
                return x[:0]

    with pytest.raises(MemoryError, match="recording '0'"):
        Probe(Careless(nn.ReLU()), budget_bytes=8).run(torch.zeros(1, 4))


@pytest.mark.parametrize(
    ("budget", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_a_budget_that_is_no_number_of_bytes_is_refused(budget, error):
    with pytest.raises(error, match=r"budget_bytes \(=.*\) must be"):
        Probe(nn.ReLU(), budget_bytes=budget)


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"must be a torch.nn.Module, not a builtin"):
        Probe(torch.relu)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("make", ["script", "trace"])
def test_torchscript_is_refused_with_the_remedy(make):
    args = () if make == "script" else (torch.zeros(1, 3),)
    scripted = getattr(torch.jit, make)(nn.Sequential(nn.ReLU()), *args)
    with pytest.raises(TypeError, match=r"the model is a TorchScript module .* made from"):
        Probe(scripted)
    with pytest.raises(TypeError, match="'0' is a TorchScript module"):
        Probe(nn.Sequential(scripted))


def test_a_lazy_layer_is_refused_until_it_has_weights():
    model = nn.Sequential(nn.LazyLinear(2))
    with pytest.raises(ValueError, match="layer '0' is lazy and has no weights yet"):
        Probe(model)


@pytest.mark.parametrize("batch", [[[1.0]], "digit", None])
def test_what_is_no_array_is_refused(batch):
    with pytest.raises(TypeError, match="batch must be a torch tensor or a numpy array, not a"):
        Probe(nn.ReLU()).run(batch)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Conv2d(1, 8, 5, padding=2), "5×5, padding 2"),
        (
            nn.Conv2d(4, 8, (3, 1), stride=(2, 1), dilation=2, groups=4, padding_mode="reflect"),
            "3×1, stride 2×1, dilation 2, 4 groups",
        ),
        (nn.Conv2d(1, 1, 3, padding="same", padding_mode="circular"), "3×3, circular padding same"),
        (nn.ConvTranspose2d(1, 1, 2, stride=2), "2×2, transposed, stride 2"),
        (nn.Conv1d(1, 1, 3), "3"),
        (nn.MaxPool2d(2), "max 2×2"),
        (nn.MaxPool2d(3, stride=2, padding=1), "max 3×3, stride 2, padding 1"),
        (nn.AvgPool2d((2, 2), stride=2), "mean 2×2"),
        (nn.AdaptiveAvgPool2d((None, 1)), "mean, to any×1"),
        (nn.ReLU(), "max(0, x)"),
        (nn.Linear(784, 10), "784 → 10"),
        (nn.BatchNorm2d(16), "batch norm, 16 channels"),
        (nn.LayerNorm((4, 4)), "layer norm over 4×4"),
        (nn.Dropout(0.5), "drops 50 % in training"),
        (nn.Upsample(scale_factor=2), "2 times larger, nearest"),
        (nn.ZeroPad2d(2), "padding 2"),
        (nn.Softmax(1), "shares that sum to 1"),
        (nn.Sequential(), ""),
    ],
)
def test_a_layer_is_described_in_a_few_plain_words(module, words):
    assert describe(module) == words
