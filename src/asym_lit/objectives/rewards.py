"""What happens to rewards before advantages: shaping of single rewards, and the choice of groups to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.types import InputError


class RewardShaper(Protocol):
    """Changes rewards; the verdict (`correct`) stays what it is."""

    def __call__(self, rewards_B: Tensor, lengths_B: Tensor) -> Tensor:
        """Shaped rewards, shape [B]; `lengths_B` counts response tokens."""
        ...


@dataclass(frozen=True)
class SoftOverlongPenalty:
    """DAPO's penalty on the last stretch before the length limit (arXiv 2503.14476).

    `reward + factor * min((max_tokens - buffer - length) / buffer, 0)`: nothing up to `max_tokens - buffer`, then
    linear, reaching `-factor` at `max_tokens`.

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

    def __call__(self, rewards_B: Tensor, lengths_B: Tensor) -> Tensor:
        """Shaped rewards, shape [B]."""
        room = (self.max_tokens - self.buffer - lengths_B) / self.buffer
        return rewards_B + self.factor * room.clamp(max=0)


class GroupFilter(Protocol):
    """Chooses the groups that are trained on, by the verdicts; dropped ones are drawn anew, within a bound."""

    @property
    def max_draws(self) -> int:
        """Generation rounds per step at most, before it goes on with fewer groups; 1 never replaces any."""
        ...

    def __call__(self, correct_PG: Tensor, valid_PG: Tensor) -> Tensor:
        """True for the groups to keep, shape [P]."""
        ...


@dataclass(frozen=True)
class KeepAll:
    """Every group with at least one verdict."""

    max_draws = 1

    def __call__(self, correct_PG: Tensor, valid_PG: Tensor) -> Tensor:
        """True for the groups to keep, shape [P]."""
        return valid_PG.any(-1)


@dataclass(frozen=True)
class DropUniform:
    """DAPO's dynamic sampling: groups that are all right or all wrong are dropped and drawn anew (arXiv 2503.14476).

    Such groups have no advantage, so they only thin out the batch.

    Args:
        max_draws: Generation rounds per step at most, the first included; verl's default is 10.
    """

    max_draws: int = 10

    def __post_init__(self) -> None:
        if self.max_draws < 1:
            raise InputError(f"max_draws is {self.max_draws}; allowed: 1 (drop without redrawing) or more.")

    def __call__(self, correct_PG: Tensor, valid_PG: Tensor) -> Tensor:
        """True for the groups to keep, shape [P]."""
        right = (correct_PG & valid_PG).any(-1)
        wrong = (~correct_PG & valid_PG).any(-1)
        return torch.logical_and(right, wrong)
