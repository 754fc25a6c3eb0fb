"""Sampler corrections: weights for what the engine sampled a little differently than the trainer would have.

`rho = pi_old / pi_sampler` per token, at the weights that sampled. The weights are detached and multiply the token loss
outside of its min and clip; regularisers are not weighted. Tokens of weight 0 still count in the denominators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Bool, Float, Shaped
from asym_lit.types import Experience, InputError, Needs


class SamplerCorrection(Protocol):
    """Log-probs of sampler and trainer to weights."""

    @property
    def needs(self) -> Needs:
        """What must be computed for it."""
        ...

    def weights(self, experience: Experience) -> Float[Tensor, " B #T"] | None:
        """Weights, shape [B, T] or [B, 1]; None for 1 throughout."""
        ...


def log_rho(experience: Experience) -> Float[Tensor, "B T"]:
    """`log pi_old - log pi_sampler` per token, detached, 0 on padding, cut to +-20, shape [B, T]."""
    assert experience.old_logprobs_BT is not None
    gap_BT = (experience.old_logprobs_BT - experience.sampler_logprobs_BT).detach()
    return (gap_BT * experience.mask_BT).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)


def _log_rho_of_sequence(experience: Experience) -> Float[Tensor, "B 1"]:
    total_B = masked_sum(log_rho(experience), experience.mask_BT, -1)
    return total_B.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)[:, None]


@dataclass(frozen=True)
class NoCorrection:
    """Every weight is 1.

    Assumes that engine and trainer give the same log-probs.
    """

    needs = Needs()

    def weights(self, experience: Experience) -> Float[Tensor, " B #T"] | None:
        """None."""
        return None


@dataclass(frozen=True)
class TokenTruncated:
    """Token-level truncated importance sampling: `min(rho_t, cap)`.

    Assumes that the gap before a token may be left out, and what is above the cap: little variance, some bias. Without a gap,
    and a cap of 1 or more, every weight is 1.

    Args:
        cap: Usual: 2 (verl), 1.5 to 5.
    """

    cap: float = 2.0
    needs = Needs(rollout_scores=True)

    def __post_init__(self) -> None:
        _check_bounds(0.0, self.cap)

    def weights(self, experience: Experience) -> Float[Tensor, "B T"] | None:
        """Weights, shape [B, T]."""
        return log_rho(experience).exp().clamp(max=self.cap)


@dataclass(frozen=True)
class SequenceTruncated:
    """Sequence-level truncated importance sampling: `min(prod_t rho_t, cap)` for all tokens of a response.

    Assumes that few responses reach the cap: only there is it biased. Without a gap, and a cap of 1 or more, every weight is 1;
    for a response of one token it is `TokenTruncated`.

    Args:
        cap: Usual: 2 (verl), up to 10.
    """

    cap: float = 2.0
    needs = Needs(rollout_scores=True)

    def __post_init__(self) -> None:
        _check_bounds(0.0, self.cap)

    def weights(self, experience: Experience) -> Float[Tensor, "B 1"] | None:
        """Weights, shape [B, 1]."""
        return _log_rho_of_sequence(experience).exp().clamp(max=self.cap)


@dataclass(frozen=True)
class SequenceMask:
    """Responses whose `prod_t rho_t` leaves [low, high] are dropped, others weigh by it (TRL's default, high 3, no low).

    The product of many tokens leaves any range, so long responses are dropped first.

    Assumes that a response outside the range is no sample of the trainer's policy at all. Without a gap, and 1 in the range,
    every weight is 1.

    Args:
        high: Greatest product kept.
        low: Least product kept; 0 for none.
    """

    high: float = 3.0
    low: float = 0.0
    needs = Needs(rollout_scores=True)

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high)

    def weights(self, experience: Experience) -> Float[Tensor, "B 1"] | None:
        """Weights, shape [B, 1]."""
        rho_B1 = _log_rho_of_sequence(experience).exp()
        return torch.where((rho_B1 >= self.low) & (rho_B1 <= self.high), rho_B1, 0.0)


@dataclass(frozen=True)
class TokenMask:
    """Tokens whose rho leaves [low, high] are dropped, others weigh by it (IcePop).

    Assumes that such tokens are faults of the engine, and that the gap before a token may be left out. Without a gap, and 1 in
    the range, every weight is 1.

    Args:
        low: Least rho kept.
        high: Greatest rho kept.
    """

    low: float = 0.5
    high: float = 2.0
    needs = Needs(rollout_scores=True)

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high)

    def weights(self, experience: Experience) -> Float[Tensor, "B T"] | None:
        """Weights, shape [B, T]."""
        rho_BT = log_rho(experience).exp()
        return torch.where((rho_BT >= self.low) & (rho_BT <= self.high), rho_BT, 0.0)


def truncated(
    weights: Float[Tensor, " B #T"], experience: Experience, correction: SamplerCorrection = NoCorrection()
) -> Bool[Tensor, " B #T"]:
    """Bool: the weight is above 0 but below the ratio it stands for, of the token or of the response; shape of `weights`.

    A correction that stands for another ratio has a `log_ratio`.
    """
    if hasattr(correction, "log_ratio"):
        # Means of logs are rounded: without a gap they would be below themselves.
        return (weights > 0) & (weights < correction.log_ratio(experience).exp() * (1 - 1e-6))
    log_ratio = log_rho(experience) if weights.shape[-1] > 1 else _log_rho_of_sequence(experience)
    return (weights > 0) & (weights < log_ratio.exp())


def check_gap_counted_once(correction: SamplerCorrection, parts: Sequence[object]) -> None:
    """Refuse a correction beside a part that accounts for the engine's gap by itself, and says so as its `own_gap`.

    Args:
        correction: Of the objective.
        parts: Its ratio and its token loss.

    Raises:
        InputError: With the part, and what to write.
    """
    gaps = {type(part).__name__: getattr(part, "own_gap", "") for part in parts}
    told = [f"{name} {gap}" for name, gap in gaps.items() if gap]
    if told and not isinstance(correction, NoCorrection):
        raise InputError(
            f"{type(correction).__name__} beside a {told[0]} counts the gap between engine and trainer twice; allowed: "
            "NoCorrection beside it, or anchor: old; VESPO takes a correction as corrected(vespo(), ...)."
        )


def _check_bounds(low: float, high: float) -> None:
    if not 0 <= low < high:
        raise InputError(f"low is {low} and high (or cap) is {high}; allowed: 0 <= low < high.")


def mismatch_sums(experience: Experience, mask_BT: Shaped[Tensor, "B T"]) -> dict[str, tuple[float, float]]:
    """(sum, count) of how far sampler and trainer are apart, by metric name.

    `mismatch/kl_k1`: mean of `-log rho`; `mismatch/kl_k3`: mean of `rho - 1 - log rho`, both estimates of
    KL(sampler || trainer); `mismatch/ess`: effective sample size of the token weights over their number.

    Args:
        experience: With old and sampler log-probs.
        mask_BT: Tokens that count.
    """
    log_BT = log_rho(experience)
    rho_BT, count = log_BT.exp(), float(mask_BT.sum())
    weight, square = float(masked_sum(rho_BT, mask_BT)), float(masked_sum(rho_BT.square(), mask_BT))
    return {
        "mismatch/kl_k1": (float(masked_sum(-log_BT, mask_BT)), count),
        "mismatch/kl_k3": (float(masked_sum(rho_BT - 1 - log_BT, mask_BT)), count),
        "mismatch/ess": (weight**2 / square if square else 0.0, count),
    }
