"""The mismatch guard: engine and trainer must agree on the log-probs of what was sampled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.distributed import all_cat, all_max, any_process, mean_over_processes
from asym_lit.lit.mismatch_causes import WITNESSES, likely_cause, mean_gap, score_witnesses
from asym_lit.lit.module import PolicyModule
from asym_lit.objectives.corrections import log_rho, mismatch_sums
from asym_lit.rollout.engine import Request
from asym_lit.types import InputError, LivePolicy, RolloutBatch

WITNESS_TOKENS = 16
"""Of each response that is looked at after a sync: an engine that is wrong is wrong from the first token on."""
STALE = 10
"""Times `max_mean` that the gap may be where a step's updates lie between: two of GRPO on Countdown make 0.003 at the recipe's
learning rate, and 0.03 at ten times that, where the effective sample size is still 0.99."""


class MismatchGuard(Callback):
    """Logs |engine - trainer| log-probs of every step, and stops the run before the update if they are too far apart.

    Beside the mean and the largest gap: two estimates of the KL between them, the effective sample size, and the 1st and 99th
    percentile of the ratio trainer / engine.

    It looks at what the step reads: all rollouts with a gradient, and all others where something asks for their scores; a few
    where there is neither.

    Rollouts written by stale or wrong weights look fine and train badly; this is where it shows. When it stops a run it first
    finds the likely cause, by taking one suspect after the other away. Of an evaluation it looks at a few responses only.

    With a lag, the gap of a step's rollouts is mostly that the policy has been updated since. What engine and trainer disagree
    about is then looked at where both have the same weights, just after each sync, by a few short responses to a prompt of the
    step: `mismatch/engine`, held to `max_mean`. The rollouts' own gap is logged as ever, and stops the run above
    `STALE` times `max_mean`, where importance weights no longer mend it.

    Args:
        max_mean: Mean over tokens above which the run stops; fp32 gives 1e-6, bf16 about 0.02, stale weights 1 and more.
    """

    def __init__(self, max_mean: float = 0.05) -> None:
        if max_mean <= 0:
            raise InputError(f"max_mean is {max_mean}; allowed: above 0.")
        self.max_mean = max_mean
        self._unchecked: RolloutBatch | None = None

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if isinstance(pl_module, PolicyModule) and pl_module.datamodule.ahead.lag:
            pl_module.datamodule.ahead.witness = self._look_after_sync

    def _look_after_sync(self, module: LivePolicy, batch: RolloutBatch) -> None:
        """Short responses by the engine, held against the trainer's scores at the very same weights. A collective.

        To a prompt that it has answered with the weights before: a stale prefix cache shows, too.
        """
        assert isinstance(module, PolicyModule)
        n, tokens = min(batch.sampling.n, WITNESSES), min(batch.sampling.max_tokens, WITNESS_TOKENS)
        witnesses = RolloutBatch([], replace(batch.sampling, n=n, max_tokens=tokens), batch.step, batch.source)
        first = batch.rollouts[0]
        for group in module.datamodule.maker.keeper.groups([Request(first.prompt, first.slot, batch.step)], witnesses.sampling):
            witnesses.rollouts += group
        mean = mean_gap(module, witnesses.rollouts, witnesses.sampling.temperature)
        module.points.setdefault(batch.step, {})["mismatch/engine"] = mean
        self._judge(module, witnesses, mean)

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
        if batch.lag:
            self._judge_stale(batch, mean)
        else:
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

    def _judge_stale(self, batch: RolloutBatch, mean: float) -> None:
        """Of rollouts that the weights of the step before have written; these agreed with the engine then."""
        if not mean <= STALE * self.max_mean and not batch.sampling.filters:
            raise RuntimeError(
                f"The policy has moved too far from the one that wrote the rollouts of step {batch.step}, a step before: mean "
                f"|log-prob difference| {mean:.4g}, allowed {STALE * self.max_mean:g} ({STALE} x max_mean). Write a lower "
                "--model.optimizer.lr, or --data.lag 0. The weights are as before this step; the last checkpoint is good."
            )
