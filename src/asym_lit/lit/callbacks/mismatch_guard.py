"""The mismatch guard: engine and trainer must agree on the log-probs of what was sampled."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.distributed import all_cat, all_max, any_process, mean_over_processes
from asym_lit.lit.mismatch_causes import WITNESSES, likely_cause, mean_gap, score_witnesses
from asym_lit.lit.module import PolicyModule
from asym_lit.objectives.corrections import log_rho, mismatch_sums
from asym_lit.types import InputError, RolloutBatch


class MismatchGuard(Callback):
    """Logs |engine - trainer| log-probs of every step, and stops the run before the update if they are too far apart.

    Beside the mean and the largest gap: two estimates of the KL between them, the effective sample size, and the 1st and 99th
    percentile of the ratio trainer / engine.

    It looks at what the step reads: all rollouts with a gradient, and all others where something asks for their scores; a few
    where there is neither.

    Rollouts written by stale or wrong weights look fine and train badly; this is where it shows. When it stops a run it first
    finds the likely cause, by taking one suspect after the other away. Of an evaluation it looks at a few responses only.

    Args:
        max_mean: Mean over tokens above which the run stops; fp32 gives 1e-6, bf16 about 0.02, stale weights 1 and more.
    """

    def __init__(self, max_mean: float = 0.05) -> None:
        if max_mean <= 0:
            raise InputError(f"max_mean is {max_mean}; allowed: above 0.")
        self.max_mean = max_mean
        self._unchecked: RolloutBatch | None = None

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert isinstance(batch, RolloutBatch)
        self._unchecked = batch

    @override
    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Before the first update of the step, when both log-probs are known."""
        batch, self._unchecked = self._unchecked, None
        if batch is None:
            return
        assert isinstance(pl_module, PolicyModule) and batch.experience is not None
        experience = batch.experience
        assert experience.old_logprobs_BT is not None and batch.scored_B is not None
        if not any_process(bool(batch.scored_B.any())):
            score_witnesses(pl_module, batch)
        mask_BT = experience.mask_BT.bool() & batch.scored_B[:, None]
        gap_BT = torch.where(mask_BT, (experience.sampler_logprobs_BT - experience.old_logprobs_BT).abs(), 0.0)
        sums = mismatch_sums(experience, mask_BT.to(gap_BT.dtype))
        metrics = mean_over_processes({"mismatch/mean": (float(gap_BT.sum()), float(mask_BT.sum())), **sums})
        mean, worst = metrics["mismatch/mean"], float(all_max(gap_BT.max().detach().cpu()))
        rho_N = all_cat(log_rho(experience)[mask_BT].exp().cpu()).sort().values
        for percent in (1, 99):
            metrics[f"mismatch/rho_p{percent:02d}"] = float(rho_N[round(percent / 100 * (len(rho_N) - 1))])
        pl_module.log_metrics({**metrics, "mismatch/max": worst}, batch.step)
        if not any_process(bool((experience.old_logprobs_BT[mask_BT] != 0).any())):
            rank_zero_warn(
                f"Every token sampled at step {batch.step} has probability 1: the policy has collapsed to one response to each "
                "prompt, so all of a group are alike and nothing can be learned from them."
            )
        self._judge(pl_module, batch, mean)

    @override
    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """The first batch of an evaluation set, by a few witnesses: the weights may have been sent just before."""
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        if batch_idx == 0 and not any_process(not batch.rollouts):
            self._judge(pl_module, batch, mean_gap(pl_module, batch.groups[0][:WITNESSES], batch.sampling.temperature))

    on_test_batch_start = on_validation_batch_start

    def _judge(self, module: PolicyModule, batch: RolloutBatch, mean: float) -> None:
        if not mean <= self.max_mean and not batch.sampling.filters:
            raise RuntimeError(
                f"Engine and trainer disagree on the sampled tokens at step {batch.step}: mean |log-prob difference| "
                f"{mean:.4g}, allowed {self.max_mean:g} (max_mean). Likely cause: {likely_cause(module, batch, self.max_mean)} "
                "The weights are as before this step; the last checkpoint is good."
            )
