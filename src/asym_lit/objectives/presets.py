"""The index of papers: each function returns an `Objective`, and its name is what a recipe writes.

Every knob has a neutral value at which the preset equals what it is built on.
"""

from __future__ import annotations

from dataclasses import replace

from asym_lit.objectives.advantages import Centred, GroupNormalised
from asym_lit.objectives.aggregations import ConstantLength, SequenceMean, TokenMean
from asym_lit.objectives.gates import EntropyGate
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.ratios import SmoothedRatio
from asym_lit.objectives.regularizers import ReferenceKL, Regularizer
from asym_lit.objectives.rewards import DropUniform, RewardShaper, SoftOverlongPenalty
from asym_lit.objectives.reweights import ConfidentErrorPenalty, Rank1Penalty
from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.types import InputError


def _kl(coefficient: float) -> tuple[Regularizer, ...]:
    return (ReferenceKL(coefficient),) if coefficient else ()


def grpo(clip: float = 0.2, kl: float = 0.0, token_mean: bool = False) -> Objective:
    """GRPO (arXiv 2402.03300): `-min(ratio A, clip(ratio) A)`, `A = (r - mean) / std` within the group.

    Args:
        clip: Half-width of the trust region.
        kl: Coefficient of the KL to the reference; 0 for none.
        token_mean: Mean over all tokens, as most trainers do, instead of the paper's mean of response means.
    """
    return Objective(
        estimator=GroupNormalised(),
        token_loss=ClippedSurrogate(clip, clip),
        regularizers=_kl(kl),
        aggregation=TokenMean() if token_mean else SequenceMean(),
    )


def dr_grpo(max_tokens: int, clip: float = 0.2) -> Objective:
    """Dr. GRPO (arXiv 2503.20783): GRPO with `A = r - mean` and token sums over a constant length.

    Args:
        max_tokens: The constant, in tokens: the run's `sampling.max_tokens`.
        clip: Half-width of the trust region.
    """
    return Objective(
        estimator=Centred(),
        token_loss=ClippedSurrogate(clip, clip),
        aggregation=ConstantLength(max_tokens),
    )


def dapo(
    clip_low: float = 0.2,
    clip_high: float = 0.28,
    max_draws: int = 10,
    overlong_buffer: int = 0,
    overlong_factor: float = 1.0,
    max_tokens: int | None = None,
) -> Objective:
    """DAPO (arXiv 2503.14476): GRPO with token mean, a higher upper clip, dynamic sampling, soft overlong penalty.

    Args:
        clip_low: Lower half-width of the trust region.
        clip_high: Upper half-width; `clip_low` makes it symmetric.
        max_draws: Generation rounds per step at most, to replace uniform groups; 1 drops without replacing.
        overlong_buffer: Tokens before the length limit over which the penalty grows; 0 for none.
        overlong_factor: Penalty at the limit.
        max_tokens: The length limit, needed with a buffer: the run's `sampling.max_tokens`.
    """
    shapers: tuple[RewardShaper, ...] = ()
    if overlong_buffer:
        if max_tokens is None:
            raise InputError(
                f"overlong_buffer is {overlong_buffer} and max_tokens is missing; "
                "write max_tokens: ${data.init_args.sampling.max_tokens} beside it, or overlong_buffer: 0."
            )
        shapers = (SoftOverlongPenalty(max_tokens, overlong_buffer, overlong_factor),)
    return Objective(
        reward_shapers=shapers,
        group_filter=DropUniform(max_draws),
        estimator=GroupNormalised(),
        token_loss=ClippedSurrogate(clip_low, clip_high),
        aggregation=TokenMean(),
    )


def simko(
    alpha: float = 0.01,
    top_n: int = 3,
    quantile: float = 0.8,
    lambda_top1: float = 1.1,
    clip: float = 0.2,
    kl: float = 0.0,
) -> Objective:
    """SimKO, also CaSP (arXiv 2510.14807): GRPO with token mean, asymmetric at forking tokens.

    Right: `(1 - alpha) ratio + (alpha / N) sum_n sg(ratio / ratio_n) ratio_n`. Wrong: `A lambda_top1` where the sampled
    token is rank 1. Forking: entropy above the response's quantile. Published: N 3, quantile 0.8; alpha 0.01 and
    lambda 1.1 for mathematics, 0.005 and 1.05 for logic, 0.05 and 1.1 for code.

    Args:
        alpha: Share of a right token's gradient that goes to the candidates; 0 for none.
        top_n: Number of candidates.
        quantile: Entropy quantile above which a token forks.
        lambda_top1: Factor on a wrong rank-1 token's advantage; 1 for none.
        clip: Half-width of the trust region.
        kl: Coefficient of the KL to the reference; 0 for none.
    """
    gate = EntropyGate(quantile)
    return replace(
        grpo(clip=clip, kl=kl, token_mean=True),
        ratio=SmoothedRatio(alpha, top_n, gate),
        token_reweights=(Rank1Penalty(lambda_top1, gate),),
    )


def ace(base: Objective, alpha: float = 1.0) -> Objective:
    """ACE (arXiv 2602.21420): any base, with `A < 0: A (1 + alpha softplus(mean log pi_old / pi_ref))`.

    Args:
        base: What it is put on; the paper: `grpo` with kl 0.001, and `dapo`.
        alpha: Strength; 0 is the base. Published default 1.0.
    """
    return replace(base, reweights=(*base.reweights, ConfidentErrorPenalty(alpha)))
