"""Gates: which tokens of a response a method touches.

What is done to them is the method's business: `ratios`, `token_reweights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from asym_lit.reductions import row_quantile
from asym_lit.shapes import Bool
from asym_lit.types import Experience, InputError, Needs, TokenScores


class Gate(Protocol):
    """Chooses tokens."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def __call__(self, scores: TokenScores, experience: Experience) -> Bool[Tensor, "B T"]:
        """Bool: the token is chosen, shape [B, T]."""
        ...


@dataclass(frozen=True)
class EntropyGate:
    """Forking tokens: those whose entropy exceeds the response's own quantile, strictly (SimKO, arXiv 2510.14807).

    The entropy is the current policy's, so the gate moves with every update.

    Assumes that uncertainty marks a decision. Where all entropies of a response are equal, or it has one token, none is open.

    Args:
        quantile: tau; 0.8 opens for the 20 % most uncertain tokens. 0 opens for all but the least uncertain one.
    """

    quantile: float = 0.8

    def __post_init__(self) -> None:
        _check_quantile(self.quantile)

    @property
    def needs(self) -> Needs:
        """The entropy."""
        return Needs(entropy=True)

    def __call__(self, scores: TokenScores, experience: Experience) -> Bool[Tensor, "B T"]:
        """Bool: the token forks, shape [B, T]."""
        assert scores.entropy_BT is not None
        threshold_B = row_quantile(scores.entropy_BT, experience.mask_BT, self.quantile)
        return (scores.entropy_BT > threshold_B[:, None]) & experience.mask_BT.bool()


@dataclass(frozen=True)
class BatchEntropyGate:
    """Forking tokens by one threshold for the whole batch: the quantile of all entropies at the weights that sampled.

    Assumes that entropies do not drift far within a step, for the threshold does not move. Where all entropies are equal, none
    is open.

    Args:
        quantile: 0.8 opens for the 20 % most uncertain tokens of the batch, wherever they stand.
    """

    quantile: float = 0.8

    def __post_init__(self) -> None:
        _check_quantile(self.quantile)

    @property
    def needs(self) -> Needs:
        """The entropy, also before the first update."""
        return Needs(entropy=True, rollout_scores=True)

    def __call__(self, scores: TokenScores, experience: Experience) -> Bool[Tensor, "B T"]:
        """Bool: the token forks, shape [B, T]."""
        assert scores.entropy_BT is not None and experience.pool is not None
        return (scores.entropy_BT > experience.pool.entropy_quantile(self.quantile)) & experience.mask_BT.bool()


def _check_quantile(quantile: float) -> None:
    if not 0 <= quantile <= 1:
        raise InputError(f"The gate's quantile is {quantile}; allowed: 0 to 1 (published: 0.8).")
