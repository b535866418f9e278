"""A Trainer of Lightning's is recorded as a loop by hand is, and trains as it does without."""

import warnings

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import cnnwidgets as cw
from tests.training.small import network, same, sides, state_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Lightning's own imports
    import lightning.pytorch as pl

    from cnnwidgets.training.lightning import HistoryCallback

IMAGES = sides(40)
PIXELS = torch.from_numpy(IMAGES.normalize(IMAGES.images))
LABELS = torch.tensor(IMAGES.labels)


class Learner(pl.LightningModule):
    def __init__(self, returns=lambda loss: loss):
        super().__init__()
        self.net, self.returns, self.losses = network(), returns, []

    def training_step(self, batch, place):
        logits = self.net(batch[0])
        loss = cross_entropy(logits, batch[1])
        self.losses.append(loss.item())
        self.log("train_acc", (logits.argmax(1) == batch[1]).float().mean())
        return self.returns(loss)

    def validation_step(self, batch, place):
        logits = self.net(batch[0])
        self.log("val_acc", (logits.argmax(1) == batch[1]).float().mean())
        self.log("val_loss", cross_entropy(logits, batch[1]))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=0.01)


def fit(learner, *callbacks, epochs=2):
    torch.manual_seed(0)
    data = TensorDataset(PIXELS, LABELS)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Lightning's own
        trainer.fit(learner, DataLoader(data, 10, shuffle=True), DataLoader(data, 40))


def names(learner):
    return HistoryCallback(
        learner.net, accuracy="train_acc", test_accuracy="val_acc", test_loss="val_loss"
    )


def test_every_batch_is_a_step_and_every_validation_is_there():
    learner = Learner()
    callback = names(learner)
    fit(learner, callback)
    metrics, tests = callback.history.metrics, callback.history.evaluations
    assert metrics.step.tolist() == list(range(1, 9))
    assert metrics.epoch.tolist() == [1] * 4 + [2] * 4
    assert metrics.loss_nats.tolist() == learner.losses
    assert (metrics.learning_rate == 0.01).all()
    assert np.isin(metrics.accuracy, np.arange(11, dtype=np.float32) / 10).all()
    assert tests.step.tolist() == [4, 8]
    with torch.no_grad():
        logits = learner.net(PIXELS)
    assert tests.loss_nats[-1] == pytest.approx(cross_entropy(logits, LABELS).item())
    assert tests.accuracy[-1] == pytest.approx((logits.argmax(1) == LABELS).float().mean())
    assert same(callback.history.at(8).weights, state_of(learner.net))


def test_a_microscope_looks_at_the_part_that_was_named():
    learner = Learner()
    callback = HistoryCallback(learner.net)
    fit(learner, callback)
    scope = cw.Microscope(learner.net, IMAGES, history=callback.history)
    assert scope.step == 8
    assert np.isnan(callback.history.metrics.accuracy).all()


def test_recording_changes_nothing():
    bare, recorded = Learner(), Learner(returns=lambda loss: {"loss": loss})
    fit(bare)
    fit(recorded, names(recorded))
    assert same(state_of(bare.net), state_of(recorded.net))


def test_a_training_that_fails_keeps_what_was_recorded_and_goes_on():
    learner = Learner()
    learner.returns = lambda loss: 1 / (6 - len(learner.losses)) and loss
    callback = names(learner)
    with pytest.raises(ZeroDivisionError):
        fit(learner, callback)
    assert callback.history.last_step == 5
    learner.returns = lambda loss: None if len(learner.losses) % 2 else loss  # skips every other
    fit(learner, callback, epochs=1)
    assert callback.history.metrics.step.tolist() == list(range(1, 8))
