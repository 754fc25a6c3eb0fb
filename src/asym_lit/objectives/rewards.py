"""What happens to rewards before advantages: shaping of single rewards, and the choice of groups to train on.

Where rewards come from is the verifiers' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.reductions import masked_mean
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs, Outcome, Rollout


class RewardShaper(Protocol):
    """Changes rewards; the verdict (`correct`) stays what it is."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, rewards_B: Float[Tensor, " B"], experience: Experience) -> Float[Tensor, " B"]:
        """Shaped rewards, shape [B]."""
        ...


@dataclass(frozen=True)
class SoftOverlongPenalty:
    """DAPO's penalty on the last stretch before the length limit (arXiv 2503.14476).

    `reward + factor * min((max_tokens - buffer - length) / buffer, 0)`: nothing up to `max_tokens - buffer`, then
    linear, reaching `-factor` at `max_tokens`.

    Assumes that the limit is the sampler's own. Responses that end before the stretch keep their reward; a buffer of
    `max_tokens` makes every token cost.

    Args:
        max_tokens: The length limit, in tokens; the run's `sampling.max_tokens`.
        buffer: Length of the stretch, in tokens; at most `max_tokens`.
        factor: Penalty at the limit; 0 switches it off.
    """

    max_tokens: int
    buffer: int
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.buffer <= self.max_tokens:
            raise InputError(f"overlong buffer is {self.buffer} with max_tokens {self.max_tokens}; allowed: 1 to max_tokens.")

    @property
    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def __call__(self, rewards_B: Float[Tensor, " B"], experience: Experience) -> Float[Tensor, " B"]:
        """Shaped rewards, shape [B]."""
        room = (self.max_tokens - self.buffer - experience.lengths_B) / self.buffer
        return rewards_B + self.factor * room.clamp(max=0)


@dataclass(frozen=True)
class UnlikelinessReward:
    """Rare right answers are worth more (arXiv 2506.02355): `r (1 - beta rank / G)`.

    `rank` counts a group from its least likely member (0) by mean log-prob per token at the weights that sampled; all
    members are ranked, and a reward of 0 stays 0.

    Assumes that the mean log-prob per token orders a group by likelihood. A group of zeros stays so, an all-right one is
    uniform no longer.

    Args:
        beta: Strength; 0 leaves rewards alone. Released: 0.25.
    """

    beta: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.beta <= 1:
            raise InputError(f"beta is {self.beta}; allowed: 0 (off) to 1 (released: 0.25).")

    @property
    def needs(self) -> Needs:
        """Log-probs before the first update."""
        return Needs(rollout_scores=self.beta != 0)

    def __call__(self, rewards_B: Float[Tensor, " B"], experience: Experience) -> Float[Tensor, " B"]:
        """Shaped rewards, shape [B]."""
        if self.beta == 0:
            return rewards_B
        assert experience.old_logprobs_BT is not None
        size = experience.group_size
        mean_PG = masked_mean(experience.old_logprobs_BT, experience.mask_BT, -1).view(-1, size)
        there_PG = experience.mask_BT.bool().any(-1).view(-1, size)  # a joined group is filled up with rows without tokens
        mean_PG = mean_PG.masked_fill(~there_PG, torch.inf)
        rank_PG = mean_PG.argsort(dim=-1, stable=True).argsort(dim=-1, stable=True).to(rewards_B.dtype)
        return rewards_B * (1 - self.beta * rank_PG / there_PG.sum(-1, keepdim=True).clamp(min=1)).view(-1)


class RolloutFilter(Protocol):
    """Chooses the rollouts that are trained on; others leave the batch and its denominators."""

    def __call__(self, correct_B: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        """True for the rollouts to train on, shape [B]."""
        ...


@dataclass(frozen=True)
class AllRollouts:
    """Right and wrong ones.

    Assumes nothing: leaves the batch as it is.
    """

    def __call__(self, correct_B: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        """True for the rollouts to train on, shape [B]."""
        return torch.ones_like(correct_B)


@dataclass(frozen=True)
class OnlyRight:
    """Right ones, as the authors of PSR and RAFT do (arXiv 2506.01347).

    Assumes that advantages are known already. Without a right one the step trains on nothing.
    """

    def __call__(self, correct_B: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        """True for the rollouts to train on, shape [B]."""
        return correct_B


@dataclass(frozen=True)
class OnlyWrong:
    """Wrong ones, as the authors of NSR do (arXiv 2506.01347).

    Assumes that advantages are known already. Without a wrong one the step trains on nothing.
    """

    def __call__(self, correct_B: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        """True for the rollouts to train on, shape [B]."""
        return ~correct_B


class GroupFilter(Protocol):
    """Chooses the groups that are trained on, by the verdicts; dropped ones are drawn anew, within a bound."""

    @property
    def max_draws(self) -> int:
        """Generation rounds per step at most, before it goes on with fewer groups; 1 never replaces any."""
        ...

    def __call__(self, correct_PG: Bool[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Bool[Tensor, " P"]:
        """True for the groups to keep, shape [P]."""
        ...


@dataclass(frozen=True)
class KeepAll:
    """Every group with at least one verdict.

    Assumes nothing. Uniform groups stay and count in the denominators, even where they have no advantage.
    """

    max_draws = 1

    def __call__(self, correct_PG: Bool[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Bool[Tensor, " P"]:
        """True for the groups to keep, shape [P]."""
        return valid_PG.any(-1)


@dataclass(frozen=True)
class DropUniform:
    """DAPO's dynamic sampling: groups that are all right or all wrong are dropped and drawn anew (arXiv 2503.14476).

    Such groups have no advantage, so they only thin out the batch.

    Assumes rewards that follow the verdicts and an estimator with a baseline in the group: else they would have one. Where no
    group is mixed, none is kept.

    Args:
        max_draws: Generation rounds per step at most, the first included; verl's default is 10.
    """

    max_draws: int = 10

    def __post_init__(self) -> None:
        if self.max_draws < 1:
            raise InputError(f"max_draws is {self.max_draws}; allowed: 1 (drop without redrawing) or more.")

    def __call__(self, correct_PG: Bool[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Bool[Tensor, " P"]:
        """True for the groups to keep, shape [P]."""
        right = (correct_PG & valid_PG).any(-1)
        wrong = (~correct_PG & valid_PG).any(-1)
        return torch.logical_and(right, wrong)


def passes(keep: GroupFilter, group: Sequence[Rollout]) -> bool:
    """Whether a filter lets a verified group through."""
    correct = torch.tensor([[r.verdict is not None and r.verdict.outcome == Outcome.CORRECT for r in group]])
    valid = torch.tensor([[r.reward is not None for r in group]])
    return bool(keep(correct, valid)[0])
