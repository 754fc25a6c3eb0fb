"""What checkpoint callbacks share: how a checkpoint is written, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.distributed import all_lists, world_size
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.stopping import ends_all, met_by_all
from asym_lit.lit.strategy import FSDP2Strategy
from asym_lit.loggers.run_place import run_folder
from asym_lit.policy.export import save_policy
from asym_lit.processes.progress import PROGRESS
from asym_lit.run_folder.checksums import write_checksums
from asym_lit.run_folder.kept import go_back, keep_newest, remove
from asym_lit.run_folder.paths import EXPORT, STATE, checkpoint_name, whole_checkpoints
from asym_lit.sharding.export import ShardedExport
from asym_lit.types import InputError, RunStoppedError

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
        """Write one now, or begin to; if a disk is full, in place of all but the newest. A collective.

        Raises:
            RunStoppedError: On every process, if it is full and no older one is left to make room.
        """

        def write() -> None:
            self.settle(trainer)
            self._write(trainer, module)

        self._with_room(trainer, module, write)

    def _with_room(self, trainer: Trainer, module: PolicyModule, work: Callable[[], None]) -> None:
        """Do what writes a checkpoint, or hears how that went; where a disk was full make room, and write the present step."""
        try:
            work()
        except BaseException as fault:
            full = full_disks(fault) if ends_all(fault) or _of_all(fault) else []
            if not full:
                raise
            if not (made := self._make_room(trainer)):
                words = f"No space is left for a checkpoint: {full[0]}. Older ones that could make room are not there"
                raise RunStoppedError(f"{words}; free some, and go on with --ckpt_path {self._run}.", state="failed") from fault
            rank_zero_warn(f"The disk is full ({full[0]}): {', '.join(made)} made room for the newest.")
            self._write(trainer, module)

    def _make_room(self, trainer: Trainer) -> list[str]:
        """Remove all checkpoints but the newest; returns their names, on every process. A collective."""
        spare = whole_checkpoints(self._run, self.folder)[:-1] if trainer.is_global_zero else []
        halves = (self._run / self.folder).glob(".step_*.partial") if trainer.is_global_zero else []
        for half in halves:
            shutil.rmtree(half, ignore_errors=True)
        for old in spare:
            remove(old)
        return all_lists([old.name for old in spare])

    def _partial(self, module: PolicyModule) -> Path:
        final = self.path(module)
        return final.with_name(f".{final.name}.partial")

    def _write(self, trainer: Trainer, module: PolicyModule) -> None:
        PROGRESS.mark("checkpoint", module.rollout_step)
        final = self.path(module)
        partial = self._partial(module)
        with met_by_all():
            if trainer.is_global_zero:
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
            module.write_points()
            for logger in trainer.loggers:
                logger.save()  # what a run goes on behind is not in a buffer
        model, tokenizer = module.scorer.model, module.datamodule.tokenizer
        if isinstance(trainer.strategy, FSDP2Strategy) and trainer.world_size > 1:
            self._write_beside(trainer, ShardedExport(model, partial / STATE, "state_dict.scorer.model"), tokenizer, final)
            return
        with met_by_all():
            trainer.save_checkpoint(partial / STATE, weights_only=False)
        with met_by_all():
            save_policy(model, tokenizer, partial / EXPORT, trainer.is_global_zero)
        with met_by_all():
            if trainer.is_global_zero:
                self._finish(partial, final)

    def _write_beside(self, trainer: Trainer, export: ShardedExport, tokenizer: Any, final: Path) -> None:
        """Begin to write what threads finish while training goes on."""
        partial = final.with_name(f".{final.name}.partial")
        with met_by_all():
            if trainer.is_global_zero:
                export.write_settings(tokenizer, partial / EXPORT)

        def finish() -> None:
            export.write_weights(partial / EXPORT)
            self._finish(partial, final)

        assert isinstance(trainer.strategy, FSDP2Strategy)
        trainer.strategy.save_in_background(trainer, partial / STATE, finish if trainer.is_global_zero else None)

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
        assert isinstance(pl_module, PolicyModule)
        if isinstance(trainer.strategy, FSDP2Strategy):
            self._with_room(trainer, pl_module, trainer.strategy.look)

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


def full_disks(fault: BaseException) -> list[str]:
    """The processes whose disk is full, each by rank, host and what its system said. A collective: all end at the same place.

    Args:
        fault: What this process ends by: its own, that all had at once from a sharded checkpoint, or the word of another one's.
    """
    rank = torch.distributed.get_rank() if world_size() > 1 else 0
    mine = _of_all(fault).get(rank, (None,))[0] if _of_all(fault) else fault
    is_full = isinstance(mine, OSError) and mine.errno in FULL
    return all_lists([f"process {rank} on {socket.gethostname()}: {mine}"] if is_full else [])


def _of_all(fault: BaseException) -> dict[int, tuple[Any, ...]]:
    """What a sharded checkpoint failed by, by rank: torch raises on every one what is no `Exception`."""
    found: dict[int, tuple[Any, ...]] = getattr(fault, "failures", None) or getattr(fault.__cause__, "failures", {})
    return found
