"""Ratios of whole responses that read the sign of the advantage: GMPO's geometric mean and VESPO's gamma weight.

GSPO's ratio, which does not, is in `ratios`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from asym_lit.objectives.corrections import NoCorrection, SamplerCorrection
from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.objectives.token_losses import TokenLossTerms
from asym_lit.reductions import masked_mean, masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores

LEAST_LOG_WEIGHT = log(1e-8)
"""The log of a response's weight is cut to this and +20, as in TRL."""


@dataclass(frozen=True)
class GeometricMeanRatio:
    """GMPO's ratio: `exp(mean_t c_t)`, log-ratios clipped by token before the mean (arXiv 2507.20673).

    `A > 0: c = min(d, high)`, `A < 0: c = max(d, -low)`, `d = log pi - log pi_old`; tokens with A = 0 count as d = 0, as in
    verl. A clipped token has no gradient and still shifts the mean by its bound; `GeometricSurrogate` counts them.

    Assumes that outliers of a response should not carry it. At infinity it is `SequenceRatio`.

    Args:
        low: Bound of a falling log-ratio. Published: 0.4, a ratio of 0.67; verl's 0.2 is PPO's default, here 0.82.
        high: Bound of a rising one. Published: 0.4, a ratio of 1.49.
    """

    low: float = 0.4
    high: float = 0.4
    needs = Needs()

    def __post_init__(self) -> None:
        if min(self.low, self.high) < 0:
            raise InputError(
                f"low is {self.low} and high is {self.high}; allowed: 0 or more, of the log-ratio (published: 0.4)."
            )

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios, shape [B, T]."""
        assert experience.old_logprobs_BT is not None and experience.advantages_BT is not None
        log_ratio_BT = (scores.logprobs_BT - experience.old_logprobs_BT) * experience.mask_BT
        sign_BT = experience.advantages_BT.sign()
        up_BT, down_BT = log_ratio_BT.clamp(max=self.high), log_ratio_BT.clamp(min=-self.low)
        clipped_BT = torch.where(sign_BT > 0, up_BT, torch.where(sign_BT < 0, down_BT, 0.0))
        mean_B1 = masked_mean(clipped_BT, experience.mask_BT, -1)[:, None]
        return torch.where(experience.mask_BT.bool(), mean_B1.clamp(max=MAX_LOG_RATIO).exp(), 1.0)


@dataclass(frozen=True)
class GeometricSurrogate:
    """GMPO's loss: `-A ratio`, for a ratio that has clipped its tokens itself; it counts those without gradient.

    Assumes `GeometricMeanRatio` with the same bounds. Where A is 0 there is no gradient.

    Args:
        low: Its bound of a falling log-ratio.
        high: Its bound of a rising one.
    """

    low: float = 0.4
    high: float = 0.4
    keeps_zero = True

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        log_ratio_BT = scores.logprobs_BT.detach() - experience.old_logprobs_BT
        return TokenLossTerms(
            -advantages_BT * ratio_BT,
            (log_ratio_BT < -self.low) & (advantages_BT < 0),
            (log_ratio_BT > self.high) & (advantages_BT > 0),
        )


@dataclass(frozen=True)
class GammaWeight:
    """VESPO's weight: `W^k e^(lambda (1 - W))`, `W = prod_t pi / pi_old` of the response, detached (arXiv 2602.10693).

    1 at W = 1, greatest at `W = k / lambda`: at 0.67 for right and 1.5 for wrong responses. No length normalisation: W of a
    long response soon leaves [0.3, 3], and then the response drops out without a word. `A = 0` takes the pair of right ones.

    A sampler correction goes into W, `log W += sum_t log weight_t`, and is not applied again.

    Assumes that the policy stays near the one that sampled over the whole response. At k 1 and lambda 0 it is W, the unclipped
    product; at 0 and 0 it is 1.

    Args:
        k_right: Published: 2.
        lambda_right: Published: 3.
        k_wrong: Published: 3.
        lambda_wrong: Published: 2.
        correction: What goes into W.
    """

    k_right: float = 2.0
    lambda_right: float = 3.0
    k_wrong: float = 3.0
    lambda_wrong: float = 2.0
    correction: SamplerCorrection = NoCorrection()
    own_gap = "takes the correction into its weight (GammaWeight.correction)"

    def __post_init__(self) -> None:
        for name in ("k_right", "lambda_right", "k_wrong", "lambda_wrong"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; allowed: 0 or more (published: 2, 3, 3, 2).")

    @property
    def needs(self) -> Needs:
        """What the correction needs."""
        return self.correction.needs

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Weights, detached, shape [B, T]."""
        assert experience.old_logprobs_BT is not None and experience.advantages_BT is not None
        gap_BT = (scores.logprobs_BT.detach() - experience.old_logprobs_BT).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)
        log_W_B1 = masked_sum(gap_BT, experience.mask_BT, -1)[:, None]
        weights = self.correction.weights(experience)
        if weights is not None:
            logs = weights.log().clamp(LEAST_LOG_WEIGHT, MAX_LOG_RATIO)
            by_token = weights.shape[-1] == gap_BT.shape[-1]
            log_W_B1 = log_W_B1 + (masked_sum(logs, experience.mask_BT, -1)[:, None] if by_token else logs)
        log_W_B1 = log_W_B1.clamp(LEAST_LOG_WEIGHT, MAX_LOG_RATIO)
        right_BT = experience.advantages_BT >= 0
        k_BT = torch.where(right_BT, self.k_right, self.k_wrong).to(gap_BT.dtype)
        lambda_BT = torch.where(right_BT, self.lambda_right, self.lambda_wrong).to(gap_BT.dtype)
        weight_BT = (k_BT * log_W_B1 + lambda_BT * (1 - log_W_B1.exp())).clamp(max=MAX_LOG_RATIO).exp()
        return torch.where(experience.mask_BT.bool(), weight_BT, 1.0)
