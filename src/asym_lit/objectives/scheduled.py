"""Parts that change with the rollout step: outcome weights (A-NSR), the upper clip. They read the step off the experience.

A temperature that changes is the sampler's (`data.temperature`); scores are taken at the step's own, so ratios know of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from asym_lit.objectives.reweights import SignedOutcome
from asym_lit.objectives.token_losses import ClippedSurrogate, TokenLossTerms
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, Schedule, TokenScores


@dataclass(frozen=True)
class AdaptiveOutcome:
    """A-NSR: advantages from the verdict alone, with weights that move during the run (arXiv 2605.07137).

    Step t of T: right `right + right_gain t / T`; wrong, by `form`: `exponential` `wrong + wrong_gain exp(-decay t)`, `cosine`
    `wrong + wrong_gain / 2 (1 + cos(pi t / T))`, `share` `wrong + wrong_gain (1 - share of right responses in the batch)`.

    Assumes that wrong answers should be pushed most at the start, whatever the group. With gains of 0 it is `SignedOutcome`.
    The exponential form counts steps and not shares of the run: at 0.03 it is over after 100 steps of any run.

    Args:
        form: Of the weight of wrong responses; the authors recommend `exponential`.
        total_steps: T; None for the run's rollout steps.
        right: Weight of right responses at the start.
        right_gain: What it gains until the end.
        wrong: Least weight of wrong responses.
        wrong_gain: What is added at the start, or where nothing is right.
        decay: Of the exponential form, per rollout step.
    """

    form: Literal["exponential", "cosine", "share"] = "exponential"
    total_steps: int | None = None
    right: float = 0.05
    right_gain: float = 0.15
    wrong: float = 0.5
    wrong_gain: float = 1.0
    decay: float = 0.03
    needs = Needs(step=True)

    def __post_init__(self) -> None:
        if self.total_steps is not None and self.total_steps < 1:
            raise InputError(f"total_steps is {self.total_steps}; allowed: 1 or more, or none for the run's own.")
        if self.decay < 0:
            raise InputError(f"decay is {self.decay}; allowed: 0 or more (published: 0.03).")

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        done = self._share_done(experience)
        if self.form == "exponential":
            bent = math.exp(-self.decay * experience.step)
        elif self.form == "cosine":
            bent = (1 + math.cos(math.pi * done)) / 2
        else:
            bent = 1 - self._share_right(experience)
        outcome = SignedOutcome(self.right + self.right_gain * done, self.wrong + self.wrong_gain * bent)
        return outcome(advantages_BT, experience)

    def _share_done(self, experience: Experience) -> float:
        total = self.total_steps or experience.steps
        if not total and experience.step:
            raise InputError(
                f"AdaptiveOutcome (A-NSR) weighs by the share of the run that is done, and these rollouts are of step "
                f"{experience.step} of a run whose length is not told; write total_steps."
            )
        return min(experience.step / total, 1.0) if total else 0.0

    def _share_right(self, experience: Experience) -> float:
        valid_B = experience.valid_B
        right = masked_sum(experience.correct_B.to(experience.mask_BT.dtype), valid_B)
        right, count = experience.collectives.sum(torch.stack([right, valid_B.to(right.dtype).sum()])).tolist()
        return right / max(count, 1)


@dataclass(frozen=True)
class ScheduledSurrogate:
    """The clipped surrogate with an upper bound that moves during the run: DAPO's clip-higher, let in by and by.

    Assumes that how far a right token may rise is a matter of when. A constant schedule is `ClippedSurrogate`.

    Args:
        clip_low: As there; it stays.
        clip_high: Of the upper bound, by rollout step.
    """

    clip_low: float = 0.2
    clip_high: Schedule = Schedule(0.2, 0.28, 100)
    needs = Needs(step=True)
    keeps_zero = True

    def __post_init__(self) -> None:
        for end in (self.clip_high.start, self.clip_high.end):
            ClippedSurrogate(self.clip_low, end)

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """Loss per token, shape [B, T]."""
        now = ClippedSurrogate(self.clip_low, self.clip_high.at(experience.step))
        return now(ratio_BT, advantages_BT, scores, experience)
