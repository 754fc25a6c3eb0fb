"""Token losses with a trust region that masks: outside of it a token has no gradient. Those that clip are in `token_losses`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.anchors import Anchor, Anchored, anchor_logprobs
from asym_lit.objectives.token_losses import TokenLossTerms
from asym_lit.objectives.trust_regions import TotalVariation, TrustRegion
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, TokenScores


@dataclass(frozen=True)
class MaskedSurrogate(Anchored):
    """DPPO's loss: `-A sg(min(ratio, cap)) keep log pi`; without a cap `-A ratio keep` (arXiv 2602.04879).

    Both have one gradient where the ratio is below the cap, and different values: verl and the authors have the first form,
    SkyRL and prime-rl the second. The gradient ends at the region's edge, the value does not go flat, so loss curves are not
    PPO's.

    Assumes a cap far above 1, for of an unlikely token it is all that bounds the ratio: with 3, verl's configured default, it
    is another method. Where the region masks nothing and the cap is never reached, its gradient is that of `-A ratio`.

    Args:
        region: Which tokens keep their gradient.
        cap: The greatest weight, 1 or more. verl's comment: 20; its class: 3; its script: 10000; the authors: 10. None for
            none.
        anchor: Whose probability the region measures from; the ratio has an anchor of its own.
    """

    region: TrustRegion = TotalVariation()
    cap: float | None = 20.0
    anchor: Anchor = "old"
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.cap is not None and self.cap < 1:
            raise InputError(f"cap is {self.cap}; allowed: 1 or more (verl's comment: 20), or null for none.")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        keep_BT = self.region(scores.logprobs_BT.detach(), anchor_logprobs(experience, self.anchor), advantages_BT)
        if self.cap is None:
            loss_BT = -advantages_BT * ratio_BT
        else:
            loss_BT = -advantages_BT * ratio_BT.detach().clamp(max=self.cap) * scores.logprobs_BT
        return TokenLossTerms(
            torch.where(keep_BT, loss_BT, 0.0), ~keep_BT & (advantages_BT < 0), ~keep_BT & (advantages_BT > 0)
        )
