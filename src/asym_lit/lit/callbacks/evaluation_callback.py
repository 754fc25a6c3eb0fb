"""What callbacks share that measure evaluations, whichever the stage."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.module import PolicyModule
from asym_lit.loggers import adapters_of
from asym_lit.types import RolloutBatch


class EvaluationCallback(Callback):
    """Sees the batches of validations and tests alike, and their ends."""

    def evaluated(self, module: PolicyModule, batch: RolloutBatch) -> None:
        """A batch of an evaluation set, verified."""

    def finish(self, trainer: Trainer, module: PolicyModule, stage: str) -> None:
        """The end of an evaluation, `val` or `test`."""

    @override
    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any, **__: Any
    ) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        self.evaluated(pl_module, batch)

    on_test_batch_end = on_validation_batch_end

    @override
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        self.finish(trainer, pl_module, "val")

    @override
    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        self.finish(trainer, pl_module, "test")


def log_evaluation(trainer: Trainer, module: PolicyModule, metrics: dict[str, float]) -> None:
    """Log numbers of an evaluation at its rollout step, also of the one before training."""
    for one in adapters_of(trainer):
        one.write_metrics(metrics, module.rollout_step)
    if not trainer.sanity_checking:
        # What EarlyStopping and checkpoints monitor. Not by self.log: on one device it drops sync_dist, and where vLLM in this
        # process has made a process group it then warns of every number that it is missing.
        trainer.callback_metrics.update({name: torch.tensor(value) for name, value in metrics.items()})
