"""KernelEditor: what a page asks for is what plain PyTorch does with the same weights."""

import json

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from tests.samples import small_set
from tests.servers import eventually


@pytest.fixture
def editor(page, scope):
    scope.layer, scope.channel = "conv2", 3
    return cw.KernelEditor(scope)


def draft(editor, values=None, bias=None, gesture=1, serial=1, **changes):
    values = np.ravel(values).tolist() if isinstance(values, np.ndarray) else values
    kernel = {"layer": editor.owner, "filter": editor.filter, "input": editor.input}
    made = {**kernel, "values": values, "bias": bias, "gesture": gesture, "serial": serial}
    return {"draft": {**made, **changes}}


def by_hand(scope, change):
    """The logits of a copy of the network after `change(weights)`."""
    model = cw.DigitCNN().eval()
    model.load_state_dict(scope.history.at(scope.step).weights)
    with torch.no_grad():
        change(model)
        batch = torch.from_numpy(scope.images.normalize(scope.image[None]))
        return model(batch)[0].numpy()


def weights_of(scope, layer):
    return scope.history.at(scope.step).weights[f"{layer}.weight"].numpy()


def test_it_shows_the_selected_kernel_and_follows(editor, scope):
    np.testing.assert_array_equal(editor.values, weights_of(scope, "conv2")[3, 0])
    assert (editor.owner, editor.filter, editor.inputs) == ("conv2", 3, 8)
    assert editor.limit == pytest.approx(np.abs(weights_of(scope, "conv2")).max())
    editor.input = 5
    np.testing.assert_array_equal(editor.values, weights_of(scope, "conv2")[3, 5])
    scope.layer, scope.channel = "pool1", 2
    assert (editor.owner, editor.filter, editor.input) == ("conv1", 2, 0)
    np.testing.assert_array_equal(editor.values, weights_of(scope, "conv1")[2, 0])
    scope.step = scope.history.steps[0]
    np.testing.assert_array_equal(editor.values, weights_of(scope, "conv1")[2, 0])


def test_a_pages_draft_changes_what_every_view_shows_as_plain_pytorch_does(page, editor, scope):
    wanted = editor.values.copy()
    wanted[1, 2] += 0.75
    page.write(editor, draft(editor, wanted, serial=7))
    assert editor.error == ""
    assert editor.taken == 7
    np.testing.assert_array_equal(editor.values, wanted)

    def change(model):
        model.conv2.weight[3, 0] = torch.from_numpy(wanted)

    np.testing.assert_array_equal(scope.prediction.logits, by_hand(scope, change))
    assert editor.edits == ["SetKernel('conv2', filter=3, input=0, values=5×5)"]
    names = {"model": cw.DigitCNN()}
    names["model"].load_state_dict(scope.history.at(scope.step).weights)
    exec(editor.code, names)
    np.testing.assert_array_equal(names["model"].conv2.weight[3, 0].detach(), wanted)


def test_a_bias_is_changed_and_put_back(page, editor, scope):
    page.write(editor, draft(editor, bias=1.5))
    assert editor.bias == 1.5

    def change(model):
        model.conv2.bias[3] = 1.5

    np.testing.assert_array_equal(scope.prediction.logits, by_hand(scope, change))
    editor.revert()
    assert scope.edits == ()


def test_nudges_of_one_gesture_are_one_edit_and_one_undo(page, editor, scope):
    before = scope.maps("fc")
    for serial in range(5):
        page.write(editor, draft(editor, editor.values + 0.25, gesture=4, serial=serial))
    assert len(scope.edits) == 1
    assert editor.can_undo
    page.ask(editor, {"do": "undo"})
    assert scope.edits == ()
    assert not editor.can_undo
    np.testing.assert_array_equal(scope.maps("fc"), before)
    page.ask(editor, {"do": "redo"})
    assert len(scope.edits) == 1


def test_presets_revert_and_remove_leave_the_other_edits(page, editor, scope):
    scope.edits = (cw.Ablate("conv1", 1),)
    page.ask(editor, {"do": "preset", "name": "zeros"})
    assert (editor.values == 0).all()
    page.ask(editor, {"do": "preset", "name": "original"})
    assert scope.edits == (cw.Ablate("conv1", 1),)
    page.ask(editor, {"do": "preset", "name": "negate"})
    np.testing.assert_array_equal(editor.values, -editor.original)
    page.ask(editor, {"do": "remove", "place": 0})
    assert [type(edit) for edit in scope.edits] == [cw.SetKernel]
    page.ask(editor, {"do": "revert"})
    assert scope.edits == ()


def test_after_an_edit_of_the_whole_filter_one_kernel_can_still_be_what_it_was(editor, scope):
    scope.edits = (cw.SetKernel("conv2", 3, None, np.zeros((8, 5, 5))),)
    assert (editor.values == 0).all()
    editor.revert()
    np.testing.assert_array_equal(editor.values, editor.original)
    editor.input = 1
    assert (editor.values == 0).all()


def test_a_unit_of_a_linear_layer_is_edited_as_the_maps_it_reads(editor, scope):
    scope.layer, scope.channel = "fc", 7
    editor.input = 4
    row = weights_of(scope, "fc")[7].reshape(16, 7, 7)
    np.testing.assert_array_equal(editor.values, row[4])
    editor.change(0.5)

    def change(model):
        model.fc.weight[7].view(16, 7, 7)[4] = 0.5

    # PyTorch reads rows of another matrix in another order of sums.
    np.testing.assert_allclose(scope.prediction.logits, by_hand(scope, change), atol=1e-4)
    editor.revert()
    assert scope.edits == ()


def test_a_layer_whose_maps_are_edited_still_finds_its_kernel(editor, scope):
    scope.edits = (cw.Ablate("relu1", 0),)
    scope.layer, scope.channel = "relu1", 4
    assert (editor.owner, editor.filter) == ("conv1", 4)


def test_a_layer_without_kernels_says_so(page):
    model = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten())
    images = cw.ImageSet.from_arrays(np.zeros((2, 4, 4), np.uint8), [0, 1])
    editor = cw.KernelEditor(cw.Microscope(model, images))
    assert editor.values is None
    with pytest.raises(ValueError, match="'0' has no kernel to change"):
        editor.change(0)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"values": [0.0] * 24}, "5×5 finite numbers"),
        ({"values": ["0"] * 25}, "5×5 finite numbers"),
        ({"values": [float("nan")] * 25}, "5×5 finite numbers"),
        ({"values": [1e39] * 25}, "5×5 finite numbers"),
        ({"values": None, "bias": None}, "5×5 finite numbers"),
        ({"values": [0.0] * 25, "bias": 1.0}, "5×5 finite numbers"),
        ({"serial": "x"}, "5×5 finite numbers"),
        ({"gesture": [1]}, "5×5 finite numbers"),
        ({"filter": 9}, "another kernel was chosen"),
        ({"layer": ["conv2"]}, "another kernel was chosen"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_in_words(page, editor, scope, bad, words):
    page.write(editor, draft(editor, **{"values": np.zeros((5, 5)), **bad}))
    assert words in editor.error
    assert scope.edits == ()
    page.write(editor, draft(editor, np.zeros((5, 5)), serial=3))
    assert editor.error == ""
    assert len(scope.edits) == 1


@pytest.mark.parametrize(
    "message",
    [None, [], {"do": 7}, {"do": "preset"}, {"do": "preset", "name": "emboss"}, {"do": "undo"},
     {"do": "remove", "place": 0}, {"do": "remove", "place": True}, {"do": "remove", "place": -1},
     {"do": "train_on"}, {"do": "close"}],
)  # fmt: skip
def test_a_request_that_cannot_be_is_refused_in_words(page, editor, scope, message):
    page.ask(editor, message)
    assert len(editor.error) > 10
    assert scope.edits == ()


@pytest.mark.parametrize("state", [{"values": None}, {"code": "x"}, {"input": 8}, {"input": -1}])
def test_a_page_writes_only_what_it_may(page, editor, state):
    page.write(editor, state)
    assert editor.error
    assert editor.input == 0


def test_a_kernel_of_another_shape_is_refused(editor):
    with pytest.raises(ValueError, match="values are 3×3, and must be 5×5"):
        editor.change(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="finite"):
        editor.change(np.nan)


@pytest.fixture
def session():
    digits = cw.load("mnist", split="train")
    few = cw.ImageSet.from_arrays(digits.images[:300], digits.labels[:300], name="few")
    torch.manual_seed(0)
    made = cw.TrainingSession(cw.DigitCNN(), few, epochs=1, batch_size=100, optimizer="sgd")
    yield made
    made.stop().result(10)


def test_train_on_hands_the_weights_to_the_training(page, session):
    scope = cw.Microscope(session.model, session.images, history=session.history)
    editor = cw.KernelEditor(scope, session)
    assert editor.can_train
    page.ask(editor, {"do": "train_on"})
    assert "no weight was changed" in editor.error
    scope.edits = (cw.Ablate("conv1", 2), cw.SetKernel("conv1", 0, 0, np.full((5, 5), 0.25)))
    expected = scope.maps("fc")
    page.ask(editor, {"do": "train_on"})
    assert editor.error == ""
    eventually(lambda: scope.step == 3, "it trained on")
    eventually(lambda: scope.edits == (cw.Ablate("conv1", 2),), "the slide's own edit is left")
    scope.step = 0
    np.testing.assert_array_equal(scope.maps("fc"), expected)
    page.ask(editor, {"do": "train_on"})
    assert "no weight was changed" in editor.error


def test_train_on_from_an_earlier_step_is_refused(page, session):
    scope = cw.Microscope(session.model, session.images, history=session.history)
    editor = cw.KernelEditor(scope, session)
    session.step(2).result(20)
    eventually(lambda: scope.step == 2, "the microscope follows")
    scope.step = 0
    scope.edits = (cw.SetBias("conv1", 0, 1.0),)
    with pytest.raises(ValueError, match="you look at step 0, and the training is at 2"):
        editor.train_on().result(20)
    page.ask(editor, {"do": "train_on"})
    eventually(lambda: "you look at step 0" in editor.error, "the reason is shown")


def test_a_session_that_is_still_to_be_made_is_made_when_weights_are_to_be_trained_on(
    page, session
):
    asked = []
    scope = cw.Microscope(session.model, session.images, history=session.history)
    editor = cw.KernelEditor(scope, lambda: asked.append(1) or session)
    page.ask(editor, {"do": "train_on"})
    assert "no weight was changed" in editor.error
    assert editor.can_train
    assert not asked
    scope.edits = (cw.SetKernel("conv1", 0, 0, np.zeros((5, 5))),)
    editor.train_on().result(20)
    eventually(lambda: scope.step == 3, "it trained on")
    assert asked == [1]
    scope.edits = (cw.SetBias("conv1", 0, 1.0),)
    editor.train_on().result(20)
    eventually(lambda: scope.step == 6, "a finished run goes on for an epoch")


def test_a_session_that_cannot_be_made_is_told_in_words(page, scope):
    def make():
        raise OSError("no space left")

    editor = cw.KernelEditor(scope, make)
    scope.edits = (cw.SetBias("conv1", 0, 1.0),)
    page.ask(editor, {"do": "train_on"})
    eventually(lambda: "no space left" in editor.error, "the reason is shown")
    assert len(scope.edits) == 1


def test_closed_it_follows_no_longer(editor, scope):
    other = cw.Prediction(scope)
    editor.close()
    before = editor.values
    scope.edits = (cw.SetKernel("conv2", 3, 0, np.zeros((5, 5))),)
    assert editor.values is before
    other.close()


def test_a_bias_that_is_no_number_reaches_a_page_as_the_words_that_it_has_for_it(page):
    torch.manual_seed(0)
    model = cw.DigitCNN(1, 8, 3)
    scope = cw.Microscope(model, small_set())
    scope.layer = "conv1"
    editor = cw.KernelEditor(scope)
    for bias, word in ((np.nan, "NaN"), (np.inf, "Infinity"), (-np.inf, "-Infinity")):
        with torch.no_grad():
            model.conv1.bias[0] = bias
        other = cw.KernelEditor(cw.Microscope(model, small_set()))
        other.scope.layer = "conv1"
        sent = other.get_state(["bias", "original_bias"])
        assert sent == {"bias": word, "original_bias": word}
        assert json.loads(json.dumps(sent, allow_nan=False)) == sent
    assert editor.get_state("bias") == {"bias": editor.bias}
