"""Regularisers: what is added to the token loss whatever the reward was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.types import Experience, InputError, Needs, TokenScores


class Regularizer(Protocol):
    """Current scores to an added loss per token."""

    @property
    def name(self) -> str:
        """Its metric is `loss/<name>`."""
        ...

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, scores: TokenScores, experience: Experience) -> Tensor:
        """Added loss, coefficient included, shape [B, T]."""
        ...


@dataclass(frozen=True)
class ReferenceKL:
    """KL to the frozen reference by the k3 estimate: `exp(d) - d - 1`, `d = log pi_ref - log pi` (GRPO's choice).

    Args:
        coefficient: beta; 0 switches it off, and the reference need not be loaded.
    """

    coefficient: float = 0.001
    name = "reference_kl"

    def __post_init__(self) -> None:
        if self.coefficient < 0:
            raise InputError(f"The KL coefficient is {self.coefficient}; allowed: 0 or more.")

    @property
    def needs(self) -> Needs:
        """The reference's log-probs."""
        return Needs(reference=self.coefficient != 0)

    def __call__(self, scores: TokenScores, experience: Experience) -> Tensor:
        """Added loss, shape [B, T]."""
        if self.coefficient == 0:
            return scores.logprobs_BT * 0
        assert experience.reference_logprobs_BT is not None
        d_BT = ((experience.reference_logprobs_BT - scores.logprobs_BT) * experience.mask_BT).clamp(
            -MAX_LOG_RATIO, MAX_LOG_RATIO
        )
        return self.coefficient * (d_BT.exp() - d_BT - 1)
