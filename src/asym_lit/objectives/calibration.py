"""LENS: wrong answers cost by how sure the policy was of them, in groups without a right one too (arXiv 2510.08696)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from torch import Tensor

from asym_lit.reductions import group_statistics, masked_mean, masked_sum
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs


@dataclass(frozen=True)
class CalibratedErrors:
    """LENS's rewards: right 1; wrong `- strength / G * p / (D - p)`, `p = exp(mean_t log pi_old)`.

    `D = max(Dimp, 2 max_j p_j)`, `Dimp = G / sum_right 1 / pi_old(y)`; without a right response, `D = 2 max_j p_j`. All of a
    group's decided members count in G and in the maximum. Rewards are made from the verdict, whatever they were.

    Assumes that a wrong answer is worse the likelier it was. An all-right group stays uniform; equally likely wrong answers
    are equally wrong. `2 max p` keeps each wrong reward between `-strength / G` and 0.

    Args:
        strength: Of the calibration; 0 leaves rewards of 1 and 0. Published: 1.
        likelihood: Which likelihood of a right response stands in Dimp: per token, like p, or that of the whole response as the
            formula is printed, which underflows for long ones and leaves `2 max p`. The paper does not say which it ran.
    """

    strength: float = 1.0
    likelihood: Literal["per_token", "product"] = "per_token"

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise InputError(f"The strength is {self.strength}; allowed: 0 (off) to 1 (published: 1).")

    @property
    def needs(self) -> Needs:
        """Log-probs before the first update."""
        return Needs(rollout_scores=self.strength != 0)

    def __call__(self, rewards_B: Float[Tensor, " B"], experience: Experience) -> Float[Tensor, " B"]:
        """Shaped rewards, shape [B]."""
        right_B = experience.correct_B & experience.valid_B
        if self.strength == 0:
            return right_B.to(rewards_B.dtype)
        assert experience.old_logprobs_BT is not None
        size, old_BT, mask_BT = experience.group_size, experience.old_logprobs_BT.detach(), experience.mask_BT
        right_PG, valid_PG = right_B.view(-1, size), experience.valid_B.view(-1, size)
        mean_PG = masked_mean(old_BT, mask_BT, -1).view(-1, size)
        whole_PG = mean_PG if self.likelihood == "per_token" else masked_sum(old_BT, mask_BT, -1).view(-1, size)
        likeliest_P1 = mean_PG.masked_fill(~valid_PG, -torch.inf).amax(-1, keepdim=True)
        count_P1 = valid_PG.sum(-1, keepdim=True).clamp(min=1).to(mean_PG.dtype)
        # All over the largest p, in logs: p itself may underflow, and 0 / 0 would be NaN.
        log_dimp_P1 = count_P1.log() - (-whole_PG).masked_fill(~right_PG, -torch.inf).logsumexp(-1, keepdim=True)
        log_dimp_P1 = torch.where(right_PG.any(-1, keepdim=True), log_dimp_P1, -torch.inf)
        bound_P1 = (log_dimp_P1 - likeliest_P1).clamp(min=log(2)).exp()
        share_PG = (mean_PG - likeliest_P1).exp()
        # Where Dimp is beyond any float the cost is 0, not NaN.
        cost_PG = torch.where(valid_PG, share_PG / (bound_P1 - share_PG) / count_P1, 0)
        return torch.where(right_B, 1.0, -self.strength * cost_PG.view(-1)).to(rewards_B.dtype)


@dataclass(frozen=True)
class NormalisedUnlessAllWrong:
    """LENS's advantage: GRPO's in groups with a right response; `alpha (r - mean)` in those without.

    A group without a right response is one without a reward above 0, so wrong ones must not have any.

    Assumes rewards as `CalibratedErrors` gives them. In an all-wrong group the answers that were least likely get advantages
    above 0. A uniform group gets 0, so with plain rewards of 1 and 0 it is `GroupNormalised`.

    Args:
        alpha: Factor of all-wrong groups; 0 leaves them out. Published: 0.25.
        eps: Added to the unbiased standard deviation.
    """

    alpha: float = 0.25
    eps: float = 1e-6
    min_group_size = 2

    def __post_init__(self) -> None:
        if self.alpha < 0:
            raise InputError(f"alpha is {self.alpha}; allowed: 0 (all-wrong groups teach nothing) or more (published: 0.25).")

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        group = group_statistics(rewards_PG, valid_PG)
        has_right_P1 = ((rewards_PG > 0) & valid_PG).any(-1, keepdim=True)
        scale_P1 = torch.where(has_right_P1, 1 / (group.std + self.eps), self.alpha)
        return torch.where(valid_PG, (rewards_PG - group.mean) * scale_P1, 0)
