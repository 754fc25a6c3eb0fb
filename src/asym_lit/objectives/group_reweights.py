"""Reweights that look at the group or the batch: how hard a prompt is, how likely its right answers are.

Single tokens are the business of `token_reweights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from asym_lit.reductions import group_statistics, masked_mean, masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs


def success_rate(experience: Experience) -> Float[Tensor, " B"]:
    """Share of right responses among the valid ones of each rollout's group, shape [B]."""
    size = experience.group_size
    right_PG = experience.correct_B.view(-1, size).to(experience.mask_BT.dtype)
    mean_P1 = group_statistics(right_PG, experience.valid_B.view(-1, size)).mean
    return mean_P1.expand(-1, size).reshape(-1)


@dataclass(frozen=True)
class FocalWeight:
    """F-GRPO's weight: `A (1 - p)^gamma`, p the group's success rate (arXiv 2602.06717).

    Assumes that the share of right responses in a group is how easy its prompt is. Unless gamma is 0, all-right groups get 0,
    whatever the estimator gave them; all-wrong ones are left alone.

    Args:
        gamma: Strength; 0 leaves advantages alone. Published: 0.5 and 1.
    """

    gamma: float = 1.0
    needs = Needs()
    keeps_zero = True

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        return advantages_BT * ((1 - success_rate(experience)) ** self.gamma)[:, None]


@dataclass(frozen=True)
class GroupDifficulty:
    """A-GRAE's weight (arXiv 2602.05548): `A / 2 (w / sqrt(p) + (1 - w) / d)`, then `min(1, w / alpha)` where A > 0.

    p is the group's success rate, w its mean over the groups of the batch. The paper has `d = sqrt(1 - p)`, the released
    code `d = 1 - sqrt(p)`. All-right and all-wrong groups, whose advantage is 0, stay at 0.

    Assumes an estimator that gives uniform groups 0, as GRPO's does; their factor is 1.

    Args:
        alpha: Published: 1 for mathematics, 0.5 for geometry and medicine.
        variant: `paper` or `code`.
    """

    alpha: float = 1.0
    variant: Literal["paper", "code"] = "paper"
    needs = Needs()
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise InputError(f"alpha is {self.alpha}; allowed: above 0 (published: 0.5 and 1).")

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        rate_B = success_rate(experience)
        sums = torch.stack([masked_sum(rate_B, experience.valid_B), experience.valid_B.to(rate_B.dtype).sum()])
        total, count = experience.collectives.sum(sums)
        overall = total / count.clamp(min=1)
        mixed_B = (rate_B > 0) & (rate_B < 1)
        safe_B = torch.where(mixed_B, rate_B, 0.5)
        easy_B = (1 - safe_B).sqrt() if self.variant == "paper" else 1 - safe_B.sqrt()
        factor_B = torch.where(mixed_B, 0.5 * (overall / safe_B.sqrt() + (1 - overall) / easy_B), 1.0)
        bent_BT = advantages_BT * factor_B[:, None]
        return torch.where(bent_BT > 0, bent_BT * (overall / self.alpha).clamp(max=1), bent_BT)


@dataclass(frozen=True)
class DifferentialSmoothing:
    """DS-GRPO: rare right responses gain, likely wrong ones lose (arXiv 2511.19942).

    Right: `A - gamma_right log pi_old(y)`; wrong: `A + gamma_wrong log pi_old(y)`. The log-prob of a whole response is of
    the order of minus its length, so strengths near 0.001 are large for long responses.

    Assumes that log-probs of responses can be compared, in length too unless `per_token`. A uniform group keeps its shift, so
    unlike in GRPO it has a gradient; strengths of 0 leave advantages alone.

    Args:
        gamma_right: Strength on right responses; 0 for none.
        gamma_wrong: Strength on wrong responses; 0 for none.
        per_token: Mean log-prob per token instead of the response's sum; takes the length out of it.
    """

    gamma_right: float = 0.001
    gamma_wrong: float = 0.001
    per_token: bool = False

    @property
    def needs(self) -> Needs:
        """Log-probs before the first update."""
        return Needs(rollout_scores=bool(self.gamma_right or self.gamma_wrong))

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        reduce = masked_mean if self.per_token else masked_sum
        logprob_B = reduce(experience.old_logprobs_BT, experience.mask_BT, -1).detach()
        shift_B = torch.where(experience.correct_B, -self.gamma_right * logprob_B, self.gamma_wrong * logprob_B)
        shift_B = torch.where(experience.valid_B, shift_B, 0.0)
        return advantages_BT + shift_B[:, None] * experience.mask_BT


@dataclass(frozen=True)
class UniformCorrect:
    """UCPO: a group's credit moves to its less likely right responses, in sum unchanged (arXiv 2605.00365).

    The c right responses of a group get `c ((1 - tau) / c + tau v / sum v)` of their advantage, `v = 1 / q`, q the softmax
    over them of their mean log-prob per token.

    Assumes that the mean log-prob per token orders right responses by how likely they are. One right response, or equally
    likely ones, are left alone.

    Args:
        tau: Share that is moved; 0 leaves advantages alone. Published: 0.2.
    """

    tau: float = 0.2
    keeps_zero = True

    def __post_init__(self) -> None:
        if not 0 <= self.tau <= 1:
            raise InputError(f"tau is {self.tau}; allowed: 0 (off) to 1 (published: 0.2).")

    @property
    def needs(self) -> Needs:
        """Log-probs before the first update."""
        return Needs(rollout_scores=self.tau != 0)

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        size = experience.group_size
        right_PG = (experience.correct_B & experience.valid_B).view(-1, size)
        mean_PG = masked_mean(experience.old_logprobs_BT, experience.mask_BT, -1).detach().view(-1, size)
        # v / sum v = softmax of the negated log-probs: the softmax that q is divides out.
        share_PG = (-mean_PG).masked_fill(~right_PG, -torch.inf).softmax(-1)
        count_P1 = right_PG.sum(-1, keepdim=True)
        factor_PG = torch.where(right_PG, (1 - self.tau) + self.tau * count_P1 * share_PG, 1.0)
        return advantages_BT * factor_PG.view(-1, 1)


@dataclass(frozen=True)
class Whitened:
    """Mean 0 and variance 1 over all tokens of the batch, on all ranks (REINFORCE++, arXiv 2501.03262).

    Assumes that all prompts are on one scale, so that a baseline of the whole batch fits each. Where all advantages are equal,
    all become 0.

    Args:
        eps: Added to the unbiased variance; verl: 1e-8.
    """

    eps: float = 1e-8
    needs = Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        mask_BT = experience.mask_BT * experience.valid_B[:, None]
        total, count = experience.collectives.sum(torch.stack([masked_sum(advantages_BT, mask_BT), mask_BT.sum()]))
        centred_BT = (advantages_BT - total / count.clamp(min=1)) * mask_BT
        square = experience.collectives.sum(centred_BT.square().sum()[None])[0]
        return centred_BT * (square / (count - 1).clamp(min=1) + self.eps).rsqrt()


@dataclass(frozen=True)
class MixedGroupsOnly:
    """Advantages of all-right and all-wrong groups become 0; their tokens still count (Reinforce-Rej, arXiv 2504.11343).

    Assumes that nothing is to be learned from a uniform group. Without any it leaves advantages alone; with nothing else, all
    become 0.

    Args:
        rescale: GPG's (arXiv 2504.02546): multiply by rollouts over rollouts in mixed groups, so the step keeps its size.
    """

    rescale: bool = False
    needs = Needs()
    keeps_zero = True

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        rate_B = success_rate(experience)
        mixed_B = (rate_B > 0) & (rate_B < 1)
        factor_B = mixed_B.to(advantages_BT.dtype)
        if self.rescale:
            counts = torch.stack([experience.valid_B.sum(), (mixed_B & experience.valid_B).sum()]).to(factor_B.dtype)
            valid, mixed = experience.collectives.sum(counts)
            factor_B = factor_B * valid / mixed.clamp(min=1)
        return advantages_BT * factor_B[:, None]
