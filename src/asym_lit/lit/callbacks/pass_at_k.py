"""pass@k of training groups and of evaluation sets, with intervals, as scalars and curves.

The estimates are in `evaluation/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from typing_extensions import override

from asym_lit.evaluation.pass_at_k import PassAtKCurve, PassAtKMetric, pass_at_k, powers_of_two
from asym_lit.lit.callbacks.evaluation_callback import EvaluationCallback, log_evaluation
from asym_lit.lit.distributed import mean_over_processes
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers import adapters_of
from asym_lit.rollout.step_counts import true_counts
from asym_lit.types import InputError, Outcome, RolloutBatch, RunStoppedError


class PassAtK(EvaluationCallback):
    """Logs `train/pass@k` of the training groups, `<stage>/<set>/pass@k` of evaluations, and their mean reward if it is graded.

    With a curriculum the first is `train/drawn_pass@k`: unbiased for each problem that was asked, and no word on the training
    set, for problems are drawn by their success.

    With `trainer.num_sanity_val_steps: -1` the first evaluation stands before the first update; it is kept, also over
    a resume, as what the policy could do before training.

    Args:
        ks: Budgets in evaluation, for sets without their own; empty for powers of two up to the set's `n`.
    """

    def __init__(self, ks: list[int] | None = None) -> None:
        self.ks = sorted(ks or [])
        self.before: dict[str, PassAtKCurve] = {}
        self.latest: dict[str, PassAtKCurve] = {}
        self.latest_step = 0
        self._metrics: dict[str, PassAtKMetric] = {}
        self._why: dict[str, str] = {}
        self._graded: dict[str, list[float]] = {}

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, PolicyModule)
        data = pl_module.datamodule
        for name, one in data.evaluation_sets.items():
            n = one.sampling(data.evaluation).n
            ks = sorted(one.ks or self.ks or powers_of_two(n))
            if ks[0] < 1 or ks[-1] > n:
                where = "evaluation.n" if one.n is None else f"evaluation_tasks.{name}.n"
                raise InputError(
                    f"{name}: pass@{ks[-1] if ks[0] >= 1 else ks[0]} is asked for with {where} {n}; allowed: k from 1 to {n}, "
                    f"for no unbiased estimate exists beyond. Write --data.{where} {max(ks)} or smaller ks."
                )
            self._metrics[name], self._graded[name] = PassAtKMetric(ks, data.seed), []

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        samples, correct = true_counts(batch.asked)
        sums, called = {}, "train/drawn_pass" if batch.curriculum else "train/pass"
        for k in powers_of_two(batch.sampling.n):
            enough = [(n, c) for n, c in zip(samples, correct, strict=True) if n >= k]
            values = pass_at_k([n for n, _ in enough], [c for _, c in enough], k)
            sums[f"{called}@{k}"] = (float(values.sum()), float(len(enough)))
        shown = (f"{called}@1", f"{called}@{powers_of_two(batch.sampling.n)[-1]}")
        pl_module.log_metrics(mean_over_processes(sums), batch.step, prog_bar=shown)

    @override
    def evaluated(self, module: PolicyModule, batch: RolloutBatch) -> None:
        metric = self._metrics[batch.source].to(module.device)
        samples, correct = true_counts(batch.groups)
        for verdict in (r.verdict for r in batch.rollouts if r.verdict and r.verdict.truth == Outcome.UNDECIDED):
            self._why[batch.source] = verdict.reason
        graded = [r.reward for r in batch.rollouts if r.reward is not None and r.verdict and r.verdict.score is not None]
        self._graded[batch.source] += graded
        metric.update(samples, correct, [batch.sampling.n - n for n in samples])

    @override
    def finish(self, trainer: Trainer, module: PolicyModule, stage: str) -> None:
        self.latest, self.latest_step = {}, module.rollout_step
        rewards = mean_over_processes({name: (sum(graded), len(graded)) for name, graded in self._graded.items()})
        for name, metric in self._metrics.items():
            self.latest[name] = replace(metric.compute(), reward=rewards.get(name))
            metric.reset()
            self._graded[name] = []
            if self.latest[name].undecided and isnan(self.latest[name].area):
                raise RunStoppedError(
                    f"{stage}/{name}: none of {self.latest[name].undecided} responses has a verdict, so nothing is measured. "
                    f"One reason: {self._why.get(name, 'told by another process')}."
                )
            metrics = self.latest[name].metrics(f"{stage}/{name}")
            log_evaluation(trainer, module, metrics)
        if trainer.sanity_checking and not self.before:
            self.before = dict(self.latest)
        self._draw(trainer, module.rollout_step, stage)

    def _draw(self, trainer: Trainer, step: int, stage: str) -> None:
        for name, curve in self.latest.items():
            curves = {f"step {step}": curve}
            if name in self.before and step:
                curves = {"before training": self.before[name], **curves}
            for one in adapters_of(trainer):
                one.write_curves(f"{stage}/{name}", curves, step)

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell loggers with boards which sets and budgets there are."""
        for one in adapters_of(trainer):
            one.write_layout({name: metric.ks for name, metric in self._metrics.items()})

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"before": {name: curve.as_dict() for name, curve in self.before.items()}}

    @override
    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if self.before:
            trainer.num_sanity_val_steps = 0  # what the policy could do before training is known

    @override
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.before = {name: PassAtKCurve(**curve) for name, curve in state_dict["before"].items()}
