"""Advantages from several rewards a response, each normalised by itself (GDPO). Their plain weighted sum needs no part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from asym_lit.objectives.group_reweights import Whitened
from asym_lit.reductions import group_statistics, masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs


@dataclass(frozen=True)
class DecoupledNormalisation:
    """GDPO's advantage (arXiv 2601.05242): each reward normalised in its group, their weighted sum over the batch's spread.

    `A_c = (r_c - mean_G) / (std_G + eps)`, `S = sum_c w_c A_c`, `A = S / (std S + batch_eps)`. Weights are the verifier's
    (`Weighted`). It overwrites what the estimator gave, and reads the rewards as the verifier gave them: shapers do not reach
    it. The mean of S is 0 in every group, so none is taken off; over tokens it need not be, and is.

    Assumes that each reward's scale says nothing. A group in which every reward is uniform gets 0 (over tokens: less a mean);
    one that is uniform in what is right still learns from the others. With one reward it is GRPO's advantage over its spread.

    Args:
        eps: Added to the std of a group: the authors and TRL 1e-4, verl and NeMo-RL 1e-6, ms-swift 1e-8.
        batch_eps: Added to the std of the batch: the authors and TRL 1e-4, ms-swift 1e-8, NeMo-RL 0. Where S is 0 throughout it
            stays so. Over tokens it is added to the variance: verl 1e-8.
        over: What the last spread is over: responses, or tokens as in verl, where long responses count more.
        normalise: Divide by the std of the group; without it (verl's `norm_adv_by_std_in_grpo: false`) each is only centred.
    """

    eps: float = 1e-4
    batch_eps: float = 1e-4
    over: Literal["responses", "tokens"] = "responses"
    normalise: bool = True
    needs = Needs(rewards=True)

    def __post_init__(self) -> None:
        if not self.eps > 0 or not self.batch_eps >= 0:
            raise InputError(
                f"eps is {self.eps} and batch_eps {self.batch_eps}; allowed: eps above 0 and batch_eps 0 or more (GDPO's "
                "authors: 1e-4 and 1e-4)."
            )

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        sum_B = self._sum(experience)
        if self.over == "tokens":
            return Whitened(self.batch_eps)(sum_B[:, None] * experience.mask_BT, experience)
        valid_B = experience.valid_B
        sums = torch.stack([masked_sum(sum_B.square(), valid_B), valid_B.to(sum_B.dtype).sum()])
        square, count = experience.collectives.sum(sums)
        std = (square / (count - 1).clamp(min=1)).sqrt()
        scaled_B = torch.where(std > 0, sum_B / (std + self.batch_eps).clamp(min=torch.finfo(std.dtype).tiny), sum_B)
        return scaled_B[:, None] * experience.mask_BT

    def _sum(self, experience: Experience) -> Float[Tensor, " B"]:
        """Weighted sum of the rewards, each normalised in its group."""
        size, valid_PG = experience.group_size, experience.valid_B.view(-1, experience.group_size)
        rewards_BC, weights_BC = experience.rewards_BC, experience.reward_weights_BC
        if rewards_BC is None:
            rewards_BC, weights_BC = experience.rewards_B[:, None], None
        weights_BC = torch.ones_like(rewards_BC) if weights_BC is None else weights_BC
        total_PG = torch.zeros_like(rewards_BC[:, 0].reshape(-1, size))
        for rewards_B, weights_B in zip(rewards_BC.T, weights_BC.T, strict=True):
            rewards_PG = rewards_B.reshape(-1, size)
            group = group_statistics(rewards_PG, valid_PG)
            scaled_PG = (rewards_PG - group.mean) / (group.std + self.eps if self.normalise else 1)
            total_PG = total_PG + scaled_PG * weights_B.reshape(-1, size)
        return torch.where(valid_PG, total_PG, 0).view(-1)
