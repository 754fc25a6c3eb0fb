"""What a run was and what it cost, in files that a comparison can read without TensorBoard."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.callbacks.verifier_reward import counted_by
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers.run_place import run_folder
from asym_lit.run_folder.code_state import git_state, versions
from asym_lit.run_folder.record import add_metrics, cut_metrics, read_record, write_record
from asym_lit.types import RunStoppedError

LONGEST_WHY = 500
"""Characters of the reason why a run ended."""


@runtime_checkable
class ChoosingTask(Protocol):
    """A task that chose what to train on."""

    @property
    def choice(self) -> Mapping[str, Any]:
        """What, from where and by which rule."""
        ...


class RunRecord(Callback):
    """Writes `<run folder>/run.json` and `metrics.jsonl` (a line per step).

    The record has state, policy, seed, verifier, command, package versions and git state.

    `state` is `running` until the run has `finished` or `stopped early` (as a callback wished), was `interrupted` by hand or a
    signal, has `stopped` itself or `failed`, with `why`; so a run that was killed is seen to be unfinished. The list of
    callbacks should name it after those whose metrics it keeps.
    """

    def __init__(self) -> None:
        self._folder = Path()
        self._facts: dict[str, Any] = {}

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        data = pl_module.datamodule
        task = getattr(data, "task", None)
        before = read_record(self._folder) if trainer.ckpt_path else {}
        earlier = [*before.get("changed_earlier", []), *filter(None, [before.get("changed_on_resume")])]
        self._facts = {
            "changed_earlier": earlier,
            "policy": pl_module.policy,
            "seed": data.seed,
            "threads": torch.get_num_threads(),
            "rollout_steps": data.rollout_steps,
            "verifier": getattr(counted_by(trainer), "name", None),
            "choice": dict(task.choice) if isinstance(task, ChoosingTask) else None,
            "command": sys.argv,
            "versions": versions(),
            "git": git_state(Path.cwd()),
        }
        self._write(trainer, "running")

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        if trainer.is_global_zero:  # not before: fsdp2 restores a checkpoint behind on_fit_start
            cut_metrics(self._folder, pl_module.rollout_step)
        self._write(trainer, "running")

    def _write(self, trainer: Trainer, state: str) -> None:
        assert isinstance(trainer.lightning_module, PolicyModule)
        if trainer.is_global_zero:
            reached = {"state": state, "reached": trainer.lightning_module.rollout_step}
            other = trainer.lightning_module.resuming.changed
            write_record(self._folder, {**reached, **self._facts, "changed_on_resume": other})

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if not trainer.is_global_zero:
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if not name.startswith("val/")}
        add_metrics(self._folder, batch.step, {n: v for n, v in sorted(metrics.items()) if n != "step"})

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "fit" and self._facts:
            self._write(trainer, "running")

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        whole = pl_module.rollout_step >= pl_module.datamodule.rollout_steps
        self._write(trainer, "finished" if whole else "stopped early")

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if not self._facts:
            return
        state: str = "failed"
        if isinstance(exception, RunStoppedError):
            state = exception.state
        elif isinstance(exception, KeyboardInterrupt):
            state = "interrupted"
        self._facts["why"] = str(exception)[:LONGEST_WHY] or type(exception).__name__
        self._write(trainer, state)
