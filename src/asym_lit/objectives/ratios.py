"""Importance ratios: how much likelier the sampled token is now than when it was sampled.

What bounds them is in `token_losses`; the gap to the engine in `corrections`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.objectives.anchors import Anchor, Anchored, anchor_logprobs
from asym_lit.objectives.gates import EntropyGate, Gate
from asym_lit.reductions import masked_mean
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores

MAX_LOG_RATIO = 20.0
"""Log-ratios are cut to +-20 before exp, as in verl: e^20 = 4.9e8 is far outside any clip range and still finite."""


class ImportanceRatio(Protocol):
    """Current scores to ratios."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios with gradient, shape [B, T]; 1 on padding."""
        ...


@dataclass(frozen=True)
class TokenRatio(Anchored):
    """The ratio of PPO and GRPO: `pi(y_t) / pi_old(y_t)`, token by token.

    Assumes log-probs of the anchor at the weights that sampled. Before the first update it is 1 throughout, with the gradient
    of log pi; from the engine's it is so only where engine and trainer agree.

    Args:
        anchor: `old`, or `rollout` for the engine's log-probs (verl's bypass mode, DPPO's authors, prime-rl, SkyRL).
    """

    anchor: Anchor = "old"

    @property
    def needs(self) -> Needs:
        """Nothing more than log-probs."""
        return Needs()

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios, shape [B, T]."""
        log_ratio_BT = (scores.logprobs_BT - anchor_logprobs(experience, self.anchor)) * experience.mask_BT
        return log_ratio_BT.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp()


@dataclass(frozen=True)
class SmoothedRatio:
    """SimKO's ratio: a right response's forking token shares its gradient with the N likeliest tokens.

    `(1 - alpha) ratio + (alpha / N) sum_n sg(ratio / ratio_n) ratio_n` (arXiv 2510.14807, eq. 4), where `ratio_n`
    belongs to the n-th likeliest token. The value is the plain ratio; only the gradient differs, by the direction
    `(1 - alpha) grad log pi(y) + (alpha / N) sum_n grad log pi(n)`. The old candidates' log-probs cancel in it,
    so none are stored.

    Assumes that a right response would have been as right with the other likely tokens. At alpha 0, on wrong responses and on
    closed tokens it is the plain ratio; with one candidate too, where that is the sampled token.

    Args:
        alpha: Share of the gradient that goes to the candidates; 0 is the plain ratio.
        top_n: N, the number of candidates.
        gate: Which tokens fork.
        proportional: Candidates share by their probability instead of evenly (the paper's table 6).
    """

    alpha: float = 0.01
    top_n: int = 3
    gate: Gate = EntropyGate()
    proportional: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise InputError(f"alpha is {self.alpha}; allowed: 0 to 1 (published: 0.005 to 0.05).")
        if self.top_n < 1:
            raise InputError(f"top_n is {self.top_n}; allowed: 1 or more (published: 3).")

    @property
    def needs(self) -> Needs:
        """The candidates' log-probs, and what the gate needs."""
        return Needs(top_n=self.top_n) | self.gate.needs if self.alpha else Needs()

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios, shape [B, T]."""
        ratio_BT = TokenRatio()(scores, experience)
        if not self.alpha:
            return ratio_BT
        assert scores.topk_logprobs_BTK is not None
        open_BT = self.gate(scores, experience) & experience.correct_B[:, None]
        topk_BTK = scores.topk_logprobs_BTK[..., : self.top_n]
        even_BTK = torch.zeros_like(topk_BTK)
        share_BTK = (topk_BTK.detach() if self.proportional else even_BTK).softmax(-1)
        candidates_BT = (share_BTK * topk_BTK).sum(-1)
        # Adds zero in value: what moves is the direction of the gradient.
        shift_BT = (candidates_BT - candidates_BT.detach()) - (scores.logprobs_BT - scores.logprobs_BT.detach())
        return torch.where(open_BT, ratio_BT + self.alpha * ratio_BT.detach() * shift_BT, ratio_BT)


@dataclass(frozen=True)
class PenalisedRatio:
    """SimKO's penalty on the ratio, as the paper prints it: wrong, forking, rank 1: `lambda_top1 ratio`.

    It moves the clip boundary: the gradient ends at ratio `(1 - clip) / lambda_top1`. The authors' code, and `Rank1Penalty`,
    put the factor on the advantage.

    Assumes that a wrong first choice at a fork is the fault. At lambda 1 and on right responses it is the base.

    Args:
        base: The ratio that is penalised.
        lambda_top1: Factor; 1 leaves the ratio alone.
        gate: Which tokens fork.
    """

    base: ImportanceRatio
    lambda_top1: float = 1.1
    gate: Gate = EntropyGate()

    @property
    def needs(self) -> Needs:
        """The base's, the rank-1 flag, and the gate's."""
        return self.base.needs | (Needs(rank1=True) | self.gate.needs if self.lambda_top1 != 1 else Needs())

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios, shape [B, T]."""
        ratio_BT = self.base(scores, experience)
        if self.lambda_top1 == 1:
            return ratio_BT
        assert scores.rank1_BT is not None
        hit_BT = scores.rank1_BT & self.gate(scores, experience) & ~experience.correct_B[:, None]
        return torch.where(hit_BT, self.lambda_top1 * ratio_BT, ratio_BT)


@dataclass(frozen=True)
class SequenceRatio:
    """GSPO's ratio: `exp(mean_t log ratio_t)` for all tokens of a response (arXiv 2507.18071).

    Its gradient goes to each token through `sg(s) pi / sg(pi)`.

    Assumes that what is rewarded, the response, is what should be weighed. For a response of one token it is `TokenRatio`, but
    for where log-ratios are cut.
    """

    needs = Needs()

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Ratios, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        log_ratio_BT = (scores.logprobs_BT - experience.old_logprobs_BT) * experience.mask_BT
        mean_B1 = masked_mean(log_ratio_BT.detach(), experience.mask_BT, -1)[:, None]
        # The difference is zero in value and carries each token's own gradient.
        own_BT = scores.logprobs_BT - scores.logprobs_BT.detach()
        return (mean_B1 + own_BT * experience.mask_BT).clamp(max=10.0).exp()
