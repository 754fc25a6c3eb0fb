"""What a person is told: pass@k before and after, and where everything is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich import get_console
from rich.console import Console
from typing_extensions import override

from asym_lit.lit.callbacks.pass_at_k import PassAtK
from asym_lit.lit.last_words import last_words
from asym_lit.loggers import adapters_of
from asym_lit.loggers.run_place import run_folder
from asym_lit.reports.escaping import visible
from asym_lit.reports.pass_at_k import pass_at_k_table
from asym_lit.run_folder.paths import EXPORT, PASS_AT_K, whole_checkpoints
from asym_lit.run_folder.writing import write_json
from asym_lit.types import InputError, RolloutBatch

EARLY = 10
"""Steps after which it is said that none of them has taught anything."""


class Report(Callback):
    """Prints pass@k tables before and after training, and writes `<run folder>/pass_at_k.json`."""

    def __init__(self) -> None:
        self._folder = Path()
        self._steps = 0
        self._barren: Counter[str] = Counter()

    def _pass_at_k(self, trainer: Trainer) -> PassAtK:
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, PassAtK):
                return callback
        raise InputError("Report shows what PassAtK measures; add the PassAtK callback to trainer.callbacks.")

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)
        self._pass_at_k(trainer)

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            console = get_console()  # the progress bar's own, which prints above the bar
            for name, curve in self._pass_at_k(trainer).before.items():
                console.print(pass_at_k_table(f"{name}, validation", {"before training": curve}))
            _line(console, "Run folder", self._folder)
            self._say_dashboards(trainer, console)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count steps from which nothing was learned, and say so once if the first ones all were."""
        assert isinstance(batch, RolloutBatch)
        self._steps += 1
        if float(trainer.callback_metrics.get("update/grad_norm", 0.0)) == 0:
            self._barren[_kind(batch)] += 1
        if self._steps == EARLY:
            self._say_barren(trainer, "so far")

    def _say_barren(self, trainer: Trainer, when: str) -> None:
        if trainer.is_global_zero and self._steps and self._barren.total() == self._steps:
            kinds = ", ".join(f"{kind} in {count}" for kind, count in self._barren.most_common())
            get_console().print(
                f"Nothing learned {when}: no update of {self._steps} steps had a gradient; groups were {kinds} of them. A "
                "group teaches if some of its responses are right and some wrong: take easier or harder problems, more "
                "responses (--data.sampling.n), or look at rollouts/ for what the verifier says.",
                highlight=False,
            )

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        measured, console = self._pass_at_k(trainer), last_words(trainer)
        for name, curve in measured.latest.items():
            curves = {"before training": measured.before[name]} if name in measured.before else {}
            if measured.latest_step:
                curves[f"after {measured.latest_step} steps"] = curve
            console.print(pass_at_k_table(f"{name}, validation", curves))
        self._say_barren(trainer, "in this run")
        self._write({"before": measured.before, f"after {measured.latest_step} steps": measured.latest}, console)
        found = whole_checkpoints(self._folder)
        _line(console, "Run folder", self._folder)
        if found:
            _line(console, "Trained policy", found[-1] / EXPORT)
        self._say_dashboards(trainer, console)

    def _say_dashboards(self, trainer: Trainer, console: Console) -> None:
        for name, view in (view for one in adapters_of(trainer) for view in one.views):
            _line(console, name, view)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "validate":
            self._show(trainer, "validation")

    @override
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._show(trainer, "test")

    def _show(self, trainer: Trainer, split: str) -> None:
        if trainer.is_global_zero:
            latest, console = self._pass_at_k(trainer).latest, last_words(trainer)
            for name, curve in latest.items():
                console.print(pass_at_k_table(f"{name}, {split}", {"policy": curve}))
            self._write({split: latest}, console)

    def _write(self, parts: dict[str, dict], console: Console) -> None:  # type: ignore[type-arg]
        plain = {part: {name: curve.as_dict() for name, curve in curves.items()} for part, curves in parts.items()}
        path = self._folder / PASS_AT_K
        write_json(path, plain)
        _line(console, "Numbers", path)


def _line(console: Console, name: str, value: object) -> None:
    console.print(f"{name:15} {visible(str(value))}", highlight=False, markup=False, soft_wrap=True)


def _kind(batch: RolloutBatch) -> str:
    """What the groups of a step have in common, if it taught nothing."""
    outcomes = {r.verdict.outcome for r in batch.rollouts if r.verdict}
    if len(outcomes) == 1:
        return {"correct": "all right", "incorrect": "all wrong", "undecided": "all undecided"}[str(*outcomes)]
    return "each alike in all its responses"
