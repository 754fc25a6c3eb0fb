"""What checkpoint callbacks share: how a checkpoint is written, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.module import PolicyModule
from asym_lit.lit.strategy import FSDP2Strategy
from asym_lit.loggers.run_place import run_folder
from asym_lit.policy.export import save_policy
from asym_lit.run_folder.checksums import write_checksums
from asym_lit.run_folder.kept import go_back, keep_newest, remove
from asym_lit.run_folder.paths import EXPORT, STATE, checkpoint_name, whole_checkpoints
from asym_lit.sharding.export import ShardedExport
from asym_lit.types import InputError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a system says when there is no room left, on the disk or in one's share of it."""


class PolicyCheckpoint(Checkpoint):
    """Writes `<run folder>/<folder>/step_000040/{lightning.ckpt, huggingface/}`; when, is for its heirs to say.

    A checkpoint is written under another name and renamed when it is whole, so a run killed at any moment leaves none
    that is half-written. Several processes of fsdp2 write their parts while training goes on; a fault of that ends the run at
    the next step.

    Args:
        folder: Within the run folder.
        keep: How many to keep, the newest; 0 keeps all.
    """

    def __init__(self, folder: str, keep: int) -> None:
        if keep < 0:
            raise InputError(f"keep is {keep}; allowed: 0 (all) or more.")
        self.folder, self.keep = folder, keep
        self._run = Path()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._run = run_folder(trainer)

    def path(self, module: PolicyModule) -> Path:
        """Where the checkpoint of the step just made belongs."""
        return self._run / self.folder / checkpoint_name(module.rollout_step)

    def save(self, trainer: Trainer, module: PolicyModule) -> None:
        """Write one now, or begin to; if the disk is full, in place of all but the newest. A collective."""
        self.settle(trainer)
        try:
            self._write(trainer, module)
        except OSError as fault:
            if fault.errno not in FULL or trainer.world_size > 1:
                raise
            shutil.rmtree(self._partial(module), ignore_errors=True)
            spare = whole_checkpoints(self._run, self.folder)[:-1]
            if not spare:
                raise
            rank_zero_warn(f"The disk is full ({fault}): {', '.join(old.name for old in spare)} make room for the newest.")
            for old in spare:
                remove(old)
            self._write(trainer, module)

    def _partial(self, module: PolicyModule) -> Path:
        final = self.path(module)
        return final.with_name(f".{final.name}.partial")

    def _write(self, trainer: Trainer, module: PolicyModule) -> None:
        final = self.path(module)
        partial = self._partial(module)
        if trainer.is_global_zero:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        module.write_points()
        for logger in trainer.loggers:
            logger.save()  # what a run goes on behind is not in a buffer
        trainer.strategy.barrier("checkpoint folder")
        model, tokenizer = module.scorer.model, module.datamodule.tokenizer
        if isinstance(trainer.strategy, FSDP2Strategy) and trainer.world_size > 1:
            export = ShardedExport(model, partial / STATE, "state_dict.scorer.model")
            if trainer.is_global_zero:
                export.write_settings(tokenizer, partial / EXPORT)

            def finish() -> None:
                export.write_weights(partial / EXPORT)
                self._finish(partial, final)

            trainer.strategy.save_in_background(trainer, partial / STATE, finish if trainer.is_global_zero else None)
            return
        trainer.save_checkpoint(partial / STATE, weights_only=False)
        save_policy(model, tokenizer, partial / EXPORT, trainer.is_global_zero)
        trainer.strategy.barrier("checkpoint written")
        if trainer.is_global_zero:
            self._finish(partial, final)
        trainer.strategy.barrier("checkpoint renamed")

    def _finish(self, partial: Path, final: Path) -> None:
        """By the first process, when all is written."""
        write_checksums(partial)
        if final.exists():
            remove(final)
        os.replace(partial, final)
        keep_newest(self._run, self.folder, self.keep)

    def settle(self, trainer: Trainer) -> None:
        """Wait until the checkpoint that is being written is there. A collective.

        Raises:
            Exception: What was met with, on the process that did; on the others a fault that says so.
        """
        if isinstance(trainer.strategy, FSDP2Strategy):
            trainer.strategy.settle()

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        if isinstance(trainer.strategy, FSDP2Strategy):
            trainer.strategy.look()

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.settle(trainer)

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove what a killed run had no time to, and what is of beyond the step that this one goes on from."""
        assert isinstance(pl_module, PolicyModule)
        if trainer.is_global_zero and pl_module.rollout_step:
            go_back(self._run, self.folder, pl_module.rollout_step)
            keep_newest(self._run, self.folder, self.keep)
