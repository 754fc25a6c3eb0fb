"""Token losses that hold entropy by its cause: tokens whose log-prob and advantage rise together (arXiv 2505.22617).

`cov = (A - mean A) (log pi - mean log pi)`, means over the tokens of the micro-batch, as the authors take them: unlike all
other parts, these two depend a little on how a mini-batch is cut up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, TokenLossTerms
from asym_lit.reductions import masked_mean
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, TokenScores


def token_covariance(advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
    """Each token's share of the covariance of advantage and log-prob, detached, shape [B, T]."""
    mask_BT, logprobs_BT = experience.mask_BT, scores.logprobs_BT.detach()
    centred_A_BT = advantages_BT - masked_mean(advantages_BT, mask_BT)
    return centred_A_BT * (logprobs_BT - masked_mean(logprobs_BT, mask_BT))


@dataclass(frozen=True)
class ClipCov:
    """Clip-Cov: a few tokens drawn from those of high covariance get no gradient.

    Assumes that the micro-batch shows the covariance of the whole. Where all its advantages are equal, every covariance is 0
    and, with `low` above 0, it is its surrogate.

    Args:
        ratio: Share of all tokens that is drawn, at least one where any qualifies; 0 for none. Published: 2e-4.
        low: Least covariance of a candidate.
        high: Greatest.
        surrogate: The loss of all others.
        seed: Of the draw; it also depends on the micro-batch.
    """

    ratio: float = 2e-4
    low: float = 1.0
    high: float = 5.0
    surrogate: ClippedSurrogate | DualClippedSurrogate = DualClippedSurrogate(ClippedSurrogate(1.0, 1.0), 10.0)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.ratio <= 1:
            raise InputError(f"ratio is {self.ratio}; allowed: 0 (off) to 1 (published: 0.0002).")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        terms = self.surrogate(ratio_BT, advantages_BT, scores, experience)
        if self.ratio == 0:
            return terms
        cov_BT = token_covariance(advantages_BT, scores, experience)
        free_BT = experience.mask_BT.bool() & ~terms.clipped_low_BT & ~terms.clipped_high_BT
        open_N2 = (free_BT & (cov_BT > self.low) & (cov_BT < self.high)).nonzero()
        count = min(max(int(self.ratio * float(experience.mask_BT.sum())), 1), len(open_N2))
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(experience.mask_BT.sum()))
        chosen = open_N2[torch.randperm(len(open_N2), generator=generator)[:count].to(open_N2.device)]
        keep_BT = torch.ones_like(terms.loss_BT)
        keep_BT[chosen[:, 0], chosen[:, 1]] = 0
        return terms._replace(loss_BT=terms.loss_BT * keep_BT)


@dataclass(frozen=True)
class KLCov:
    """KL-Cov: no clip; the tokens of highest covariance pay for leaving the old policy: `+ coefficient |log ratio|`.

    The penalty has no gradient at ratio 1, so it is silent in the first mini-batch after a rollout.

    Assumes that the micro-batch shows the covariance of the whole. At ratio 0 or coefficient 0 it is `-A ratio`, unclipped.

    Args:
        ratio: Share of tokens that pay, at least one; 0 for none. Scripts: 0.002 for 7B, 0.0002 for 32B (verl's default).
        coefficient: Of the penalty. Published: 1.
    """

    ratio: float = 0.002
    coefficient: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.ratio <= 1:
            raise InputError(f"ratio is {self.ratio}; allowed: 0 (off) to 1 (published: 0.002 and 0.0002).")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        loss_BT = -advantages_BT * ratio_BT
        mask_BT = experience.mask_BT.bool()
        if self.ratio and mask_BT.any():
            assert experience.old_logprobs_BT is not None
            cov_N = token_covariance(advantages_BT, scores, experience)[mask_BT]
            count = max(int(self.ratio * len(cov_N)), 1)
            pays_BT = torch.zeros_like(loss_BT)
            pays_BT[mask_BT] = torch.zeros_like(cov_N).index_fill(0, cov_N.topk(count).indices, 1.0)
            loss_BT = loss_BT + self.coefficient * pays_BT * (scores.logprobs_BT - experience.old_logprobs_BT).abs()
        return TokenLossTerms(loss_BT, never_BT, never_BT)
