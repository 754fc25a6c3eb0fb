"""Token losses: ratio and advantage become a loss per token.

The weight of each token is in `aggregations`; those that hold entropy are in `covariance_losses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, TokenScores


class TokenLossTerms(NamedTuple):
    """A loss per token, and where the trust region cut the gradient off."""

    loss_BT: Float[Tensor, "B T"]
    clipped_low_BT: Bool[Tensor, "B T"]
    """Bool: the ratio is below the region and a negative advantage would push it further down."""
    clipped_high_BT: Bool[Tensor, "B T"]
    """Bool: the ratio is above the region and a positive advantage would push it further up."""


class TokenLoss(Protocol):
    """Ratios and advantages to losses."""

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token; padding is masked later, by the aggregation."""
        ...


def wants_whole_groups(loss: TokenLoss) -> bool:
    """It is a loss of whole groups, so none may be cut up between micro-batches."""
    return bool(getattr(loss, "whole_groups", False))


@dataclass(frozen=True)
class ClippedSurrogate:
    """PPO's pessimistic surrogate: `-min(ratio A, clip(ratio, 1 - low, 1 + high) A)` (arXiv 1707.06347).

    Assumes that the policy stays near the one that sampled. At ratio 1 its gradient is that of `Likelihood`; where A is 0 there
    is none.

    Args:
        clip_low: How far the ratio may fall before a negative advantage stops pushing; below 1.
        clip_high: How far it may rise before a positive advantage stops pushing. DAPO: 0.28.
    """

    clip_low: float = 0.2
    clip_high: float = 0.2
    keeps_zero = True

    def __post_init__(self) -> None:
        if not 0 <= self.clip_low <= 1:
            raise InputError(f"clip_low is {self.clip_low}; allowed: 0 to 1 (published: 0.2).")
        if self.clip_high < 0:
            raise InputError(f"clip_high is {self.clip_high}; allowed: 0 or more (published: 0.2, DAPO 0.28).")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        low, high = 1 - self.clip_low, 1 + self.clip_high
        loss_BT = -torch.minimum(ratio_BT * advantages_BT, ratio_BT.clamp(low, high) * advantages_BT)
        return TokenLossTerms(
            loss_BT,
            (ratio_BT < low) & (advantages_BT < 0),
            (ratio_BT > high) & (advantages_BT > 0),
        )


@dataclass(frozen=True)
class DualClippedSurrogate:
    """The clipped surrogate with a floor under negative advantages: at most `-A cap` (arXiv 1912.09729; TRL's `delta`).

    Assumes that a very high ratio under a negative advantage is an accident. Where A is 0 or more, or the ratio below the cap,
    it is its surrogate.

    Args:
        surrogate: The clipped surrogate.
        cap: The ratio above which a negative advantage stops pushing; above 1. verl: 3.
    """

    surrogate: ClippedSurrogate = ClippedSurrogate()
    cap: float = 3.0
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.cap <= 1:
            raise InputError(f"cap is {self.cap}; allowed: above 1 (verl: 3).")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        terms = self.surrogate(ratio_BT, advantages_BT, scores, experience)
        capped_BT = torch.minimum(terms.loss_BT, -advantages_BT * self.cap)
        return terms._replace(loss_BT=torch.where(advantages_BT < 0, capped_BT, terms.loss_BT))


@dataclass(frozen=True)
class ClippedWeight:
    """CISPO: the ratio is a detached, clipped weight of the likelihood: `-sg(clip(ratio)) A log pi` (arXiv 2506.13585).

    Clipped tokens keep their gradient. Bounds are absolute: verl writes them as 1 - low and 1 + high, TRL as a cap alone.

    Assumes that a bounded weight is worth its bias. At ratio 1, between the bounds, it is `Likelihood`.

    Args:
        low: Least weight; 0 for none.
        high: Greatest weight.
    """

    low: float = 0.0
    high: float = 5.0
    keeps_zero = True

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: 0 <= low <= high.")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        weight_BT = ratio_BT.detach().clamp(self.low, self.high)
        loss_BT = -weight_BT * advantages_BT * scores.logprobs_BT
        return TokenLossTerms(loss_BT, ratio_BT < self.low, ratio_BT > self.high)


@dataclass(frozen=True)
class Likelihood:
    """REINFORCE: `-A log pi`, without a ratio; on-policy only.

    Assumes that the current policy sampled, so one update a rollout step. Where A is 0 there is no gradient.
    """

    keeps_zero = True

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        return TokenLossTerms(-advantages_BT * scores.logprobs_BT, never_BT, never_BT)


@dataclass(frozen=True)
class SoftGate:
    """SAPO: the trust region as a smooth gate: `-A sigmoid(tau (ratio - 1)) 4 / tau` (arXiv 2511.20347).

    Assumes that trust should fade and not end. At ratio 1 its gradient is that of `Likelihood`, whatever tau.

    Args:
        tau_positive: Sharpness where A > 0.
        tau_negative: Sharpness elsewhere.
    """

    tau_positive: float = 1.0
    tau_negative: float = 1.05
    keeps_zero = True

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        tau_BT = torch.where(advantages_BT > 0, self.tau_positive, self.tau_negative).to(ratio_BT.dtype)
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        return TokenLossTerms(-advantages_BT * torch.sigmoid(tau_BT * (ratio_BT - 1)) * 4 / tau_BT, never_BT, never_BT)
