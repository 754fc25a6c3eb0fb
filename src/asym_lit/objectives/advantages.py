"""Advantage estimators: how the rewards of a group become one number per rollout.

Each is a frozen record called with `rewards_PG` and `valid_PG` (both [P, G]) that returns `advantages_PG`. Undecided
rollouts neither enter a statistic nor get an advantage: theirs is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.reductions import group_statistics
from asym_lit.shapes import Bool, Float


class AdvantageEstimator(Protocol):
    """Rewards to advantages, group by group."""

    @property
    def min_group_size(self) -> int:
        """Smallest group the estimate makes sense for."""
        ...

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        ...


@dataclass(frozen=True)
class GroupNormalised:
    """GRPO's advantage: `(r - mean) / (std + eps)` within the group (arXiv 2402.03300).

    Assumes that the scale of a prompt's rewards says nothing, for it is divided out. A uniform group, or a single valid
    rollout, gets 0: no gradient.

    Args:
        eps: Added to the unbiased standard deviation; 1e-6 as in verl (TRL: 1e-4). A uniform group gets 0, not 0/0.
    """

    eps: float = 1e-6
    min_group_size = 2

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        group = group_statistics(rewards_PG, valid_PG)
        return torch.where(valid_PG, (rewards_PG - group.mean) / (group.std + self.eps), 0)


@dataclass(frozen=True)
class Centred:
    """Dr. GRPO's advantage: `r - mean` within the group (arXiv 2503.20783).

    Assumes that rewards of all prompts are on one scale. For n independent rollouts it is the gradient of the mean reward times
    (n - 1) / n, as each reward stands in its own baseline. A uniform group gets 0.
    """

    min_group_size = 2

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        return torch.where(valid_PG, rewards_PG - group_statistics(rewards_PG, valid_PG).mean, 0)


@dataclass(frozen=True)
class LeaveOneOut:
    """RLOO's advantage: reward less the mean of the others, `(r - mean) n / (n - 1)` (arXiv 2402.14740).

    Assumes that the rollouts of a group are independent: then the baseline brings no bias. A uniform group, or a single valid
    rollout, gets 0.
    """

    min_group_size = 2

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        group = group_statistics(rewards_PG, valid_PG)
        factor = group.count / (group.count - 1).clamp(min=1)
        return torch.where(valid_PG, (rewards_PG - group.mean) * factor, 0)


@dataclass(frozen=True)
class MeanNormalised:
    """MaxRL's advantage: `(r - mean) / (mean + eps)` (arXiv 2602.02710). Hard prompts weigh more; r must not be negative.

    Assumes that the mean of a group is how easy its prompt is. For rewards of 0 and 1 with mean p: right `(1 - p) / p`, wrong
    -1. A uniform group gets 0, the all-wrong one too.

    Args:
        eps: Keeps all-wrong groups at 0; released: 1e-6.
    """

    eps: float = 1e-6
    min_group_size = 2

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        group = group_statistics(rewards_PG, valid_PG)
        return torch.where(valid_PG, (rewards_PG - group.mean) / (group.mean + self.eps), 0)


@dataclass(frozen=True)
class RawReward:
    """The reward itself, without a baseline; in groups of any size.

    Assumes that the sign of a reward is its meaning, or that a reweight takes a baseline off. A group of equal rewards is
    pushed as one, up or down; rewards of 0 give no gradient.
    """

    min_group_size = 1

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        return torch.where(valid_PG, rewards_PG, 0)


@dataclass(frozen=True)
class BestOfGroup:
    """verl's GRPO-passk advantage: the best rollout gets its lead over the second best, all others 0.

    Assumes that only the best response counts. Where two share the best reward, or fewer than two are valid, all get 0; so for
    rewards of 0 and 1 only groups with exactly one right response teach anything.

    Args:
        normalise: Divide by the group's standard deviation + `eps`, as verl does by default.
        eps: Added to the standard deviation.
    """

    normalise: bool = True
    eps: float = 1e-6
    min_group_size = 2

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        seen_PG = torch.where(valid_PG, rewards_PG, -torch.inf)
        best = seen_PG.topk(2, -1)
        lead_P = torch.where(best.values[:, 1].isfinite(), best.values[:, 0] - best.values[:, 1], 0)
        if self.normalise:
            lead_P = lead_P / (group_statistics(rewards_PG, valid_PG).std.squeeze(-1) + self.eps)
        return torch.zeros_like(rewards_PG).scatter(-1, best.indices[:, :1], lead_P[:, None])
