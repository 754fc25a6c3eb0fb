"""Reweights that move credit between the tokens of a response: by entropy, by probability.

By what follows a token: `future_reweights`. What a whole response is worth is in `group_reweights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs


@dataclass(frozen=True)
class EntropyShaping:
    """Uncertain tokens gain: `A + min(alpha H, |A| / kappa)`, H of the weights that sampled, detached (arXiv 2506.14758).

    With kappa above 1 the sign stays. It raises right tokens and softens every wrong one, so it is asymmetric.

    Assumes that uncertainty at a token marks reasoning worth having. Where A is 0, or H, nothing is added.

    Args:
        alpha: Strength; 0 leaves advantages alone. 0.4, and 0.1 over PPO, are from memory and were not verified.
        kappa: The bonus is at most |A| over this, above 0; 2 was not verified either.
    """

    alpha: float = 0.4
    kappa: float = 2.0
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.alpha < 0 or self.kappa <= 0:
            raise InputError(f"alpha is {self.alpha} and kappa is {self.kappa}; allowed: alpha 0 (off) or more, kappa above 0.")

    @property
    def needs(self) -> Needs:
        """Entropy before the first update."""
        return Needs(entropy=True, rollout_scores=True) if self.alpha else Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.alpha == 0:
            return advantages_BT
        assert experience.entropy_BT is not None
        bonus_BT = torch.minimum(self.alpha * experience.entropy_BT.detach(), advantages_BT.abs() / self.kappa)
        return advantages_BT + bonus_BT


@dataclass(frozen=True)
class Pole:
    """The tokens at one end of a response's order, and their factor.

    Assumes that the order says something within one response. A share of 0 or a scale of 1 is nothing.

    Args:
        share: Of the response's tokens, at least one; 0 for none.
        scale: Factor of their advantage; 1 leaves it alone.
    """

    share: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"A pole's share is {self.share}; allowed: 0 (none) to 1 (the released example: 0.2).")

    def factor(self, values_BT: Float[Tensor, "B T"], mask_BT: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
        """`scale` where a value is among the greatest of its row, 1 elsewhere, shape [B, T]."""
        if self.share == 0 or self.scale == 1:
            return torch.ones_like(values_BT)
        seen_BT = torch.where(mask_BT.bool(), values_BT, -torch.inf)
        place_BT = seen_BT.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
        # Counted from a hair above: 0.2 x 5 tokens is one token, and 0.7 x 10 in floats is just below 7.
        count_B1 = (mask_BT.sum(-1, keepdim=True) * self.share + 1e-6).floor().clamp(min=1)
        return torch.where((place_BT < count_B1) & mask_BT.bool(), self.scale, 1.0).to(values_BT.dtype)


@dataclass(frozen=True)
class PolarTokens:
    """A3PO: in right responses the unlikely tokens, in wrong ones the likely tokens get factors (arXiv 2512.21625).

    Four ends of each response's own order, by the old probability or by the entropy. Right and wrong by the verdict, not by A.
    The paper lets the factors decay to 1; the released code does not, and neither does this.

    Assumes that a right unlikely token was a discovery and a wrong likely one a habit. Factors of 1 leave advantages alone.

    Args:
        right_low: The least likely (least uncertain) tokens of right responses.
        right_high: The likeliest of right ones.
        wrong_low: The least likely of wrong ones.
        wrong_high: The likeliest of wrong ones. The released example: 0.2 and 5.
        by: What orders them.
    """

    right_low: Pole = Pole(0.2, 2.0)
    right_high: Pole = Pole()
    wrong_low: Pole = Pole()
    wrong_high: Pole = Pole(0.2, 2.0)
    by: Literal["probability", "entropy"] = "probability"
    keeps_zero = True

    @property
    def needs(self) -> Needs:
        """Log-probs, or entropies, before the first update."""
        return Needs(rollout_scores=True, entropy=self.by == "entropy")

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        values_BT = experience.old_logprobs_BT if self.by == "probability" else experience.entropy_BT
        assert values_BT is not None
        mask_BT, right_B1 = experience.mask_BT, experience.correct_B[:, None]
        right_BT = self.right_low.factor(-values_BT, mask_BT) * self.right_high.factor(values_BT, mask_BT)
        wrong_BT = self.wrong_low.factor(-values_BT, mask_BT) * self.wrong_high.factor(values_BT, mask_BT)
        return advantages_BT * torch.where(right_B1, right_BT, wrong_BT)
