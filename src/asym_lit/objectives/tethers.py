"""Tethers to the log-probs that sampled. Those to the frozen reference are in `regularizers`."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from asym_lit.objectives.anchors import Anchor, anchor_logprobs
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores


@dataclass(frozen=True)
class AnchorTether:
    """prime-rl's `kl_tau`: `+ coefficient (log pi - log pi_anchor)^2` on all tokens, also those that the trust region masks.

    Called a KL there, with factor 1 and not 1/2; from Kimi K2.5's report, by a comment of its code. It acts where A is 0 too.

    Assumes that the policy should stay near the one that sampled on every token. At the anchor value and gradient are 0.

    Args:
        coefficient: Strength; 0 switches it off. prime-rl: 0.001.
        anchor: `rollout` as in prime-rl, or `old`.
    """

    coefficient: float = 0.001
    anchor: Anchor = "rollout"
    name = "anchor_tether"
    needs = Needs()

    def __post_init__(self) -> None:
        if self.coefficient < 0:
            raise InputError(f"The tether's coefficient is {self.coefficient}; allowed: 0 (off) or more (prime-rl: 0.001).")

    @property
    def keeps_zero(self) -> bool:
        """Only if it is off: it looks at every response."""
        return self.coefficient == 0

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        gap_BT = (scores.logprobs_BT - anchor_logprobs(experience, self.anchor)) * experience.mask_BT
        return self.coefficient * gap_BT.square()
