"""How training went on each problem: what one-shot selection looks back on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.distributed import all_lists
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers.run_place import run_folder
from asym_lit.run_folder.paths import HISTORY, run_folder_of
from asym_lit.run_folder.writing import read_table, write_table
from asym_lit.types import InputError, Outcome, RolloutBatch


class TrainingHistory(Callback):
    """Writes `<run folder>/history.parquet`: decided and truly right responses, a row each time a problem is asked.

    Problems that the objective's filter dropped are in it too. A resumed run goes on in the history it resumes.

    Args:
        every_n_steps: Rollout steps between writes. It is also written with every checkpoint, so that a resumed run has lost
            nothing, and at the end.
    """

    def __init__(self, every_n_steps: int = 10) -> None:
        if every_n_steps < 1:
            raise InputError(f"every_n_steps is {every_n_steps}; allowed: 1 or more.")
        self.every_n_steps = every_n_steps
        self._folder = Path()
        self._rows: list[dict[str, Any]] = []

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)

    @override
    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        before = run_folder_of(str(trainer.ckpt_path)) if trainer.state.fn == "fit" else None
        if before and (before / HISTORY).exists():
            reached = checkpoint["asym_lit"]["rollout_step"]
            self._rows = [row for row in read_table(before / HISTORY) if row["step"] < reached]

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        mine = []
        for group in batch.asked:
            truths = [r.verdict.truth for r in group if r.verdict and r.verdict.truth != Outcome.UNDECIDED]
            right = sum(truth == Outcome.CORRECT for truth in truths)
            mine.append({"step": batch.step, "uid": group[0].prompt.uid, "samples": len(truths), "correct": right})
        self._rows += all_lists(mine)
        if pl_module.rollout_step % self.every_n_steps == 0:
            self._write(trainer)

    @override
    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self._write(trainer)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if trainer.is_global_zero and self._rows:
            write_table(self._folder / HISTORY, self._rows)
