"""Ablations: what a brute-force loop of Ablate gives, exactly, for any graph of modules."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import cnnwidgets as cw
from cnnwidgets.network.ablation import BATCH_IMAGES, Ablations, ablations
from cnnwidgets.network.run import LayerError


@pytest.fixture(scope="module")
def digits():
    """230 test digits, normalised (a batch and a bit, twice), and their labels."""
    few = cw.load("mnist", split="test")
    return torch.from_numpy(few.normalize(few.images[:230])), few.labels[:230]


@pytest.fixture(scope="module")
def trained():
    return cw.pretrained()[0].eval()


def brute_force(model, layer, images, edits=()):
    """The classes read with every channel, and without each: one whole forward pass for each."""
    with cw.apply_edits(model, edits) as plain, torch.no_grad():
        channels = range(cw.Probe(plain).run(images[:2])[layer].shape[1])
    batches = images.split(BATCH_IMAGES)

    def read(silent):
        with cw.apply_edits(model, (*edits, *silent)) as edited, torch.no_grad():
            return torch.cat([edited.eval()(batch).argmax(1) for batch in batches]).numpy()

    return read(()), np.stack([read((cw.Ablate(layer, channel),)) for channel in channels])


def same(found, expected):
    np.testing.assert_array_equal(found.before, expected[0])
    np.testing.assert_array_equal(found.after, expected[1])


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc"])
def test_every_layer_of_the_shipped_network_equals_the_brute_force_loop(trained, digits, layer):
    images, labels = digits
    found = ablations(trained, layer, images, labels)
    expected = brute_force(trained, layer, images)
    same(found, expected)
    accuracies = (expected[1] == labels).mean(1)
    np.testing.assert_allclose(found.changes, accuracies - found.accuracy, atol=1e-12)
    assert (found.changes != 0).any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_a_network_of_another_precision_is_given_the_images_in_its_own(trained, digits, dtype):
    images, labels = digits
    model = copy.deepcopy(trained).to(dtype)
    found = ablations(model, "conv2", images, labels)
    same(found, brute_force(model, "conv2", images.to(dtype)))
    assert found.accuracy > 0.9


def test_other_edits_of_the_layer_come_first(trained, digits):
    images, labels = digits
    edits = (cw.Ablate("conv1", 1), cw.AddNoise("conv2", 2.0), cw.Scale("conv2", 3, -4.0))
    with cw.apply_edits(trained, edits) as edited:
        same(
            ablations(edited, "conv2", images, labels), brute_force(trained, "conv2", images, edits)
        )


class Tangle(nn.Module):
    """Residual joins, one ReLU for all, in place, a block called twice, functional operations."""

    def __init__(self, inplace=True):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.relu = nn.ReLU(inplace=inplace)
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), self.relu)
        self.late = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(6 * 49, 10)

    def forward(self, x):
        x = self.stem(torch.nn.functional.avg_pool2d(x, 2))
        kept = self.relu(x)
        y = self.block(kept) + kept
        y = self.relu(self.block(y * 0.5) + self.late(y) + x)
        y += kept
        return self.head(torch.nn.functional.max_pool2d(y, 2).flatten(1))


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("layer", ["stem", "relu", "block.0", "block.1", "late", "head"])
def test_a_tangled_network_equals_the_brute_force_loop(digits, layer, inplace):
    torch.manual_seed(2)
    model = Tangle(inplace).eval()
    images, labels = digits
    found = ablations(model, layer, images, labels)
    same(found, brute_force(model, layer, images))
    assert (found.after != found.before).any()


class Chain(nn.Module):
    """Layers that keep channels apart, one behind the other, and what may come between them."""

    def __init__(self, between):
        super().__init__()
        self.first = nn.Conv2d(1, 5, 3, padding=1)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.places = nn.MaxPool2d(3, stride=2, padding=1, return_indices=True)
        self.again = nn.MaxPool2d(2)
        self.head = nn.Linear(5 * 49, 10)
        self.between = between

    def forward(self, x):
        return self.head(self.between(self, self.first(x)).flatten(1))


def plainly(m, x):
    return m.again(m.pool(m.relu(x)))


def in_place(m, x):
    y = m.pool(m.relu(x))
    y -= y.mean((1, 2, 3), keepdim=True)  # of all channels
    return m.again(y) + y[:, :, ::2, ::2]


def in_place_later(m, x):
    y = m.relu(x)
    z = m.again(m.pool(y))
    y += 1
    return z + y[:, :, ::4, ::4]


def by_keyword(m, x):
    return m.again(input=m.pool(m.relu(input=x)))


def with_places(m, x):
    return m.again(m.places(m.relu(x))[0]) + m.again(m.pool(x))


def without_versions(m, x):
    with torch.inference_mode():
        y = m.pool(m.relu(x))
        y += y.mean()
        return m.again(y)


def branching(m, x):
    return m.again(m.pool(m.relu(x))) - m.again(m.pool(x)) + m.again(m.again(m.relu(x)))


def by_value(m, x):
    """Goes another way for a picture whose channels add up to more."""
    return m.again(m.pool(m.relu(x))) if x[:, 2].any() else m.pool(m.again(x))


@pytest.mark.parametrize("layer", ["first", "relu", "pool"])
@pytest.mark.parametrize(
    "between",
    [
        plainly,
        in_place,
        in_place_later,
        by_keyword,
        with_places,
        without_versions,
        branching,
        by_value,
    ],
)
def test_a_chain_that_keeps_channels_apart_equals_the_brute_force_loop(digits, layer, between):
    torch.manual_seed(5)
    model = Chain(between).eval()
    images, labels = digits
    edits = (cw.Scale("relu", 3, -4.0), cw.Ablate("again", 1))
    for some in ((), edits):
        with cw.apply_edits(model, some) as edited:
            found = ablations(edited, layer, images, labels)
            same(found, brute_force(model, layer, images, some))
    assert (found.after != found.before).any()


def test_a_pool_behind_the_layer_works_on_the_silent_channel_alone(digits, monkeypatch):
    model = Chain(plainly).eval()
    images, labels = digits
    pooled, real = [], nn.functional.max_pool2d

    def counted(given, *args, **named):
        pooled.append(given.shape[1])
        return real(given, *args, **named)

    monkeypatch.setattr(nn.functional, "max_pool2d", counted)
    ablations(model, "first", images[:BATCH_IMAGES], labels[:BATCH_IMAGES])
    assert pooled == [5, 5] + [1, 1] * 5


def test_by_class_and_worst_are_counted_as_one_counts_by_hand():
    found = Ablations(
        "conv1",
        labels=np.array([0, 0, 1, 1, 1]),
        classes=3,
        before=np.array([0, 1, 1, 1, 0]),
        after=np.array([[0, 0, 2, 2, 0], [0, 1, 1, 1, 0]]),
    )
    assert found.accuracy == pytest.approx(0.6)
    np.testing.assert_allclose(found.changes, [-0.2, 0])
    np.testing.assert_allclose(found.by_class, [[0.5, -2 / 3, np.nan], [0, 0, np.nan]])
    assert found.worst.tolist() == [1, -1]


def test_the_network_is_left_as_it_was_whatever_happens(trained, digits):
    images, labels = digits
    before = {name: value.clone() for name, value in trained.state_dict().items()}

    class Enough(Exception):
        pass

    def stop(done, total):
        assert 0 < done <= total == len(images)
        raise Enough

    with pytest.raises(Enough):
        ablations(trained, "conv2", images, labels, progress=stop)
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())
    for module in trained.modules():
        assert "forward" not in module.__dict__
        assert not module._forward_hooks


def test_progress_goes_up_to_all_of_the_images(trained, digits):
    images, labels = digits
    told = []
    ablations(trained, "conv1", images, labels, progress=lambda *each: told.append(each))
    assert told == sorted(told)
    assert told[-1] == (230, 230)


def test_what_cannot_be_is_refused_in_words(trained, digits):
    images, labels = digits
    with pytest.raises(LayerError, match="conv9"):
        ablations(trained, "conv9", images, labels)
    with pytest.raises(ValueError, match=r"it gives \(100, 2, 26, 26\) for 100 images"):
        ablations(nn.Sequential(nn.Conv2d(1, 2, 3)), "0", images, labels)


def test_a_model_in_training_is_read_in_evaluation_and_left_as_it_was():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(108, 4)
    )
    model[3].eval()
    flags = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images, labels = torch.rand(10, 1, 8, 8), np.arange(10) % 4
    found = ablations(model, "0", images, labels)
    assert [module.training for module in model.modules()] == flags
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    same(found, brute_force(model.eval(), "0", images))


@pytest.mark.parametrize("labels", [[1], [], [[1, 2, 3]]])
def test_other_than_a_label_for_each_image_is_refused(trained, labels):
    with pytest.raises(ValueError, match=r"labels has shape .* for 3 images; give one for each"):
        ablations(trained, "conv1", torch.zeros(3, 1, 28, 28), labels)
    with pytest.raises(ValueError, match=r"labels has shape \(0,\) for 0 images"):
        ablations(trained, "conv1", torch.zeros(0, 1, 28, 28), [])
