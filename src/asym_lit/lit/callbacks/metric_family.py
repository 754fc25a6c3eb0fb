"""The rest of the metric family in evaluations: consistency, majority votes, diversity. pass@k itself is in `pass_at_k`."""

from __future__ import annotations

from lightning.pytorch import LightningModule, Trainer
from torchmetrics import Metric
from typing_extensions import override

from asym_lit.evaluation.answer_classes import answers_of
from asym_lit.evaluation.answer_metrics import AnswerMetric, DistinctAt, MajAt
from asym_lit.evaluation.metrics import GPassAt, MGPassAt, PassHat, ProblemMetric
from asym_lit.lit.callbacks.evaluation_callback import EvaluationCallback, log_evaluation
from asym_lit.lit.callbacks.verifier_reward import counted_by
from asym_lit.lit.module import PolicyModule
from asym_lit.types import InputError, RolloutBatch, Verifier


class MetricFamily(EvaluationCallback):
    """Logs `val/<set>/{pass^k, G-Pass@k, mG-Pass@k, maj@k, distinct@k}` and their intervals, `test/...` in tests.

    pass@k is `PassAtK`'s. An answer is what the verifier extracted, and those that it finds the same are one (`answers_of`);
    responses without one cast no vote. A problem with fewer than k verdicts is left out at that k; `PassAtK` says how many.

    Args:
        ks: Budgets, at most the number of responses of every evaluation set.
        tau: Share of right responses that G-Pass@k asks for.
    """

    def __init__(self, ks: list[int] | None = None, tau: float = 0.5) -> None:
        self.ks, self.tau = sorted(ks or [8]), tau
        if self.ks[0] < 1:
            raise InputError(f"ks holds {self.ks[0]}; allowed: 1 or more.")
        if not 0 < tau <= 1:
            raise InputError(f"tau is {tau}; allowed: above 0 and at most 1.")
        self._metrics: dict[str, dict[str, Metric]] = {}
        self._verifier: Verifier | None = None

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, PolicyModule)
        data, self._verifier = pl_module.datamodule, counted_by(trainer)
        for name, one in data.evaluation_sets.items():
            n = one.sampling(data.evaluation).n
            if self.ks[-1] > n:
                raise InputError(
                    f"MetricFamily asks for k = {self.ks[-1]} of {name} with {n} responses; allowed: at most {n}, for no "
                    "unbiased estimate exists beyond. Write smaller ks."
                )
            self._metrics[name] = {key: metric for k in self.ks for key, metric in self._of(k, data.seed).items()}

    def _of(self, k: int, seed: int) -> dict[str, Metric]:
        return {
            f"pass^{k}": PassHat(k, seed=seed),
            f"G-Pass@{k}": GPassAt(k, self.tau, seed=seed),
            f"mG-Pass@{k}": MGPassAt(k, seed=seed),
            f"maj@{k}": MajAt(k, seed=seed),
            f"distinct@{k}": DistinctAt(k, seed=seed),
        }

    @override
    def evaluated(self, module: PolicyModule, batch: RolloutBatch) -> None:
        answers = [answers_of(group, self._verifier) for group in batch.groups]
        for metric in self._metrics[batch.source].values():
            assert isinstance(metric, AnswerMetric | ProblemMetric)
            enough = [group for group in answers if len(group) >= metric.k]
            if isinstance(metric, AnswerMetric):
                metric.update(enough)
            else:
                metric.update([len(group) for group in enough], [sum(right for _, right in group) for group in enough])

    @override
    def finish(self, trainer: Trainer, module: PolicyModule, stage: str) -> None:
        found = {}
        for name, metrics in self._metrics.items():
            for key, metric in metrics.items():
                estimate = metric.compute()
                metric.reset()
                found[f"{stage}/{name}/{key}"] = estimate.mean
                found[f"{stage}/{name}_interval/{key}_low"] = estimate.low
                found[f"{stage}/{name}_interval/{key}_high"] = estimate.high
        log_evaluation(trainer, module, found)
