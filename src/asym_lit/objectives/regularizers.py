"""Regularisers: what is added to the token loss whatever the reward was.

What bends the advantage instead is in the reweights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Literal, Protocol

import torch
from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO, TokenRatio
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Float
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

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, coefficient included, shape [B, T]."""
        ...


KLEstimate = Literal["k1", "k2", "k3", "abs", "k1+", "k3+", "abs+"]

_KL: dict[str, Callable[[Tensor], Tensor]] = {
    "k1": lambda d: -d,
    "k2": lambda d: d.square() / 2,
    "k3": lambda d: d.exp() - d - 1,
    "abs": lambda d: d.abs(),
}


@dataclass(frozen=True)
class ReferenceKL:
    """KL to the frozen reference, estimated on the sampled token; `d = log pi_ref - log pi`.

    k1: `-d`, unbiased in value, no pull in expectation as a loss. k2: `d^2 / 2`, the KL's gradient. k3: `exp(d) - d - 1`,
    unbiased and never negative, GRPO's choice. abs: `|d|`. With a `+`, as in verl: the value of it, the gradient of k2.

    Assumes tokens drawn from the current policy, which after the first update they are only nearly, unless weighted.
    At the reference its value is 0, and so are the gradients of all but k1 and, on either side, abs.

    Args:
        coefficient: beta; 0 switches it off, and the reference need not be loaded.
        estimate: k1, k2, k3, abs, or k1+, k3+, abs+.
        weighted: By the token's ratio to the old policy, gradient and all: with k3 TRL's `use_bias_correction_kl`, on by
            default there: value and gradient are the KL's, off-policy too.
    """

    coefficient: float = 0.001
    estimate: KLEstimate = "k3"
    weighted: bool = False
    name = "reference_kl"

    def __post_init__(self) -> None:
        if self.coefficient < 0:
            raise InputError(f"The KL coefficient is {self.coefficient}; allowed: 0 or more.")

    @property
    def needs(self) -> Needs:
        """The reference's log-probs."""
        return Needs(reference=self.coefficient != 0)

    @property
    def keeps_zero(self) -> bool:
        """Only if it is off: it looks at every response."""
        return self.coefficient == 0

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        if self.coefficient == 0:
            return scores.logprobs_BT * 0
        assert experience.reference_logprobs_BT is not None
        d_BT = ((experience.reference_logprobs_BT - scores.logprobs_BT) * experience.mask_BT).clamp(
            -MAX_LOG_RATIO, MAX_LOG_RATIO
        )
        kl_BT = _KL[self.estimate.removesuffix("+")](d_BT)
        if self.estimate.endswith("+"):
            square_BT = _KL["k2"](d_BT)
            kl_BT = kl_BT.detach() + square_BT - square_BT.detach()
        return self.coefficient * (kl_BT * TokenRatio()(scores, experience) if self.weighted else kl_BT)


@dataclass(frozen=True)
class EntropyBonus:
    """The entropy of the whole next-token distribution, rewarded: `- coefficient H`.

    Assumes that spread over tokens is worth having whether or not it is spread over answers. Where the distribution is uniform
    it has no gradient.

    Args:
        coefficient: Usual: 0.0001 to 0.01; 0 switches it off; below 0 punishes entropy.
    """

    coefficient: float = 0.001
    name = "entropy_bonus"

    @property
    def needs(self) -> Needs:
        """The entropy, with gradient."""
        return Needs(entropy=True, entropy_gradient=True) if self.coefficient else Needs()

    @property
    def keeps_zero(self) -> bool:
        """Only if it is off: it looks at every response."""
        return self.coefficient == 0

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        if self.coefficient == 0:
            return scores.logprobs_BT * 0
        assert scores.entropy_BT is not None
        return -self.coefficient * scores.entropy_BT


@dataclass(frozen=True)
class SquaredLogRatio:
    """BCPG's tether: `tau / 2 (log pi(y) / pi_ref(y))^2 / |y|` per response (arXiv 2505.14403).

    Under `SequenceMean` the mean over a response's tokens is this value.

    Assumes that the reference is worth staying near on every response, right or wrong. At the reference value and gradient are
    0.

    Args:
        tau: Strength; 0 switches it off. Published: 0.001.
    """

    tau: float = 0.001
    name = "squared_log_ratio"

    @property
    def needs(self) -> Needs:
        """The reference's log-probs."""
        return Needs(reference=self.tau != 0)

    @property
    def keeps_zero(self) -> bool:
        """Only if it is off: it looks at every response."""
        return self.tau == 0

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        if self.tau == 0:
            return scores.logprobs_BT * 0
        assert experience.reference_logprobs_BT is not None
        sum_B = masked_sum(scores.logprobs_BT - experience.reference_logprobs_BT, experience.mask_BT, -1)
        return (self.tau / 2 * sum_B.square() / experience.lengths_B.clamp(min=1))[:, None] * experience.mask_BT


@dataclass(frozen=True)
class LowProbabilityTether:
    """Lp-Reg: unlikely tokens of bad responses are kept from dying out (arXiv 2510.03222).

    Where `A < 0` and log pi is in the lowest share of the batch: `+ coefficient (exp(d) - d - 1)`, `d = log proxy - log pi`.
    The proxy is the policy without the tokens below `kappa max p`, renormalised and detached; tokens it drops are left
    alone. Its mass is summed over the `top_n` likeliest tokens: exact where no more than those pass.

    Assumes that an unlikely token which passes kappa is a thought and not noise. Without negative advantages it is 0.

    Args:
        coefficient: Of the penalty; 0 switches it off. Published: 1.
        kappa: Least share of the largest probability. Published: 0.02.
        quantile: Share of tokens, by log-prob from below. Published: 0.005 and 0.01.
        top_n: Candidates the mass is summed over.
    """

    coefficient: float = 1.0
    kappa: float = 0.02
    quantile: float = 0.01
    top_n: int = 64
    name = "low_probability"
    keeps_zero = True

    def __post_init__(self) -> None:
        for name, value in (("kappa", self.kappa), ("quantile", self.quantile)):
            if not 0 < value < 1:
                raise InputError(f"{name} is {value}; allowed: between 0 and 1.")

    @property
    def needs(self) -> Needs:
        """The candidates, and log-probs before the first update."""
        return Needs(top_n=self.top_n, rollout_scores=True) if self.coefficient else Needs()

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        if self.coefficient == 0:
            return scores.logprobs_BT * 0
        assert scores.topk_logprobs_BTK is not None and experience.advantages_BT is not None and experience.pool is not None
        topk_BTK, own_BT = scores.topk_logprobs_BTK.detach(), scores.logprobs_BT.detach()
        least_BT = topk_BTK[..., 0] + log(self.kappa)
        mass_BT = topk_BTK.masked_fill(topk_BTK < least_BT[..., None], -torch.inf).logsumexp(-1)
        chosen_BT = (experience.advantages_BT < 0) & (own_BT >= least_BT) & experience.mask_BT.bool()
        chosen_BT &= own_BT <= experience.pool.logprob_quantile(self.quantile)
        d_BT = torch.where(chosen_BT, own_BT - mass_BT - scores.logprobs_BT, 0.0).clamp(max=MAX_LOG_RATIO)
        return self.coefficient * (d_BT.exp() - d_BT - 1)
