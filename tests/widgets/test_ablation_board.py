"""AblationBoard: its numbers are those of a loop of Ablate, and its switches are edits."""

import gc

import numpy as np
import pytest
import torch
from traitlets import TraitError

import cnnwidgets as cw
from cnnwidgets.network.edits import Ablate
from cnnwidgets.workbench import effects
from tests.samples import small_set
from tests.servers import eventually

SAMPLE = 120


@pytest.fixture
def board(page, scope):
    scope.layer = "conv2"
    made = cw.AblationBoard(scope, sample=SAMPLE)
    eventually(lambda: made.share_done == 1, "all effects are told", 60)
    return made


def brute_force(scope, edits=()):
    """The changes of accuracy by a loop: (channel,), and the shares by class."""
    model = cw.DigitCNN()
    model.load_state_dict(scope.history.at(scope.step).weights)
    model.eval()
    batch = torch.from_numpy(scope.images.normalize(scope.images.images[:SAMPLE]))
    labels = scope.images.labels[:SAMPLE]

    def hits(more=()):
        with cw.apply_edits(model, (*edits, *more)) as edited, torch.no_grad():
            return edited.eval()(batch).argmax(1).numpy() == labels

    usual = hits()
    without = np.stack([hits((Ablate(scope.layer, each),)) for each in range(16)])
    gained = without.astype(float) - usual
    by_class = np.stack([gained[:, labels == each].mean(1) for each in range(10)], axis=1)
    return usual.mean(), gained.mean(1), by_class


def test_its_numbers_are_those_of_a_brute_force_loop(board, scope):
    accuracy, changes, by_class = brute_force(scope)
    assert board.accuracy == pytest.approx(accuracy)
    np.testing.assert_allclose(board.changes, changes, atol=1e-7)
    np.testing.assert_allclose(board.by_class, by_class, atol=1e-7)
    for channel, worst in enumerate(board.worst):
        lowest = by_class[channel].min()
        assert lowest == by_class[channel][worst] if worst >= 0 else lowest >= 0


def test_a_switch_is_an_edit_and_leaves_the_numbers(page, board, scope):
    before = board.changes
    scope.edits = (cw.SetBias("conv2", 0, 0.25),)
    eventually(lambda: board.share_done == 1 and board.changes is not before, "told anew", 60)
    _, changes, _ = brute_force(scope, scope.edits)
    np.testing.assert_allclose(board.changes, changes, atol=1e-7)
    told = board.changes
    page.write(board, {"silenced": [7, 3]})
    assert board.error == ""
    assert scope.edits == (cw.SetBias("conv2", 0, 0.25), Ablate("conv2", 3), Ablate("conv2", 7))
    assert board.silenced == [3, 7]
    assert (scope.maps()[[3, 7]] == 0).all()
    assert board.changes is told
    page.ask(board, {"do": "undo"})
    assert scope.edits == (cw.SetBias("conv2", 0, 0.25),)
    assert board.silenced == []
    page.ask(board, {"do": "undo"})
    assert scope.edits == ()
    np.testing.assert_array_equal(board.changes, before)  # remembered, and at once
    assert board.share_done == 1


def test_another_layer_or_step_is_told_anew_and_an_earlier_one_remembered(board, scope):
    first = board.changes
    scope.layer = "conv1"
    assert board.channels == 8
    assert board.changes is None
    eventually(lambda: board.share_done == 1, "conv1 is told", 60)
    assert len(board.changes) == 8
    scope.layer = "conv2"
    np.testing.assert_array_equal(board.changes, first)
    scope.step = scope.history.steps[2]
    eventually(lambda: board.share_done == 1, "the earlier step is told", 60)
    np.testing.assert_allclose(board.changes, brute_force(scope)[1], atol=1e-7)


def test_only_the_last_of_many_layers_is_worked_out(page, scope):
    board = cw.AblationBoard(scope, sample=SAMPLE)
    for layer in ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2"):
        scope.layer = layer
    eventually(lambda: board.share_done == 1, "the last is told", 60)
    assert (board.board_layer, len(board.changes)) == ("pool2", 16)


@pytest.mark.parametrize(
    "state",
    [{"silenced": [16]}, {"silenced": [-1]}, {"silenced": "all"}, {"silenced": [0.5]},
     {"silenced": None}, {"order": 10}, {"order": -3}, {"order": "8"}, {"changes": None},
     {"sample": 5}],
)  # fmt: skip
def test_a_page_that_lies_is_refused_in_a_sentence(page, board, scope, state):
    page.write(board, state)
    assert len(board.error) > 10
    assert scope.edits == ()
    assert (board.order, board.silenced) == (-2, [])


@pytest.mark.parametrize("message", [None, 3, {}, {"do": "play"}, {"do": "undo"}, {"do": ["undo"]}])
def test_a_request_that_cannot_be_is_refused_in_a_sentence(page, board, scope, message):
    page.ask(board, message)
    assert len(board.error) > 10
    assert scope.edits == ()


def test_a_network_without_classes_has_an_empty_board(page):
    images = cw.ImageSet.from_arrays(np.zeros((2, 4, 4), np.uint8), [0, 1])
    board = cw.AblationBoard(cw.Microscope(torch.nn.Conv2d(1, 2, 3), images))
    assert (board.channels, board.board_layer, board.changes) == (0, "", None)


def test_it_can_be_made_in_the_order_of_a_class(page, scope):
    assert cw.AblationBoard(scope, sample=SAMPLE, order=3).order == 3
    with pytest.raises(TraitError, match="a class by its number"):
        cw.AblationBoard(scope, sample=SAMPLE, order=10)


def test_effects_of_a_layer_that_was_left_as_they_were_told_are_not_shown(
    board, scope, monkeypatch
):
    def measured(*given):
        found = effects.known(scope, SAMPLE)
        scope.layer = "conv1"  # at the last moment
        return found

    monkeypatch.setattr(board._pulse, "poke", lambda: None)
    monkeypatch.setattr(effects, "measured", measured)
    board._measure()
    assert (board.board_layer, board.channels) == ("conv1", 8)
    assert (board.changes, board.share_done) == (None, 0)


def test_a_layer_is_named_as_the_model_names_it_and_a_later_call_by_its_first(page):
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("a", torch.nn.Conv2d(1, 2, 3))
            self.add_module("a:b", torch.nn.ReLU())
            self.end = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(72, 3))

        def forward(self, x):
            act = getattr(self, "a:b")
            return self.end(act(act(self.a(x))))

    scope = cw.Microscope(Twice(), small_set())
    for layer, base in (("a", "a"), ("a:b", "a:b"), ("a:b:2", "a:b")):
        scope.layer = layer
        assert effects.channels_of(scope) == (base, 2)


def test_a_bad_sample_is_refused(scope):
    with pytest.raises(ValueError, match=r"sample \(=0\) must be a number of images"):
        cw.AblationBoard(scope, sample=0)


def test_closed_it_works_nothing_out(page, scope):
    board = cw.AblationBoard(scope, sample=SAMPLE)
    board.close()
    scope.layer = "pool2"
    gc.collect()
    assert board.board_layer != "pool2"
