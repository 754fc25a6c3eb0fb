"""ACE and its controls: errors weigh by how much surer the policy has become of them (arXiv 2602.21420).

Reweights by verdict alone are in `reweights`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from asym_lit.reductions import masked_mean, masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs

Normalisation = Literal["mean", "sum", "sqrt"]
Activation = Literal["softplus", "relu", "centred_softplus"]

_LENGTH_POWER: dict[str, float] = {"mean": 1.0, "sqrt": 0.5, "sum": 0.0}
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softplus": softplus,
    "relu": relu,
    "centred_softplus": lambda shift: softplus(shift) - log(2),
}


@dataclass(frozen=True)
class ConfidentErrorPenalty:
    """ACE's penalty: errors the policy has grown surer of than its reference weigh more (arXiv 2602.21420).

    `A < 0:  A (1 + alpha softplus(c))` with `c = mean_t [log pi_old - log pi_ref]`, detached. At c = 0 the factor is
    already `1 + alpha ln 2 = 1.693`, and a per-token mean rarely leaves that neighbourhood: close to a constant, which
    `ConstantErrorPenalty` is the control for.

    Assumes a reference from before training, against which confidence has grown. While the policy is the reference, `relu` and
    `centred_softplus` leave advantages alone and `softplus` is `ConstantErrorPenalty`.

    Args:
        alpha: Strength; 0 leaves advantages alone. Published default 1.0.
        normalisation: Of c: `mean` over tokens (the paper's experiments), `sum` (its abstract), or sum over `sqrt` of length.
        activation: `softplus`; `relu`; or `centred_softplus`, less ln 2, which leaves c = 0 alone.
        clip: c is cut to +- this; 0 leaves it. A sum over 1000 tokens can make the factor 20 and more.
    """

    alpha: float = 1.0
    normalisation: Normalisation = "mean"
    activation: Activation = "softplus"
    clip: float = 0.0
    keeps_zero = True

    def __post_init__(self) -> None:
        if self.alpha < 0:
            raise InputError(f"alpha is {self.alpha}; allowed: 0 (off) or more (published: 1).")
        if self.clip < 0:
            raise InputError(f"clip is {self.clip}; allowed: 0 (off) or more.")

    @property
    def needs(self) -> Needs:
        """The reference's log-probs, and the policy's before the first update."""
        return Needs(reference=True, rollout_scores=True) if self.alpha else Needs()

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.alpha == 0:
            return advantages_BT
        return _penalised(advantages_BT, self.alpha * self.severity(experience))

    def severity(self, experience: Experience) -> Float[Tensor, " B"]:
        """The activated confidence shift, shape [B]."""
        shift_B = confidence_shift(experience, self.normalisation)
        if self.clip:
            shift_B = shift_B.clamp(-self.clip, self.clip)
        return _ACTIVATIONS[self.activation](shift_B)


@dataclass(frozen=True)
class ConstantErrorPenalty:
    """The control for ACE: every error weighs `1 + alpha ln 2` as much, whatever the confidence.

    Assumes nothing but the sign of an advantage, and needs no reference. A batch without negative advantages is left alone.

    Args:
        alpha: ACE's strength; 0 leaves advantages alone.
    """

    alpha: float = 1.0
    needs = Needs()
    keeps_zero = True

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        return torch.where(advantages_BT < 0, advantages_BT * (1 + self.alpha * log(2)), advantages_BT)


@dataclass(frozen=True)
class ShuffledErrorPenalty:
    """The other control for ACE: its factors, dealt out at random among the rollouts.

    Assumes what ACE does, but for whose factor is whose. Where all factors are equal, as while the policy is the reference, it
    is ACE.

    Args:
        penalty: ACE's.
        seed: Of the dealing; it also depends on the batch.
    """

    penalty: ConfidentErrorPenalty = ConfidentErrorPenalty()
    seed: int = 0
    keeps_zero = True

    @property
    def needs(self) -> Needs:
        """What the penalty needs."""
        return self.penalty.needs

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        if self.penalty.alpha == 0:
            return advantages_BT
        severity_B = self.penalty.alpha * self.penalty.severity(experience)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(experience.mask_BT.sum()))
        order_B = torch.randperm(len(severity_B), generator=generator).to(severity_B.device)
        return _penalised(advantages_BT, severity_B[order_B])


def _penalised(advantages_BT: Float[Tensor, "B T"], severity_B: Float[Tensor, " B"]) -> Float[Tensor, "B T"]:
    return torch.where(advantages_BT < 0, advantages_BT * (1 + severity_B[:, None]), advantages_BT)


def confidence_shift(experience: Experience, normalisation: Normalisation = "mean") -> Float[Tensor, " B"]:
    """ACE's c: log-ratio of the policy to the reference, per token on average or otherwise, shape [B], detached."""
    if experience.old_logprobs_BT is None or experience.reference_logprobs_BT is None:
        raise InputError("The confidence shift needs old and reference log-probs; declare Needs(reference=True).")
    log_ratio_BT = experience.old_logprobs_BT - experience.reference_logprobs_BT
    if normalisation == "mean":
        return masked_mean(log_ratio_BT, experience.mask_BT, -1).detach()
    length_B = experience.lengths_B.clamp(min=1) ** _LENGTH_POWER[normalisation]
    return (masked_sum(log_ratio_BT, experience.mask_BT, -1) / length_B).detach()
