"""Trust regions that are a yes or a no for each token: where it ends, the gradient ends, and the value does not go flat.

Regions in probability are shifts of p, not of the ratio: 0.2 is no "PPO-like" number. The clip of the ratio is in
`token_losses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.shapes import Bool, Float
from asym_lit.types import InputError

LITTLE = 1e-8
"""Added to both probabilities of the other outcome, as in verl and by the authors: 1 - p is 0 for a certain token."""


class TrustRegion(Protocol):
    """Log-probs now, those of the anchor, and advantages to what is kept."""

    def __call__(
        self, logprobs_BT: Float[Tensor, "B T"], anchor_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"]
    ) -> Bool[Tensor, "B T"]:
        """Bool: the token keeps its gradient, shape [B, T]."""
        ...


@dataclass(frozen=True)
class TotalVariation:
    """DPPO-TV: `A > 0` keeps `p - q <= high`, else `p - q >= -low` (arXiv 2602.04879).

    Of the two outcomes "this token" and "another one", |p - q| is the total variation. An unlikely token is never masked on its
    way down from q < low, and hardly on its way up: what bounds its ratio is the cap of the loss.

    Assumes that a shift of probability is what a policy can be trusted for. At 1 nothing is masked.

    Args:
        low: How far the probability may fall before a negative advantage stops pushing. Published: 0.15; prime-rl, SkyRL: 0.2.
        high: How far it may rise before a positive advantage stops pushing.
    """

    low: float = 0.15
    high: float = 0.15

    def __post_init__(self) -> None:
        _check_shifts(self.low, self.high)

    def __call__(
        self, logprobs_BT: Float[Tensor, "B T"], anchor_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"]
    ) -> Bool[Tensor, "B T"]:
        """Bool: the token keeps its gradient, shape [B, T]."""
        shift_BT = _probability(logprobs_BT) - _probability(anchor_BT)
        return torch.where(advantages_BT > 0, shift_BT <= self.high, shift_BT >= -self.low)


@dataclass(frozen=True)
class TwoSidedVariation:
    """prime-rl's IPO: keeps `-low <= p - q <= high`, whatever the sign of A; not the IPO of preference learning.

    Assumes that a token which has moved far is not to be trusted, the right way or the wrong one. At 1 nothing is masked.

    Args:
        low: How far the probability may fall. prime-rl: 0.1.
        high: How far it may rise.
    """

    low: float = 0.1
    high: float = 0.1

    def __post_init__(self) -> None:
        _check_shifts(self.low, self.high)

    def __call__(
        self, logprobs_BT: Float[Tensor, "B T"], anchor_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"]
    ) -> Bool[Tensor, "B T"]:
        """Bool: the token keeps its gradient, shape [B, T]."""
        shift_BT = _probability(logprobs_BT) - _probability(anchor_BT)
        return (shift_BT <= self.high) & (shift_BT >= -self.low)


@dataclass(frozen=True)
class BinaryKL:
    """DPPO-KL: the KL of two outcomes, `k = q log(q / p) + (1 - q) log((1 - q) / (1 - p))` (arXiv 2602.04879).

    `A > 0` keeps `k <= high` or `p <= q`; else `k <= low` or `p >= q`. 1e-8 is added to 1 - q and 1 - p. Computed in float32 at
    least: in bfloat16 1 - p is 0 above p = 0.998.

    Assumes that the sampled token stands for the whole distribution. At infinity nothing is masked.

    Args:
        low: Greatest divergence of a token that falls. Published: 0.05.
        high: Of a token that rises.
    """

    low: float = 0.05
    high: float = 0.05

    def __post_init__(self) -> None:
        if min(self.low, self.high) < 0:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: 0 or more, in nats (published: 0.05).")

    def __call__(
        self, logprobs_BT: Float[Tensor, "B T"], anchor_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"]
    ) -> Bool[Tensor, "B T"]:
        """Bool: the token keeps its gradient, shape [B, T]."""
        p_BT, q_BT = _probability(logprobs_BT), _probability(anchor_BT)
        others_BT = (1 - q_BT) * ((1 - q_BT + LITTLE) / (1 - p_BT + LITTLE)).log()
        kl_BT = q_BT * (anchor_BT - logprobs_BT) + others_BT
        return torch.where(advantages_BT > 0, (kl_BT <= self.high) | (p_BT <= q_BT), (kl_BT <= self.low) | (p_BT >= q_BT))


@dataclass(frozen=True)
class RatioBand:
    """SkyRL's `rollout_is`, IcePop's mask on one ratio: keeps `1 - low < p / q < 1 + high`, strictly, whatever the sign of A.

    Assumes that a token outside the band is a fault of the engine or too old. At low 1 and high infinity nothing is masked.

    Args:
        low: Lower half-width; 1 for no lower bound.
        high: Upper half-width.
    """

    low: float = 0.2
    high: float = 0.28

    def __post_init__(self) -> None:
        if not 0 < self.low <= 1 or self.high <= 0:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: low above 0 to 1, high above 0.")

    def __call__(
        self, logprobs_BT: Float[Tensor, "B T"], anchor_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"]
    ) -> Bool[Tensor, "B T"]:
        """Bool: the token keeps its gradient, shape [B, T]."""
        ratio_BT = (logprobs_BT - anchor_BT).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp()
        return (ratio_BT > 1 - self.low) & (ratio_BT < 1 + self.high)


def _probability(logprobs_BT: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """At most 1: a log-prob of +6e-8, which float32 gives for a certain token, would make 1 - p + 1e-8 negative."""
    return logprobs_BT.to(torch.promote_types(logprobs_BT.dtype, torch.float32)).clamp(max=0).exp()


def _check_shifts(low: float, high: float) -> None:
    if not (0 <= low <= 1 and 0 <= high <= 1):
        raise InputError(
            f"low is {low} and high is {high}; allowed: 0 to 1, shifts of the probability, not of the ratio (published: 0.15)."
        )
