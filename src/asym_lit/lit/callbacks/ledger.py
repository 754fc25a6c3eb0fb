"""The problem ledger of a run: every problem of every evaluation, and what training did to it. Its file is in `run_folder/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.evaluation.ledger import ProblemRecord, problem_record
from asym_lit.evaluation.problem_changes import Fate, by_step, changes
from asym_lit.lit.borrowed_base import borrowed_base
from asym_lit.lit.callbacks.verifier_reward import counted_by
from asym_lit.lit.distributed import all_lists
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers import adapters_of
from asym_lit.loggers.run_place import run_folder
from asym_lit.reports.ledger_page import ledger_figure, ledger_page
from asym_lit.run_folder.ledger import read_ledger, write_ledger
from asym_lit.run_folder.paths import LEDGER, LEDGER_PAGE, run_folder_of
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import RolloutBatch


class Ledger(Callback):
    """Writes `<run folder>/ledger.parquet` and `ledger.html` after each evaluation of a `fit`.

    Logs `val/<set>_ledger/{lost, widened, sharpened, dulled, by_luck, rare_kept, rare_kept_by_luck}` against the first
    evaluation, and a figure of all problems over training. A resumed run goes on in the ledger of the run it resumes.

    Args:
        figure: Draw the figure for the loggers.
        base: Ledger of another run with the same policy, seed, verifier and evaluation, whose evaluation before training
            stands for this run's own; `trainer.num_sanity_val_steps` must be 0 then. Empty to measure it.
    """

    def __init__(self, figure: bool = True, base: str = "") -> None:
        self.figure, self.base = figure, base
        self._folder = Path()
        self._records: list[ProblemRecord] = []
        self._fresh: list[ProblemRecord] = []

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)
        if self.base and stage == "fit":
            assert isinstance(pl_module, PolicyModule)
            self._records = borrowed_base(Path(self.base), trainer, pl_module, getattr(counted_by(trainer), "name", None))

    @override
    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        before = run_folder_of(str(trainer.ckpt_path)) if trainer.state.fn == "fit" else None
        if before and (before / LEDGER).exists():
            reached = checkpoint["asym_lit"]["rollout_step"]
            self._records = [r for r in read_ledger(before / LEDGER) if r.step <= reached]

    @override
    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._fresh = []

    @override
    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any, **__: Any
    ) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        step, by = pl_module.rollout_step, counted_by(trainer)
        self._fresh += [problem_record(batch.source, step, group, batch.sampling, by) for group in batch.groups]

    @override
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        fresh = all_lists(self._fresh)
        if trainer.state.fn != "fit":
            return
        # What a killed run wrote beyond the checkpoint it is resumed from comes again.
        self._records = [r for r in self._records if r.step < pl_module.rollout_step] + fresh
        for name in dict.fromkeys(record.evaluation for record in fresh):
            self._log(trainer, pl_module.rollout_step, name)
        if trainer.is_global_zero:
            write_ledger(self._folder / LEDGER, self._records)
            write_atomically(self._folder / LEDGER_PAGE, [ledger_page("Problem ledger", self._records)])

    def _log(self, trainer: Trainer, step: int, name: str) -> None:
        steps = by_step(self._records, name)
        if len(steps) < 2:
            return
        found = changes(next(iter(steps.values())).values(), steps[step].values())
        metrics = {str(one): float(found.counts[one]) for one in (Fate.LOST, Fate.WIDENED, Fate.SHARPENED, Fate.DULLED)}
        metrics |= {"by_luck": found.by_luck, "rare_kept": found.rare_kept / max(found.rare, 1)}
        metrics |= {"rare_kept_by_luck": found.rare_kept_by_luck}
        for one in adapters_of(trainer):
            one.write_metrics({f"val/{name}_ledger/{key}": value for key, value in metrics.items()}, step)
            if self.figure:
                one.write_figure(f"val/{name}/ledger", ledger_figure(name, self._records), step)
