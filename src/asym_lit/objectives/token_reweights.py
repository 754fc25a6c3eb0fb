"""Reweights that look at single tokens: forking ones, first choices, tokens of steps that an annotator calls right.

Whole responses and groups are in `group_reweights`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.gates import EntropyGate, Gate
from asym_lit.reductions import masked_mean
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores


@dataclass(frozen=True)
class Rank1Penalty:
    """SimKO's penalty: a wrong response's forking token counts more where it is the policy's first choice.

    `A < 0, gate open, sampled token is rank 1:  A lambda_top1` (arXiv 2510.14807, eq. 5, on the advantage as the
    authors' code has it; the paper puts it on the ratio, which moves the clip boundary).

    Assumes that a wrong first choice at a fork is the fault. Where no such token is, advantages stay.

    Args:
        lambda_top1: Factor; 1 leaves advantages alone. Published default 1.1.
        gate: Which tokens fork.
    """

    lambda_top1: float = 1.1
    gate: Gate = EntropyGate()
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.lambda_top1 < 0:
            raise InputError(f"lambda_top1 is {self.lambda_top1}; allowed: 0 or more, 1 is off (published: 1.05 to 1.1).")

    @property
    def needs(self) -> Needs:
        """The rank-1 flag, and what the gate needs."""
        return Needs(rank1=True) | self.gate.needs if self.lambda_top1 != 1 else Needs()

    def __call__(
        self, advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.lambda_top1 == 1:
            return advantages_BT
        assert scores.rank1_BT is not None
        hit_BT = (advantages_BT < 0) & scores.rank1_BT & self.gate(scores, experience)
        return torch.where(hit_BT, advantages_BT * self.lambda_top1, advantages_BT)


@dataclass(frozen=True)
class ForkingTokens:
    """80/20: only the most uncertain tokens of the batch are trained on (arXiv 2506.01939).

    The entropy is that of the weights that sampled, the quantile one over all tokens of the batch on all ranks, and a token
    at it counts, as in TRL; SimKO's gate goes by response, strictly, and by the current entropy.

    Assumes that uncertain tokens decide an answer and the others only carry it out. Where all entropies are equal, all tokens
    are kept.

    Args:
        quantile: 0.8 keeps the top 20 %; 0 keeps all.
    """

    quantile: float = 0.8
    keeps_zero = True

    def __post_init__(self) -> None:
        if not 0 <= self.quantile <= 1:
            raise InputError(f"The quantile is {self.quantile}; allowed: 0 (all tokens) to 1 (published: 0.8).")

    @property
    def needs(self) -> Needs:
        """Entropy before the first update."""
        return Needs(entropy=True, rollout_scores=True) if self.quantile else Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.quantile == 0:
            return advantages_BT
        assert experience.entropy_BT is not None and experience.pool is not None
        threshold = experience.pool.entropy_quantile(self.quantile)
        return torch.where(experience.entropy_BT >= threshold, advantages_BT, 0.0)


@dataclass(frozen=True)
class StepWeights:
    """BCPG-NSA: within a wrong response, tokens of steps that are right count by a factor (arXiv 2505.14403).

    Assumes that the annotator is right. Where no step of a wrong response is called right, advantages stay.

    Args:
        beta: Factor, -1 to 1: 1 leaves advantages alone, 0 masks such tokens, below 0 rewards them. Published: 0.5.
    """

    beta: float = 0.5
    needs = Needs()
    keeps_zero = True

    def __post_init__(self) -> None:
        if not -1 <= self.beta <= 1:
            raise InputError(f"beta is {self.beta}; allowed: -1 to 1, 1 is off (published: 0.5).")

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.beta == 1:
            return advantages_BT
        if experience.step_right_BT is None:
            raise InputError(
                "StepWeights reads rollout.step_right, which no rollout has; let a verifier or a callback fill it in (a bool "
                "per token), or write beta: 1."
            )
        right_BT = experience.step_right_BT & ~experience.correct_B[:, None]
        return torch.where(right_BT, self.beta * advantages_BT, advantages_BT)


@dataclass(frozen=True)
class OffPolicyMask:
    """DeepSeek-V3.2's mask: wrong responses the policy has left far behind are dropped.

    `A < 0` and `mean_t log(pi_old / pi) > threshold`: the advantage becomes 0; the tokens still count.

    Assumes that what the policy has left behind by itself need not be pushed down. On-policy the mean is 0, so with a threshold
    of 0 or more advantages stay.

    Args:
        threshold: In nats per token; TRL suggests 0.5.
    """

    threshold: float = 0.5
    needs = Needs()
    keeps_zero = True

    def __call__(
        self, advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        left_B = masked_mean(experience.old_logprobs_BT - scores.logprobs_BT.detach(), experience.mask_BT, -1)
        return torch.where((advantages_BT < 0) & (left_B > self.threshold)[:, None], 0.0, advantages_BT)
