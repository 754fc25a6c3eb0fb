"""Checkpoints on rollout steps: a Lightning checkpoint to resume, a Hugging Face directory to use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from typing_extensions import override

from asym_lit.lit.module import PolicyModule
from asym_lit.lit.run_folder import CHECKPOINTS, EXPORT, STATE, checkpoint_name, run_folder, whole_checkpoints
from asym_lit.lit.stopping import RunStoppedError
from asym_lit.policy.export import save_policy
from asym_lit.types import InputError


class RolloutCheckpoint(Checkpoint):
    """Writes `<run folder>/checkpoints/step_000040/{lightning.ckpt, huggingface/}`.

    A checkpoint is written under another name and renamed when it is whole, so a run killed at any moment leaves none
    that is half-written. Steps count rollout steps; Lightning's `ModelCheckpoint` counts optimizer steps.

    Args:
        every_n_steps: Rollout steps between checkpoints; the last step always gets one.
        keep: How many to keep, the newest; 0 keeps all.
    """

    folder = CHECKPOINTS
    """Within the run folder."""

    def __init__(self, every_n_steps: int = 50, keep: int = 2) -> None:
        if every_n_steps < 1:
            raise InputError(f"every_n_steps is {every_n_steps}; allowed: 1 or more.")
        if keep < 0:
            raise InputError(f"keep is {keep}; allowed: 0 (all) or more.")
        self.every_n_steps, self.keep = every_n_steps, keep
        self._folder = Path()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, PolicyModule)
        last = pl_module.rollout_step == pl_module.datamodule.rollout_steps
        if pl_module.rollout_step % self.every_n_steps == 0 or last:
            self.save(trainer, pl_module)

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save what the finished steps have taught, if every process stops here."""
        if not isinstance(exception, RunStoppedError) or (not trainer.training and not trainer.validating):
            return
        assert isinstance(pl_module, PolicyModule)
        loader = getattr(pl_module.datamodule, "train_loader", None)
        if loader is not None and loader.served > pl_module.rollout_step:
            loader.rewind()
        if not (self._folder / self.folder / checkpoint_name(pl_module.rollout_step)).exists():
            self.save(trainer, pl_module)

    def save(self, trainer: Trainer, pl_module: PolicyModule) -> None:
        """Write one now. A collective."""
        final = self._folder / self.folder / checkpoint_name(pl_module.rollout_step)
        partial = final.with_name(f".{final.name}.partial")
        if trainer.is_global_zero:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        trainer.strategy.barrier("checkpoint folder")
        trainer.save_checkpoint(partial / STATE, weights_only=False)
        tokenizer = pl_module.datamodule.tokenizer
        save_policy(pl_module.scorer.model, tokenizer, partial / EXPORT, trainer.is_global_zero)
        trainer.strategy.barrier("checkpoint written")
        if trainer.is_global_zero:
            if final.exists():
                _remove(final)
            os.replace(partial, final)
            for old in whole_checkpoints(self._folder, self.folder)[: -self.keep] if self.keep else []:
                _remove(old)
        trainer.strategy.barrier("checkpoint renamed")


def _remove(checkpoint: Path) -> None:
    """Under another name first: a half-deleted checkpoint must not look whole either."""
    doomed = checkpoint.with_name(f".{checkpoint.name}.deleted")
    shutil.rmtree(doomed, ignore_errors=True)
    os.replace(checkpoint, doomed)
    shutil.rmtree(doomed)
