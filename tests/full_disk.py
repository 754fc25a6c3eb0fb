"""A disk that is full when a checkpoint is about to be finished, which one process does."""

from __future__ import annotations

import errno
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer

from asym_lit.lit.callbacks import policy_checkpoint


class FullDisk(Callback):
    """Fills it as training starts."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        policy_checkpoint.write_checksums = _full


def _full(folder: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
