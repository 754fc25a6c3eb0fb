"""Reweights by one number of the whole batch, on all ranks. Those that look at a group are in `group_reweights`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from asym_lit.reductions import group_statistics, masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs

DeviationOf = Literal["rewards", "centred"]


@dataclass(frozen=True)
class BatchScaled:
    """Lite PPO's scale: advantages over the standard deviation of the whole batch (arXiv 2508.08221).

    `A / (std + eps)`, std unbiased, over the decided rollouts of all ranks.

    Assumes that rewards of all prompts are on one scale. A uniform group stays at 0; so does a batch of equal rewards.

    Args:
        of: `rewards`, as TRL's and ms-swift's `scale_rewards: batch`; `centred`, rewards less their group's mean, as ms-swift
            has it with `reinforce_plus_plus`.
        eps: Added to the standard deviation; 1e-4 in TRL and ms-swift.
    """

    of: DeviationOf = "rewards"
    eps: float = 1e-4
    needs = Needs()
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.eps <= 0:
            raise InputError(
                f"eps is {self.eps}; allowed: above 0 (TRL: 0.0001), for in a uniform batch it is all that divides."
            )

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        values_B, valid_B = experience.rewards_B, experience.valid_B
        if self.of == "centred":
            values_PG = values_B.view(-1, experience.group_size)
            values_B = (values_PG - group_statistics(values_PG, valid_B.view_as(values_PG)).mean).view(-1)
        summed = torch.stack([masked_sum(values_B, valid_B), valid_B.to(values_B.dtype).sum()])
        total, count = experience.collectives.sum(summed)
        gap_B = values_B - total / count.clamp(min=1)
        square = experience.collectives.sum(masked_sum(gap_B.square(), valid_B)[None])[0]
        return advantages_BT / ((square / (count - 1).clamp(min=1)).sqrt() + self.eps)


@dataclass(frozen=True)
class RewardedShare:
    """verl's factor of GPG: advantages times rollouts over rollouts with a reward other than 0.

    The paper rescales by the share of groups that teach something, as `MixedGroupsOnly(rescale)` does. This one counts right
    answers, where rewards are 0 and 1; with rewards of -1 and 1 it is always 1.

    Assumes rewards that are 0 where wrong. Where all are right nothing changes; where none is, it is the number of rollouts.
    """

    needs = Needs()
    keeps_zero = True

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        valid_B = experience.valid_B
        counted = torch.stack([valid_B.sum(), (valid_B & (experience.rewards_B != 0)).sum()]).to(advantages_BT.dtype)
        rollouts, rewarded = experience.collectives.sum(counted)
        return advantages_BT * rollouts / rewarded.clamp(min=1)
