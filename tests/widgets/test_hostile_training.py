"""A page that lies to the widgets of a training: it goes on, and is never broken."""

import copy
import random

import pytest

import cnnwidgets as cw
from tests.widgets.test_hostile import mutated

MESSAGES = 4_000


@pytest.fixture
def session():
    digits = cw.load("mnist", split="train")
    few = cw.ImageSet.from_arrays(digits.images[:100], digits.labels[:100], name="few")
    made = cw.TrainingSession(cw.DigitCNN(), few, epochs=2, batch_size=50, optimizer="sgd")
    yield made
    made.stop().result(20)


def test_whatever_a_page_sends_a_training_can_still_be_held(page, session, caplog):
    scope = cw.Microscope(session.model, session.images, history=session.history)
    monitor, slow = cw.TrainingMonitor(session, scope), cw.SlowMotion(session, scope)
    wishes = [{"do": wish} for wish in ("play", "pause", "step", "phase", "stop", "more", "fresh")]
    wishes += [{"do": "rewind", "step": 1}]
    wishes += [
        {"do": "set", "name": name, "value": value}
        for name, value in (("learning_rate", 0.1), ("batch_size", 50), ("optimizer", "sgd"))
    ]
    honest = [
        *((page.ask, monitor, wish) for wish in wishes),
        *(
            (page.write, monitor, state)
            for state in ({"window": 10}, {"log_loss": True}, {"step": 1})
        ),
        (page.ask, slow, {"do": "phase"}),
        (page.write, slow, {"input": 0}),
    ]
    chance = random.Random(3)
    for _ in range(MESSAGES):
        send, widget, content = chance.choice(honest)
        send(widget, mutated(copy.deepcopy(content), chance))
        session.pause()
    session.wait(60)
    assert not caplog.records, "an exception reached the log"
    settings = session.settings
    assert settings.optimizer in ("sgd", "momentum", "adam", "adamw")
    session.fresh(seed=1).result(20)
    session.set(learning_rate=0.1, batch_size=50, optimizer="sgd").result(20)
    assert session.step(2).result(20).step == 2
    monitor.close()
    slow.close()
