"""A page that lies to what explains and edits: the edits stay whole, and every number true."""

import copy
import random

import numpy as np
import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.network.edits import WeightEdit
from tests.pages import wait_for
from tests.widgets.test_hostile import check_growth, mutated

MESSAGES = 5_000
SEED = 20262
MEASURED = range(2000, 4000)  # by then the undo list is as long as it gets, or nearly


class Desk:
    """The four widgets on one microscope."""

    def __init__(self, scope):
        self.scope = scope
        self.inspector = cw.PixelInspector(scope)
        self.editor = cw.KernelEditor(scope)
        self.board = cw.AblationBoard(scope, sample=10)
        self.comparison = cw.Compare(scope)
        self.widgets = (self.inspector, self.editor, self.board, self.comparison)

    def draft(self, chance):
        """What an honest page would make of the kernel that is shown."""
        editor = self.editor
        values, bias = None, chance.uniform(-1, 1)
        if editor.values is not None and chance.random() < 0.8:
            values, bias = [chance.uniform(-1, 1) for _ in range(editor.values.size)], None
        return {
            "layer": editor.owner,
            "filter": editor.filter,
            "input": editor.input,
            "values": values,
            "bias": bias,
            "gesture": chance.randrange(20),
            "serial": chance.random(),
        }

    def honest(self, page, chance):
        """One of the messages that an honest page sends."""
        stage, steps = self.scope._stage, self.scope.history.steps
        presets = ({"do": "preset", "name": name} for name in ("blur", "sobel x", "original"))
        asked = {
            self.editor: [
                *({"do": wish} for wish in ("undo", "redo", "revert", "revert_all", "train_on")),
                *presets,
                {"do": "remove", "place": 0},
            ],
            self.board: [{"do": "undo"}, {"do": "redo"}],
            self.comparison: [{"do": "pin"}, {"do": "unpin"}],
        }
        written = {
            stage: [
                {"index": 3}, {"layer": "conv2", "channel": 2, "pixel": [1, 2]}, {"layer": "conv1"},
                {"layer": "fc", "channel": 3, "pixel": None}, {"pixel": [3, 4]}, {"step": steps[4]},
                {"step": steps[-1]},
            ],
            self.editor: [*({"draft": self.draft(chance)} for _ in range(2)), {"input": 1}],
            self.board: [{"order": -1}, {"order": 3}, {"silenced": [1, 3]}, {"silenced": []}],
            self.inspector: [{"input_cell": [0, 3, 4]}, {"input_cell": None}],
        }  # fmt: skip
        send, of = (page.write, written) if chance.random() < 0.7 else (page.ask, asked)
        widget = chance.choice(list(of))
        return send, widget, chance.choice(of[widget])

    def check(self):
        """Every widget says what follows from the microscope, worked out apart from it."""
        scope, editor, board = self.scope, self.editor, self.board
        model = cw.DigitCNN()
        model.load_state_dict(scope.history.at(scope.step).weights)
        owner = editor.owner
        trained = _kernel(model, editor)
        with cw.apply_edits(model, scope.edits) as edited, torch.no_grad():
            assert len(editor.edits) == len(scope.edits)
            if owner:
                np.testing.assert_array_equal(editor.values, _kernel(edited, editor))
                assert editor.bias == float(edited.get_submodule(owner).bias[editor.filter])
                np.testing.assert_array_equal(editor.original, trained)
            run = cw.Probe(edited).run(scope.run.input)
            maps = run[scope.layer][0].numpy()
        np.testing.assert_allclose(
            scope.maps(), maps, rtol=1e-4, atol=1e-5
        )  # other kernels of BLAS
        silent = {e.channel for e in scope.edits if _silences(e, scope.layer)}
        assert (board.board_layer, board.silenced) == (scope.layer, sorted(silent))
        comparison, inspector = self.comparison, self.inspector
        np.testing.assert_array_equal(comparison.b_map.ravel(), scope.maps()[scope.channel].ravel())
        if comparison.difference is not None:
            less = comparison.b_map - comparison.a_map
            np.testing.assert_array_equal(comparison.difference, less)
        if inspector.of:
            stored = scope.maps()[(scope.channel, *(scope.pixel or ()))]
            assert (inspector.of, inspector.values[2]) == (scope.layer, stored)
            assert inspector.matches or inspector.note
        for widget in (scope._stage, *self.widgets):
            assert len(widget.error) <= 403, widget


def _kernel(model, editor):
    """The kernel that an editor shows, of a model."""
    if not editor.owner:
        return None
    weight = model.get_submodule(editor.owner).weight.detach()[editor.filter]
    shape = (editor.inputs, *editor.values.shape)
    return weight.reshape(shape)[editor.input].numpy().copy()


def _silences(edit, layer):
    return isinstance(edit, cw.Ablate) and edit.layer == layer


@pytest.fixture
def desk(page, scope):
    return Desk(scope)


def test_five_thousand_mutated_messages_break_no_edit_and_no_number(page, desk, caplog):
    chance = random.Random(SEED)
    refused = changed = 0
    for number in range(MESSAGES):
        send, widget, message = desk.honest(page, chance)
        before = desk.scope.edits
        sent = message if number % 3 == 0 else mutated(copy.deepcopy(message), chance)
        send(widget, sent)
        refused += bool(widget.error)
        changed += desk.scope.edits != before
        page.clear()
        check_growth(number, MEASURED)
        if number % 100 == 0:
            desk.check()
    desk.check()
    assert not caplog.records, "an exception reached the log"
    assert MESSAGES / 4 < refused < MESSAGES
    assert changed > MESSAGES / 20
    answers(page, desk)


def answers(page, desk):
    """The next valid message of each kind does what it says, and what was done can be undone."""
    scope, editor, board = desk.scope, desk.editor, desk.board
    page.write(scope._stage, {"step": scope.history.steps[-1]})
    page.ask(editor, {"do": "revert_all"})
    assert scope.edits == ()
    page.write(scope._stage, {"index": 9, "layer": "conv2", "channel": 12, "pixel": [1, 2]})
    page.write(editor, {"input": 3})
    page.ask(desk.comparison, {"do": "pin"})
    draft = {**desk.draft(random.Random(1)), "values": [0.25] * 25, "bias": None, "gesture": -1}
    page.write(editor, {"draft": draft})
    assert (editor.values == 0.25).all()
    page.write(board, {"silenced": [2]})
    assert scope.edits[1:] == (cw.Ablate("conv2", 2),)
    assert isinstance(scope.edits[0], WeightEdit)
    assert np.abs(desk.comparison.difference).max() > 0
    page.write(desk.inspector, {"input_cell": [0, 3, 4]})
    assert desk.inspector.input_values[0] == scope.image[0, 3, 4]
    for widget in (scope._stage, *desk.widgets):
        assert widget.error == "", widget
    page.ask(board, {"do": "undo"})
    page.ask(board, {"do": "undo"})
    assert scope.edits == ()
    assert np.abs(desk.comparison.difference).max() == 0
    wait_for(lambda: board.share_done == 1)
    desk.check()
