"""Presets: SimKO and ACE, asymmetric by token and by confidence. Asymmetric by verdict alone: `signed`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from asym_lit.objectives.confidence_reweights import (
    Activation,
    ConfidentErrorPenalty,
    ConstantErrorPenalty,
    Normalisation,
    ShuffledErrorPenalty,
)
from asym_lit.objectives.gates import BatchEntropyGate, EntropyGate, Gate
from asym_lit.objectives.objective import Objective, WarmUp
from asym_lit.objectives.part_values import check_value
from asym_lit.objectives.presets.baselines import grpo
from asym_lit.objectives.ratios import ImportanceRatio, PenalisedRatio, SmoothedRatio
from asym_lit.objectives.rewards import DropUniform
from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.objectives.token_reweights import Rank1Penalty

Scope = Literal["response", "batch"]
PenaltyOn = Literal["advantage", "ratio"]


def simko(
    alpha: float = 0.01,
    top_n: int = 3,
    quantile: float = 0.8,
    lambda_top1: float = 1.1,
    clip: float = 0.2,
    kl: float = 0.0,
    scope: Scope = "response",
    proportional: bool = False,
    penalty_on: PenaltyOn = "advantage",
    warm_up_steps: int = 0,
    clip_high: float | None = None,
    max_draws: int = 0,
) -> Objective:
    """SimKO, also CaSP (arXiv 2510.14807): GRPO with token mean, asymmetric at forking tokens.

    Right: `(1 - alpha) ratio + (alpha / N) sum_n sg(ratio / ratio_n) ratio_n`. Wrong: `A lambda_top1` where the sampled
    token is rank 1. Forking: entropy above the response's quantile. Published: N 3, quantile 0.8; alpha 0.01 and
    lambda 1.1 for mathematics, 0.005 and 1.05 for logic (after 50 steps of GRPO), 0.05 and 1.1 for code.

    Assumes that entropy marks forks and that the likeliest tokens there are worth trying. At alpha 0 and lambda 1 it is GRPO
    with token mean; a uniform group has no gradient.

    Args:
        alpha: Share of a right token's gradient that goes to the candidates; 0 for none.
        top_n: Number of candidates.
        quantile: Entropy quantile above which a token forks.
        lambda_top1: Factor on a wrong rank-1 token's advantage; 1 for none.
        clip: Half-width of the trust region.
        kl: Coefficient of the KL to the reference; 0 for none.
        scope: The quantile of each response, as released, or of the whole batch.
        proportional: Candidates share by their probability instead of evenly (the paper's table 6).
        penalty_on: Where lambda goes: on the advantage, as released, or on the ratio, as the paper prints it.
        warm_up_steps: Rollout steps of plain GRPO first; 0 for none.
        clip_high: Upper half-width of the trust region; null for `clip`. Published for logic: 0.28, in the warm-up too.
        max_draws: Generation rounds per step at most, to replace uniform groups, as in DAPO; 0 keeps them. The paper does so
            for logic, and does not say how often.
    """
    check_value("scope", scope, Scope)
    check_value("penalty_on", penalty_on, PenaltyOn)
    gate: Gate = EntropyGate(quantile) if scope == "response" else BatchEntropyGate(quantile)
    base = grpo(clip=clip, kl=kl, token_mean=True)
    if clip_high is not None:
        base = replace(base, token_loss=ClippedSurrogate(clip, clip_high))
    if max_draws:
        base = replace(base, group_filter=DropUniform(max_draws))
    ratio: ImportanceRatio = SmoothedRatio(alpha, top_n, gate, proportional)
    if penalty_on == "ratio":
        ratio = PenalisedRatio(ratio, lambda_top1, gate)
    return replace(
        base,
        ratio=ratio,
        token_reweights=(Rank1Penalty(lambda_top1, gate),) if penalty_on == "advantage" else (),
        warm_up=WarmUp(warm_up_steps, base) if warm_up_steps else None,
    )


def ace(
    base: Objective,
    alpha: float = 1.0,
    normalisation: Normalisation = "mean",
    activation: Activation = "softplus",
    clip_shift: float = 0.0,
) -> Objective:
    """ACE (arXiv 2602.21420): any base, with `A < 0: A (1 + alpha softplus(mean log pi_old / pi_ref))`.

    Assumes a reference from before training. While the policy is the reference, softplus makes it `ace_constant`, and the
    others make it the base.

    Args:
        base: What it is put on; the paper: `grpo` with kl 0.001, and `dapo`.
        alpha: Strength; 0 is the base. Published default 1.0.
        normalisation: Of the log-ratio: mean over tokens, sum, or sum over the root of the length.
        activation: softplus, relu, or centred_softplus (less ln 2).
        clip_shift: The log-ratio is cut to +- this; 0 leaves it.
    """
    penalty = ConfidentErrorPenalty(alpha, normalisation, activation, clip_shift)
    return replace(base, reweights=(*base.reweights, penalty))


def ace_constant(base: Objective, alpha: float = 1.0) -> Objective:
    """Control for ACE: any base, with `A < 0: A (1 + alpha ln 2)`, whatever the confidence.

    Assumes nothing but the sign of an advantage. Without negative advantages it is the base.

    Args:
        base: What it is put on.
        alpha: ACE's strength; 0 is the base.
    """
    return replace(base, reweights=(*base.reweights, ConstantErrorPenalty(alpha)))


def ace_shuffled(base: Objective, alpha: float = 1.0, seed: int = 0) -> Objective:
    """Control for ACE: any base, with ACE's factors dealt out at random among the rollouts.

    Assumes what `ace` does, but for whose factor is whose. While the policy is the reference it is `ace`.

    Args:
        base: What it is put on.
        alpha: ACE's strength; 0 is the base.
        seed: Of the dealing.
    """
    return replace(base, reweights=(*base.reweights, ShuffledErrorPenalty(ConfidentErrorPenalty(alpha), seed)))
