"""A token reweight that looks ahead: what the policy has since made of the tokens that follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores


@dataclass(frozen=True)
class FutureRatio:
    """FIPO: a token counts by what the policy has since made of the tokens after it (arXiv 2603.19835).

    `A clip(e^F, low, high)`, `F_t = sum_{k >= t} gamma^(k - t) log(pi / pi_old)_k`, detached, `gamma = 2^(-1 / half_life)`.
    Where `A < 0` and the token's own ratio is above `safety`, the factor is cut to [0.8, 1].

    Assumes that a continuation the policy has moved towards vouches for the token that led to it. In the first update of a step
    F is 0 and nothing changes: it acts only where `inner_epochs` x `mini_batches` exceeds 1.

    Args:
        half_life: Tokens after which the future counts half. The recipe: 32; the code's default: 128.
        low: Least factor. The recipe: 1; on both sides: 0.8.
        high: Greatest. With low and high of 1, and no safety, advantages stay.
        safety: The ratio above which a wrong token gains no weight; infinity for none. ms-swift and the code: 4; the recipe:
            10.
        drop_above: Tokens with a ratio above this do not enter F; infinity for none. ms-swift's `delta`, which also caps the
            ratio of the loss: `DualClippedSurrogate`.
    """

    half_life: float = 32.0
    low: float = 1.0
    high: float = 1.2
    safety: float = 4.0
    drop_above: float = float("inf")
    needs = Needs()
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.half_life <= 0:
            raise InputError(f"half_life is {self.half_life}; allowed: above 0, in tokens (published: 32).")
        if not 0 <= self.low <= self.high:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: 0 <= low <= high (published: 1 and 1.2).")

    def __call__(
        self, advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        gap_BT = ((scores.logprobs_BT.detach() - experience.old_logprobs_BT) * experience.mask_BT).clamp(
            -MAX_LOG_RATIO, MAX_LOG_RATIO
        )
        ratio_BT = gap_BT.exp()
        kept_BT = torch.where(ratio_BT > self.drop_above, 0.0, gap_BT)
        future_BT = discounted_sums(kept_BT, 2 ** (-1 / self.half_life)).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)
        factor_BT = future_BT.exp().clamp(self.low, self.high)
        unsafe_BT = (advantages_BT < 0) & (ratio_BT > self.safety)
        return advantages_BT * torch.where(unsafe_BT, factor_BT.clamp(0.8, 1.0), factor_BT)


def discounted_sums(values_BT: Float[Tensor, "B T"], gamma: float, block: int = 256) -> Float[Tensor, "B T"]:
    """`sum_{k >= t} gamma^(k - t) x_k` for every t, shape [B, T].

    By blocks of a triangular matrix, from the end: 8,192 tokens are 32 products, not 8,192 steps nor a matrix of 67 million.
    """
    places = torch.arange(block, device=values_BT.device)
    power = (places[:, None] - places[None, :]).clamp(min=0).to(values_BT.dtype)
    weight_kt = (gamma**power).tril()  # row k, column t: gamma^(k - t) where k >= t
    found, after_B1 = [], torch.zeros_like(values_BT[:, :1])
    for start in reversed(range(0, values_BT.shape[1], block)):
        part = values_BT[:, start : start + block]
        width = part.shape[1]
        left = (width - places[:width]).to(values_BT.dtype)
        found.append(part @ weight_kt[:width, :width] + gamma**left * after_B1)
        after_B1 = found[-1][:, :1]
    return torch.cat(found[::-1], -1) if found else values_BT
