"""The transcript: rollouts as JSON lines, and a few of them as a table in the loggers. Rows and files are in `run_folder/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.distributed import all_lists
from asym_lit.lit.last_words import last_words
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers import adapters_of
from asym_lit.loggers.run_place import run_folder
from asym_lit.reports.rollout_table import table_rows
from asym_lit.run_folder.paths import ROLLOUTS
from asym_lit.run_folder.transcripts import cut_transcripts, transcript_row
from asym_lit.run_folder.writing import write_json_lines
from asym_lit.types import InputError, RolloutBatch


class Transcript(Callback):
    """Writes rollouts to `<run folder>/rollouts/`, one file per step, whole or not at all.

    Args:
        every_n_steps: Rollout steps between written training batches.
        table_rows: Rollouts shown in the loggers each time; 0 for none.
        evaluations: Also write the rollouts of evaluations during training (they are many). Those of `validate`, `test`
            and `predict` are always written.
    """

    def __init__(self, every_n_steps: int = 10, table_rows: int = 8, evaluations: bool = False) -> None:
        if every_n_steps < 1:
            raise InputError(f"every_n_steps is {every_n_steps}; allowed: 1 or more.")
        self.every_n_steps, self.table_rows, self.evaluations = every_n_steps, table_rows, evaluations
        self._folder = Path()
        self._evaluated: dict[str, list[dict[str, Any]]] = {}
        self._predicted: list[Path] = []

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer) / ROLLOUTS

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        if trainer.is_global_zero:
            cut_transcripts(self._folder, pl_module.rollout_step)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(batch, RolloutBatch)
        if batch.step % self.every_n_steps:
            return
        advantages = batch.experience.advantages_BT if batch.experience else None
        rows = [
            transcript_row(rollout, batch, float(advantages[i, 0]) if advantages is not None else None)
            for i, rollout in enumerate(batch.rollouts)
        ]
        self._write(trainer, f"train_{batch.step:06d}", all_lists(rows))
        self._show(trainer, batch.step, rows)

    def _show(self, trainer: Trainer, step: int, rows: list[dict[str, Any]]) -> None:
        stride = max(1, len(rows) // max(self.table_rows, 1))
        for one in adapters_of(trainer) if self.table_rows else ():
            one.write_table("rollouts", table_rows(rows[::stride][: self.table_rows]), step)

    def _write(self, trainer: Trainer, name: str, rows: list[dict[str, Any]]) -> None:
        if trainer.is_global_zero:
            write_json_lines(self._folder / f"{name}.jsonl", rows)

    def _collect(self, batch: Any) -> None:
        assert isinstance(batch, RolloutBatch)
        self._evaluated.setdefault(batch.source, []).extend(transcript_row(r, batch) for r in batch.rollouts)

    @override
    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any, **__: Any
    ) -> None:
        if self.evaluations or trainer.state.fn == "validate":
            self._collect(batch)

    @override
    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any, **__: Any
    ) -> None:
        self._collect(batch)

    @override
    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any, **__: Any
    ) -> None:
        self._collect(batch)

    @override
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        self._write_evaluated(trainer, f"val_{pl_module.rollout_step:06d}")

    @override
    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write_evaluated(trainer, "test")

    @override
    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write_evaluated(trainer, "predict")

    def _write_evaluated(self, trainer: Trainer, stem: str) -> None:
        for source in sorted(self._evaluated):
            rows = sorted(all_lists(self._evaluated[source]), key=lambda row: int(row["slot"]))
            self._write(trainer, f"{stem}_{source}", rows)
            if stem == "predict":
                self._predicted.append(self._folder / f"{stem}_{source}.jsonl")
        self._evaluated = {}

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if trainer.is_global_zero and self._predicted:
            console = last_words(trainer)
            for path in self._predicted:
                console.print(f"Responses       {path}", highlight=False, markup=False, soft_wrap=True)
        self._predicted = []
