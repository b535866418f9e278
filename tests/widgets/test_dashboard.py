"""Dashboard: its views make their widgets when they are first wanted, and close them."""

import pytest
from traitlets import TraitError

import cnnwidgets as cw
from tests.servers import eventually


@pytest.fixture
def session(scope):
    digits = cw.load("mnist", split="train")
    few = cw.ImageSet.from_arrays(digits.images[:200], digits.labels[:200], name="few")
    return cw.TrainingSession(cw.DigitCNN(), few, batch_size=50)


def test_the_view_train_is_made_when_it_is_first_wanted(page, session):
    asked = []
    scope = cw.Microscope(session.model, session.images, history=session.history)
    dashboard = cw.Dashboard(scope, session=lambda: asked.append(1) or session)
    assert dashboard.trains
    assert not asked
    page.write(dashboard, {"view": "train"})
    eventually(lambda: dashboard.monitor is not None, "the monitor")
    page.write(dashboard, {"view": "look"})
    page.write(dashboard, {"view": "train"})
    assert asked == [1]
    assert dashboard.monitor.session is session
    dashboard.close()
    assert dashboard.monitor.comm is None
    assert session._watchers._told == ()


@pytest.mark.parametrize("order", [("train", "explain"), ("explain", "train"), ("explain",)])
def test_changed_weights_are_trained_on_whichever_view_was_opened_first(page, session, order):
    asked = []
    scope = cw.Microscope(session.model, session.images, history=session.history)
    dashboard = cw.Dashboard(scope, session=lambda: asked.append(1) or session)
    parts = {"train": "monitor", "explain": "editor"}
    for view in order:
        page.write(dashboard, {"view": view})
        eventually(lambda view=view: getattr(dashboard, parts[view]), f"the view {view}")
    assert dashboard.editor.can_train
    session.set(epochs=1000).result(20)  # not over before anybody looks
    scope.edits = (cw.SetBias("conv1", 0, 1.0),)
    page.ask(dashboard.editor, {"do": "train_on"})
    eventually(lambda: scope.step > 0, "it trained on")
    eventually(lambda: dashboard.playing, "every view can tell")
    assert asked == [1]
    page.ask(dashboard, {"do": "pause"})
    eventually(lambda: not dashboard.playing, "it rests")
    assert session.wait(20).value == "paused"
    assert (dashboard.editor.error, scope.edits) == ("", ())
    dashboard.close()
    assert session._watchers._told == ()


def test_the_view_explain_needs_no_session(page, scope):
    dashboard = cw.Dashboard(scope, view="explain")
    eventually(lambda: dashboard.board is not None, "the board")
    assert dashboard.inspector.scope is dashboard.editor.scope is scope
    assert not dashboard.editor.can_train
    dashboard.close()
    assert scope._stage is None


def test_without_a_session_there_is_nothing_to_train(page, scope):
    dashboard = cw.Dashboard(scope)
    page.ask(dashboard, {"do": "pause"})
    assert "a page asks a dashboard" in dashboard.error
    page.write(dashboard, {"view": "train"})
    assert "needs a dashboard with a session" in dashboard.error
    assert dashboard.view == "look"
    with pytest.raises(TraitError):
        dashboard.view = "dream"
    with pytest.raises(ValueError, match=r"view \(='train'\)"):
        cw.Dashboard(scope, view="train")


def test_a_session_that_cannot_be_made_is_told_and_can_be_tried_again(page, scope, session):
    made = [session]

    def make():
        if made:
            return made.pop()
        raise OSError("no space left")

    made.clear()
    dashboard = cw.Dashboard(scope, session=make)
    dashboard.view = "train"
    eventually(lambda: "no space left" in dashboard.error, "the reason")
    made.append(session)
    dashboard.view = "look"
    dashboard.view = "train"
    eventually(lambda: dashboard.monitor is not None, "the monitor")
    dashboard.close()
