"""Training dynamics: entropy, candidate probabilities, over-confident errors, the make-up of groups."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from typing_extensions import override

from asym_lit.lit.distributed import mean_over_processes
from asym_lit.lit.module import PolicyModule
from asym_lit.objectives.confidence_reweights import confidence_shift
from asym_lit.reductions import masked_mean, masked_sum
from asym_lit.rollout.step_counts import group_sums, response_sums
from asym_lit.types import Experience, InputError, Needs, RolloutBatch, TokenScores


class Dynamics(Callback):
    """Logs what the policy thinks of its own rollouts, at the weights that wrote them, whether it learns from them or not.

    `policy/entropy`: mean over tokens. `candidates/rank_n`: SimKO's Lambda, the log-prob of the n-th likeliest token,
    mean over tokens, then over responses (arXiv 2510.14807); `candidates/sampled` likewise of the sampled token.
    `errors/overconfident`: share of wrong responses whose mean log-ratio c to the reference is above 0, and
    `errors/severity`: mean c of those (ACE, arXiv 2602.21420); only where the objective has a reference.

    Args:
        candidates: N, how many ranks to follow; 0 for none.
    """

    def __init__(self, candidates: int = 3) -> None:
        if candidates < 0:
            raise InputError(f"candidates is {candidates}; allowed: 0 or more.")
        self.candidates = candidates

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, PolicyModule)
        pl_module.request(Needs(entropy=True, top_n=self.candidates))

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        assert batch.experience is not None and batch.scores is not None
        trained_B = (
            torch.tensor([kept for kept in batch.kept for _ in range(batch.sampling.n)], device=pl_module.device)
            & batch.experience.valid_B
        )
        sums = group_sums(batch) | response_sums(batch.experience)
        sums |= self._tokens(batch.experience, batch.scores, trained_B)
        if batch.experience.reference_logprobs_BT is not None:
            sums |= _errors(batch.experience, trained_B)
        pl_module.log_metrics(mean_over_processes(sums), batch.step, prog_bar=("policy/entropy",))

    def _tokens(self, experience: Experience, scores: TokenScores, trained_B: Tensor) -> dict[str, tuple[float, float]]:
        mask_BT, rows = experience.mask_BT * trained_B[:, None], float(trained_B.sum())
        assert scores.entropy_BT is not None
        sums = {
            "policy/entropy": (float(masked_sum(scores.entropy_BT, mask_BT)), float(mask_BT.sum())),
            "candidates/sampled": (float(masked_mean(scores.logprobs_BT, mask_BT, -1).sum()), rows),
        }
        for n in range(self.candidates):
            assert scores.topk_logprobs_BTK is not None
            mean_B = masked_mean(scores.topk_logprobs_BTK[..., n], mask_BT, -1)
            sums[f"candidates/rank_{n + 1}"] = (float(mean_B.sum()), rows)
        return sums


def _errors(experience: Experience, trained_B: Tensor) -> dict[str, tuple[float, float]]:
    wrong_B = trained_B & ~experience.correct_B
    shift_B = confidence_shift(experience)
    over_B = wrong_B & (shift_B > 0)
    return {
        "errors/overconfident": (float(over_B.sum()), float(wrong_B.sum())),
        "errors/severity": (float(masked_sum(shift_B, over_B)), float(over_B.sum())),
    }
