"""Reweights: what bends advantages after they are estimated.

Two moments, two protocols. A `Reweight` sees whole groups once, at rollout time. A `TokenReweight` sees the current
scores of a micro-batch at every update. The ones here weigh right against wrong responses; `confidence_reweights` has ACE,
`group_reweights` those that look at the group, `token_reweights` those that look at single tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import Experience, Needs, TokenScores


class Reweight(Protocol):
    """Advantages to advantages, at rollout time."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        ...


class TokenReweight(Protocol):
    """Advantages to advantages, at every update."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(
        self, advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        ...


@dataclass(frozen=True)
class SignScaling:
    """Positive and negative advantages by factors of their own: grouped PSR (negative 0) and NSR (positive 0).

    Model-Task Alignment (arXiv 2508.21188) trains on one sign of GRPO's advantages this way.

    Assumes that the sign of an advantage says right or wrong, as in groups of two rewards. Factors of 1 leave advantages alone.

    Args:
        positive: Factor where A > 0; 1 leaves them alone.
        negative: Factor where A < 0; 1 leaves them alone.
    """

    positive: float = 1.0
    negative: float = 1.0
    needs = Needs()
    keeps_zero = True

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        return torch.where(advantages_BT > 0, self.positive * advantages_BT, self.negative * advantages_BT)


@dataclass(frozen=True)
class SignedOutcome:
    """Advantages from the verdict alone: `positive` where right, `-negative` where wrong (arXiv 2506.01347).

    PSR is (1, 0), NSR (0, 1), W-REINFORCE (0.1, 1).

    Assumes that a verdict needs no baseline, and overwrites what the estimator gave. Uniform groups are pushed like any other.

    Args:
        positive: Advantage of a right response.
        negative: How far below 0 that of a wrong one is.
    """

    positive: float = 1.0
    negative: float = 1.0
    needs = Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        outcome_B = torch.where(experience.correct_B, self.positive, -self.negative)
        outcome_B = torch.where(experience.valid_B, outcome_B, 0.0).to(advantages_BT.dtype)
        return outcome_B[:, None] * experience.mask_BT
