"""Regularisers: what is added to the token loss whatever the reward was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.reductions import masked_sum
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


KLEstimate = Literal["k1", "k2", "k3"]

_KL: dict[str, Callable[[Tensor], Tensor]] = {
    "k1": lambda d: -d,
    "k2": lambda d: d.square() / 2,
    "k3": lambda d: d.exp() - d - 1,
}


@dataclass(frozen=True)
class ReferenceKL:
    """KL to the frozen reference, estimated on the sampled token; `d = log pi_ref - log pi`.

    k1: `-d`, unbiased in value, no pull in expectation as a loss. k2: `d^2 / 2`, the KL's gradient. k3: `exp(d) - d - 1`,
    unbiased and never negative, GRPO's choice.

    Args:
        coefficient: beta; 0 switches it off, and the reference need not be loaded.
        estimate: k1, k2 or k3.
    """

    coefficient: float = 0.001
    estimate: KLEstimate = "k3"
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
        return self.coefficient * _KL[self.estimate](d_BT)


@dataclass(frozen=True)
class SquaredLogRatio:
    """BCPG's tether: `tau / 2 (log pi(y) / pi_ref(y))^2 / |y|` per response (arXiv 2505.14403).

    Under `SequenceMean` the mean over a response's tokens is this value.

    Args:
        tau: Strength; 0 switches it off. Published: 0.001.
    """

    tau: float = 0.001
    name = "squared_log_ratio"

    @property
    def needs(self) -> Needs:
        """The reference's log-probs."""
        return Needs(reference=self.tau != 0)

    def __call__(self, scores: TokenScores, experience: Experience) -> Tensor:
        """Added loss, shape [B, T]."""
        if self.tau == 0:
            return scores.logprobs_BT * 0
        assert experience.reference_logprobs_BT is not None
        sum_B = masked_sum(scores.logprobs_BT - experience.reference_logprobs_BT, experience.mask_BT, -1)
        return (self.tau / 2 * sum_B.square() / experience.lengths_B.clamp(min=1))[:, None] * experience.mask_BT
