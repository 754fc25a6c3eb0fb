"""Token losses with a square instead of a clip: the further a token has moved, the harder it is pulled back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.anchors import Anchor, Anchored, anchor_logprobs
from asym_lit.objectives.token_losses import TokenLossTerms
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, TokenScores


@dataclass(frozen=True)
class TetheredLikelihood(Anchored):
    """DRO: `-A log pi + beta / 2 (log pi - log pi_anchor)^2`, no clip (verl 0.9, Tinker; the idea: arXiv 2405.19107).

    The paper's own algorithm is offline, with a learned value; only the square is shared. The square acts on tokens of
    advantage 0 too: all-right and all-wrong groups pull the policy back. A correction weighs the square as well, as in verl.

    Assumes that staying near is worth its price on every token. As beta goes to 0 it is `Likelihood`.

    Args:
        beta: Strength, above 0. No default is published: verl wants it written.
        anchor: `old` as in verl; `rollout` as in Tinker.
    """

    beta: float
    anchor: Anchor = "old"

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise InputError(f"beta is {self.beta}; allowed: above 0. Without a tether write Likelihood, or the preset gpg.")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        gap_BT = (scores.logprobs_BT - anchor_logprobs(experience, self.anchor)) * experience.mask_BT
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        return TokenLossTerms(-advantages_BT * scores.logprobs_BT + self.beta / 2 * gap_BT.square(), never_BT, never_BT)


@dataclass(frozen=True)
class QuadraticSurrogate(Anchored):
    """DRPO: `-A r + |A| q (r - 1)^2 / (2 delta)`, q the anchor's probability (arXiv 2606.09821).

    The gradient's weight is `A r (1 - sign(A (p - q)) |p - q| / delta)`: beyond a shift of delta it turns back. |p - q| is
    below 1, so at the published delta of 12.5 no weight leaves [0.92, 1.08] and nothing ever turns.

    Assumes that trust should fade with the shift. At delta infinity it is `-A r`, unclipped; where A is 0 there is none.

    Args:
        delta: The shift of probability at which the gradient turns. Published: 12.5; DPPO's scale: 0.15.
        by_probability: Weigh the square by q; without it is SPO (arXiv 2401.16025), whose delta is a shift of the ratio.
        anchor: Whose q; the ratio has an anchor of its own.
    """

    delta: float = 12.5
    by_probability: bool = True
    anchor: Anchor = "rollout"
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.delta <= 0:
            raise InputError(f"delta is {self.delta}; allowed: above 0 (published: 12.5), infinity for no square.")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        square_BT = advantages_BT.abs() * (ratio_BT - 1).square() / (2 * self.delta)
        if self.by_probability:
            square_BT = square_BT * anchor_logprobs(experience, self.anchor).exp()
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        return TokenLossTerms(-advantages_BT * ratio_BT + square_BT, never_BT, never_BT)
