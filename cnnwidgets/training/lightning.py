"""HistoryCallback: what `cw.record` does for a loop, for a Trainer of Lightning."""

from typing import Any

from torch import nn

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError as problem:
    raise ModuleNotFoundError(
        "HistoryCallback belongs to Lightning; install it with: pip install lightning"
    ) from problem

from cnnwidgets.training.recording import Recording

__all__ = ["HistoryCallback"]


class HistoryCallback(Callback):
    """Records what a Trainer trains: Trainer(callbacks=[callback]), then look at its `history`.

    model: the network whose weights are kept: the LightningModule, or the part of it that a
    Microscope is to look at. Each batch is a step.
    accuracy, test_accuracy, test_loss: names under which the LightningModule logs these, if it
    does: of a batch, and of the validation.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        accuracy: str = "",
        test_accuracy: str = "",
        test_loss: str = "",
    ) -> None:
        super().__init__()
        self.history = Recording()
        """What was recorded so far; grows while the Trainer fits."""
        self._model = model
        self._accuracy = accuracy
        self._test_accuracy, self._test_loss = test_accuracy, test_loss

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the first snapshot; a second fit goes on from the first."""
        self.history.begin(self._model)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *_: Any
    ) -> None:
        """Records a step. outputs: has the "loss"; empty where training_step skipped the batch."""
        if "loss" not in outputs:
            return
        self.history.log(
            loss=outputs["loss"],
            accuracy=trainer.callback_metrics.get(self._accuracy),
            learning_rate=trainer.optimizers[0].param_groups[0]["lr"],
            epoch=trainer.current_epoch + 1,
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Adds what was measured to the step before it."""
        if not trainer.sanity_checking:
            metrics = trainer.callback_metrics
            accuracy, loss = metrics.get(self._test_accuracy), metrics.get(self._test_loss)
            self.history.log_test(accuracy=accuracy, loss=loss)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the last snapshot."""
        self.history.end()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Takes the last snapshot; what was recorded stays."""
        self.history.end()
