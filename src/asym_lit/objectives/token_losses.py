"""Token losses: ratio and advantage become a loss per token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from asym_lit.types import InputError, TokenScores


class TokenLossTerms(NamedTuple):
    """A loss per token, and where the trust region cut the gradient off."""

    loss_BT: Tensor
    clipped_low_BT: Tensor
    """Bool: the ratio is below the region and a negative advantage would push it further down."""
    clipped_high_BT: Tensor
    """Bool: the ratio is above the region and a positive advantage would push it further up."""


class TokenLoss(Protocol):
    """Ratios and advantages to losses."""

    def __call__(self, ratio_BT: Tensor, advantages_BT: Tensor, scores: TokenScores) -> TokenLossTerms:
        """Loss per token; padding is masked later, by the aggregation."""
        ...


@dataclass(frozen=True)
class ClippedSurrogate:
    """PPO's pessimistic surrogate: `-min(ratio A, clip(ratio, 1 - low, 1 + high) A)` (arXiv 1707.06347).

    Args:
        clip_low: How far the ratio may fall before a negative advantage stops pushing; below 1.
        clip_high: How far it may rise before a positive advantage stops pushing. DAPO: 0.28.
    """

    clip_low: float = 0.2
    clip_high: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.clip_low <= 1:
            raise InputError(f"clip_low is {self.clip_low}; allowed: 0 to 1 (published: 0.2).")
        if self.clip_high < 0:
            raise InputError(f"clip_high is {self.clip_high}; allowed: 0 or more (published: 0.2, DAPO 0.28).")

    def __call__(self, ratio_BT: Tensor, advantages_BT: Tensor, scores: TokenScores) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        low, high = 1 - self.clip_low, 1 + self.clip_high
        loss_BT = -torch.minimum(ratio_BT * advantages_BT, ratio_BT.clamp(low, high) * advantages_BT)
        return TokenLossTerms(
            loss_BT,
            (ratio_BT < low) & (advantages_BT < 0),
            (ratio_BT > high) & (advantages_BT > 0),
        )
