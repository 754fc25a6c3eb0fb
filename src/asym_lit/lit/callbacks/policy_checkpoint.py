"""What checkpoint callbacks share: how a checkpoint is written, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.distributed import any_process
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.stopping import ends_all, met_by_all
from asym_lit.lit.strategy import FSDP2Strategy
from asym_lit.loggers.run_place import run_folder
from asym_lit.policy.export import save_policy
from asym_lit.processes.progress import PROGRESS
from asym_lit.run_folder.checksums import write_checksums
from asym_lit.run_folder.kept import go_back, keep_newest, remove
from asym_lit.run_folder.paths import CHECKPOINTS, EXPORT, STATE, checkpoint_name, whole_checkpoints
from asym_lit.sharding.export import ShardedExport
from asym_lit.sharding.full_disks import full_disks, of_all, with_room
from asym_lit.types import InputError, RunStoppedError


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
        self._run, self._is_first = Path(), True

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._run, self._is_first = run_folder(trainer), trainer.is_global_zero

    def path(self, module: PolicyModule) -> Path:
        """Where the checkpoint of the step just made belongs."""
        return self._run / self.folder / checkpoint_name(module.rollout_step)

    def save(self, trainer: Trainer, module: PolicyModule) -> None:
        """Write one now, or begin to; if a disk is full, in place of all but the newest. A collective.

        Raises:
            RunStoppedError: On every process, if it is full and no older one is left to make room.
        """
        self.settle(trainer)
        with self._told_if_full():
            with_room(lambda: self._write(trainer, module), self._room_for_all)

    @contextmanager
    def _told_if_full(self) -> Iterator[None]:
        """Where a disk is full and stays it, say whose, and what to do. A collective, if every process has met with a fault."""
        try:
            yield
        except BaseException as fault:
            if not (full := _full_disks(fault)):
                raise
            for half in self._run.glob("*/.step_*.partial") if self._is_first else ():
                shutil.rmtree(half, ignore_errors=True)  # nothing is being written now, and others need the room
            words = f"No space is left for a checkpoint: {full[0]}. Older ones that could make room are not there"
            raise RunStoppedError(f"{words}; free some, and go on with --ckpt_path {self._run}.", state="failed") from fault

    def _room_for_all(self, fault: BaseException) -> bool:
        """Between two steps, by all processes."""
        if not (full := _full_disks(fault)):
            return False
        made = False
        with met_by_all():
            made = self._is_first and self._make_room(full)
        return any_process(made)

    def _make_room(self, full: list[str]) -> bool:
        """By the first process: remove all whole checkpoints but the newest of each kind; whether there were any."""
        spare = [old for within in {CHECKPOINTS, self.folder} for old in whole_checkpoints(self._run, within)[:-1]]
        for old in spare:
            remove(old)
        if spare:
            names = ", ".join(sorted(str(old.relative_to(self._run)) for old in spare))
            rank_zero_warn(f"The disk is full ({full[0]}): {names} made room for the newest.")
        return bool(spare)

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
        state = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
        with met_by_all():  # not by the trainer, whose barrier the others would wait at for who has met with a full disk
            trainer.strategy.save_checkpoint(state, partial / STATE)
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
        then = finish if trainer.is_global_zero else None
        trainer.strategy.save_in_background(trainer, partial / STATE, then, self._make_room)

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
            with self._told_if_full():
                trainer.strategy.settle()

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        assert isinstance(pl_module, PolicyModule)
        if isinstance(trainer.strategy, FSDP2Strategy):
            with self._told_if_full():
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


def _full_disks(fault: BaseException) -> list[str]:
    """Whose disk is full; nobody is asked unless every process has met with a fault here, so that none waits for an answer."""
    return full_disks(fault) if ends_all(fault) or of_all(fault) else []
