"""Reweights: what bends advantages after they are estimated.

Two moments, two protocols. A `Reweight` sees whole groups once, at rollout time. A `TokenReweight` sees the current
scores of a micro-batch at every update. Both return new advantages and keep their hands off the sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

from asym_lit.objectives.gates import EntropyGate
from asym_lit.reductions import masked_mean
from asym_lit.types import Experience, InputError, Needs, TokenScores


class Reweight(Protocol):
    """Advantages to advantages, at rollout time."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, advantages_BT: Tensor, experience: Experience) -> Tensor:
        """New advantages, shape [B, T]."""
        ...


class TokenReweight(Protocol):
    """Advantages to advantages, at every update."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, advantages_BT: Tensor, scores: TokenScores, experience: Experience) -> Tensor:
        """New advantages, shape [B, T]."""
        ...


@dataclass(frozen=True)
class ConfidentErrorPenalty:
    """ACE's penalty: errors the policy has grown surer of than its reference weigh more (arXiv 2602.21420).

    `A < 0:  A (1 + alpha softplus(c))` with `c = mean_t [log pi_old - log pi_ref]`, detached. At c = 0 the factor is
    already `1 + alpha ln 2 = 1.693`, and a per-token mean rarely leaves that neighbourhood: close to a constant.

    Args:
        alpha: Strength; 0 leaves advantages alone. Published default 1.0.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if self.alpha < 0:
            raise InputError(f"alpha is {self.alpha}; allowed: 0 (off) or more (published: 1).")

    @property
    def needs(self) -> Needs:
        """The reference's log-probs."""
        return Needs(reference=self.alpha != 0)

    def __call__(self, advantages_BT: Tensor, experience: Experience) -> Tensor:
        """New advantages, shape [B, T]."""
        if self.alpha == 0:
            return advantages_BT
        factor_B1 = 1 + self.alpha * softplus(confidence_shift(experience))[:, None]
        return torch.where(advantages_BT < 0, advantages_BT * factor_B1, advantages_BT)


def confidence_shift(experience: Experience) -> Tensor:
    """ACE's c: mean per-token log-ratio of the policy to the reference, shape [B], detached."""
    if experience.old_logprobs_BT is None or experience.reference_logprobs_BT is None:
        raise InputError("The confidence shift needs old and reference log-probs; declare Needs(reference=True).")
    log_ratio_BT = experience.old_logprobs_BT - experience.reference_logprobs_BT
    return masked_mean(log_ratio_BT, experience.mask_BT, -1).detach()


@dataclass(frozen=True)
class Rank1Penalty:
    """SimKO's penalty: a wrong response's forking token counts more where it is the policy's first choice.

    `A < 0, gate open, sampled token is rank 1:  A lambda_top1` (arXiv 2510.14807, eq. 5, on the advantage as the
    authors' code has it; the paper puts it on the ratio, which moves the clip boundary).

    Args:
        lambda_top1: Factor; 1 leaves advantages alone. Published default 1.1.
        gate: Which tokens fork.
    """

    lambda_top1: float = 1.1
    gate: EntropyGate = EntropyGate()

    def __post_init__(self) -> None:
        if self.lambda_top1 < 0:
            raise InputError(f"lambda_top1 is {self.lambda_top1}; allowed: 0 or more, 1 is off (published: 1.05 to 1.1).")

    @property
    def needs(self) -> Needs:
        """The rank-1 flag, and what the gate needs."""
        return Needs(rank1=True) | self.gate.needs if self.lambda_top1 != 1 else Needs()

    def __call__(self, advantages_BT: Tensor, scores: TokenScores, experience: Experience) -> Tensor:
        """New advantages, shape [B, T]."""
        if self.lambda_top1 == 1:
            return advantages_BT
        assert scores.rank1_BT is not None
        hit_BT = (advantages_BT < 0) & scores.rank1_BT & self.gate(scores, experience)
        return torch.where(hit_BT, advantages_BT * self.lambda_top1, advantages_BT)
