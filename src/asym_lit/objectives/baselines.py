"""Baselines that a mean of rewards is not: by length, by token, of a greedy response. Each is taken off raw rewards.

They are reweights behind `RawReward`, for they read more of a rollout than its reward.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.corrections import NoCorrection, SamplerCorrection
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs


@dataclass(frozen=True)
class LengthWeightedBaseline:
    """OPO's baseline: the group's mean reward, weighted by length: `A = r - sum_i n_i r_i / sum_i n_i` (arXiv 2505.23585).

    n_i are the tokens that the mask counts. Then `sum_i n_i A_i` is 0 in every group.

    Assumes that the norm of a response's gradient grows with its length. With equal lengths it is `Centred`; a uniform group
    gets 0; a response without decided siblings keeps its reward, as in verl.
    """

    needs = Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        size = experience.group_size
        valid_PG = experience.valid_B.view(-1, size)
        rewards_PG, lengths_PG = experience.rewards_B.view(-1, size), experience.lengths_B.view(-1, size)
        count_P1 = valid_PG.sum(-1, keepdim=True)
        # Counted from the least reward, so that a uniform group has exactly 0, as in `group_statistics`.
        least_P1 = torch.where(valid_PG, rewards_PG, torch.inf).amin(-1, keepdim=True)
        least_P1 = torch.where(count_P1 > 0, least_P1, 0)
        total_P = masked_sum(lengths_PG, valid_PG, -1).clamp(min=1)
        above_P = masked_sum(lengths_PG * (rewards_PG - least_P1), valid_PG, -1) / total_P
        baseline_P1 = torch.where(count_P1 > 1, least_P1 + above_P[:, None], 0)
        return _taken_off(advantages_BT, baseline_P1.expand(-1, size).reshape(-1, 1), experience)


@dataclass(frozen=True)
class OptimalTokenBaseline:
    """The optimal token baseline (arXiv 2602.07078): at each token, the group's mean reward weighted by gradient so far.

    `w_t = 1 - 2 pi(y_t) + sum_v pi(v)^2`, the squared norm of the gradient by the logits; `W_t = sum_{s <= t} w_s`; and
    `b_t = sum_i r_i W_it / (sum_i W_it + eps)` over the responses that still run at t. Tokens are counted as they were
    generated: those that a mask leaves out between them take no place (verl's `tir_optimal_token_baseline`).

    Assumes that the reward comes at the end, and that scores are of the weights that sampled. A group of one keeps its reward;
    a uniform group gets 0 but for eps. With a zero tail, a wrong longest response (r = 0) is not pushed where it runs alone,
    and a right one is pushed by its whole reward.

    Args:
        zero_tail: No baseline where the longest response of a group runs alone; else it would be its own, and A be 0. verl: on.
        correction: The objective's, whose weights then count squared in w.
        eps: Added to the sum of weights; verl: 1e-8.
    """

    zero_tail: bool = True
    correction: SamplerCorrection = NoCorrection()
    eps: float = 1e-8

    @property
    def needs(self) -> Needs:
        """Sums of squared probabilities before the first update, and what the correction needs."""
        return Needs(squares=True, rollout_scores=True) | self.correction.needs

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        assert experience.old_logprobs_BT is not None and experience.squares_BT is not None
        size = experience.group_size
        counts_BT = (experience.mask_BT * experience.valid_B[:, None]).bool()
        order_BT = (~counts_BT).to(torch.int8).argsort(dim=-1, stable=True)  # what was generated stands first
        weight_BT = (1 - 2 * experience.old_logprobs_BT.exp() + experience.squares_BT).clamp(min=0)
        sampler = self.correction.weights(experience)
        if sampler is not None:
            weight_BT = weight_BT * sampler.square()
        runs_BT = counts_BT.gather(-1, order_BT)
        so_far_BT = torch.where(counts_BT, weight_BT, 0).gather(-1, order_BT).cumsum(-1) * runs_BT
        so_far_PGT = so_far_BT.view(-1, size, so_far_BT.shape[-1])
        earned_PT = (experience.rewards_B.view(-1, size, 1) * so_far_PGT).sum(1)
        baseline_PT = earned_PT / (so_far_PGT.sum(1) + self.eps)
        baseline_BT = baseline_PT.repeat_interleave(size, 0) * self._counts(runs_BT, size)
        return _taken_off(advantages_BT, torch.zeros_like(baseline_BT).scatter(-1, order_BT, baseline_BT), experience)

    def _counts(self, runs_BT: Bool[Tensor, "B T"], size: int) -> Bool[Tensor, "B T"]:
        """Where a response has a baseline: not where it has no siblings, or runs alone behind them."""
        lengths_PG = runs_BT.sum(-1).view(-1, size)
        others = (lengths_PG > 0).sum(-1, keepdim=True) > 1
        counts_BT = runs_BT & others.expand(-1, size).reshape(-1, 1)
        if not self.zero_tail or size == 1:
            return counts_BT
        longest = lengths_PG.topk(2, -1).values
        alone_PG = (lengths_PG == longest[:, :1]) & (longest[:, :1] > longest[:, 1:])
        end_PG = torch.where(alone_PG, longest[:, 1:], lengths_PG)
        return counts_BT & (torch.arange(runs_BT.shape[-1], device=runs_BT.device) < end_PG.view(-1, 1))


@dataclass(frozen=True)
class GreedyBaseline:
    """ReMax's baseline: the reward of a greedy response to the same prompt: `A = r - r_greedy` (arXiv 2310.10505).

    Assumes that what the policy would say first is what a sample should be better than; shapers of rewards do not see it. A
    response with the greedy one's reward gets 0; where the greedy one is undecided, the whole group does.
    """

    needs = Needs(greedy=True)

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if experience.greedy_rewards_B is None:
            raise InputError(
                "GreedyBaseline (ReMax) compares with a greedy response to each prompt, which these rollouts lack: a "
                "transcript holds none. Let rollouts be sampled, or write another objective, such as asym_lit.objectives.rloo."
            )
        baseline_B = experience.greedy_rewards_B
        left_BT = _taken_off(advantages_BT, baseline_B.nan_to_num()[:, None], experience)
        return torch.where(baseline_B.isnan()[:, None], 0.0, left_BT)


def _taken_off(
    advantages_BT: Float[Tensor, "B T"], baseline_BT: Float[Tensor, " B #T"], experience: Experience
) -> Float[Tensor, "B T"]:
    left_BT = (advantages_BT - baseline_BT) * experience.mask_BT
    return torch.where(experience.valid_B[:, None], left_BT, 0.0)
