"""Presets: what bounds a step by other means than the clip of a token's ratio. The clipped ones are in `baselines`."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Literal

from asym_lit.objectives.aggregations import SequenceSum
from asym_lit.objectives.anchors import Anchor
from asym_lit.objectives.masked_losses import MaskedSurrogate
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.part_values import check_value
from asym_lit.objectives.presets.baselines import grpo, gspo
from asym_lit.objectives.quadratic_losses import QuadraticSurrogate, TetheredLikelihood
from asym_lit.objectives.ratios import TokenRatio
from asym_lit.objectives.response_weights import GammaWeight, GeometricMeanRatio, GeometricSurrogate
from asym_lit.objectives.tethers import AnchorTether
from asym_lit.objectives.token_losses import ClippedWeight
from asym_lit.objectives.trust_regions import BinaryKL, RatioBand, TotalVariation, TrustRegion, TwoSidedVariation
from asym_lit.types import InputError

Divergence = Literal["tv", "kl"]


def dppo(
    divergence: Divergence = "tv",
    low: float | None = None,
    high: float | None = None,
    cap: float | None = 20.0,
    anchor: Anchor = "old",
    two_sided: bool = False,
    tether: float = 0.0,
) -> Objective:
    """DPPO (arXiv 2602.04879): GRPO with token mean, masked where a token's probability has shifted too far, and not clipped.

    `-A sg(min(ratio, cap)) keep log pi`; tv: `A > 0` keeps `p - q <= high`, else `p - q >= -low`; kl: the KL of two outcomes.
    Without a cap it is `-A ratio keep`: other values, the same gradient. Thresholds are shifts of probability, not of the
    ratio. With anchor rollout there is no sampler correction, which would count the engine's gap twice.

    verl: anchor old, thresholds from clip_ratio_low and high, whose 0.2 is PPO's, cap 3 unless it is set. The authors: anchor
    rollout. SkyRL: rollout, 0.2, no cap. prime-rl: the same with tether 0.001 and `A = r - mean`. The authors' divergences over
    the sampler's top-K tokens are not made: engines give the log-prob of the sampled token alone.

    Assumes that a shift of probability is what a policy can be trusted for. A uniform group has no gradient but the tether's.
    With tv at 1 and no cap it is GRPO with token mean, unclipped.

    Args:
        divergence: tv or kl.
        low: Threshold where A is not above 0; none given: 0.15 (tv), 0.05 (kl), 0.1 (two_sided), as published. tv at 1: none.
        high: Threshold where A > 0; as low.
        cap: The greatest weight. verl's comment: 20; its class: 3; its script: 10000. null for none.
        anchor: old, the trainer's log-probs before the first update; rollout, the engine's.
        two_sided: prime-rl's IPO: both thresholds whatever the sign of A; with tv alone.
        tether: Coefficient of `(log pi - log pi_anchor)^2` on all tokens, masked ones too; 0 for none. prime-rl's kl_tau:
            0.001.
    """
    check_value("divergence", divergence, Divergence)
    if two_sided and divergence == "kl":
        raise InputError("two_sided is true and divergence is kl; allowed: two_sided with tv. Write divergence: tv.")
    published = 0.1 if two_sided else {"tv": 0.15, "kl": 0.05}[divergence]
    down, up = published if low is None else low, published if high is None else high
    region: TrustRegion
    if divergence == "kl":
        region = BinaryKL(down, up)
    else:
        region = TwoSidedVariation(down, up) if two_sided else TotalVariation(down, up)
    return replace(
        grpo(token_mean=True),
        ratio=TokenRatio(anchor),
        token_loss=MaskedSurrogate(region, cap, anchor),
        regularizers=(AnchorTether(tether, anchor),) if tether else (),
    )


def rollout_is(low: float = 0.2, high: float = 0.28) -> Objective:
    """SkyRL's `rollout_is`: GRPO with token mean and `-sg(ratio [1 - low < ratio < 1 + high]) A log pi`.

    IcePop's mask on one ratio, from the engine's log-probs: it holds staleness and the engine's gap; no correction beside it.

    Assumes that a token outside the band is a fault of the engine or too old. A uniform group has no gradient; with low 1 and
    high infinity it is CISPO without bounds.

    Args:
        low: Lower half-width; 1 for no lower bound.
        high: Upper half-width.
    """
    return replace(
        grpo(token_mean=True),
        ratio=TokenRatio("rollout"),
        token_loss=MaskedSurrogate(RatioBand(low, high), inf, "rollout"),
    )


def gmpo(low: float = 0.4, high: float = 0.4) -> Objective:
    """GMPO (arXiv 2507.20673): `-A exp(mean_t c_t)`, log-ratios clipped by token before the mean; mean of responses.

    Bounds are of the log-ratio: 0.4 is a ratio of 0.67 to 1.49, while verl's default of 0.2 is PPO's. verl means over the rows
    of a micro-batch and so depends on how it is cut; here it is over the mini-batch, as in TRL.

    Assumes that outliers of a response should not carry it. On-policy it has GRPO's gradient; a uniform group has none. At
    infinity it is GSPO without a clip.

    Args:
        low: Bound of a falling log-ratio, for A < 0. Published: 0.4; infinity for none.
        high: Bound of a rising one, for A > 0. Published: 0.4; infinity for none.
    """
    return replace(grpo(), ratio=GeometricMeanRatio(low, high), token_loss=GeometricSurrogate(low, high))


def luspo(clip_low: float = 2e-3, clip_high: float = 2.5e-3) -> Objective:
    """LUSPO (arXiv 2602.05261): GSPO with each response's loss times its length, so that a token's weight has no 1/n.

    TRL's `loss_type: luspo` is this with `importance_sampling_level: sequence`; with its default, token, it only warns and is
    PPO's surrogate summed over tokens.

    Assumes that a response's length is no reason to weigh its tokens less. With responses of one length n it is n times GSPO; a
    uniform group has no gradient.

    Args:
        clip_low: Lower half-width of the trust region. Published: 2e-3.
        clip_high: Upper half-width. Published: 2.5e-3.
    """
    return replace(gspo(clip_low, clip_high), aggregation=SequenceSum())


def dro(beta: float, anchor: Anchor = "old") -> Objective:
    """DRO (verl 0.9, Tinker; the idea: arXiv 2405.19107): GRPO's advantages, `-A log pi + beta / 2 (log pi - log pi_old)^2`.

    No clip. The square acts on all tokens, so uniform groups pull the policy back to where it was before the step. SkyRL's
    proposal of this name is another formula.

    Assumes that staying near is worth its price on every token. As beta goes to 0 it is REINFORCE on GRPO's advantages.

    Args:
        beta: Strength, above 0; verl has no default.
        anchor: old, as in verl; rollout, the engine's log-probs, as in Tinker's documentation.
    """
    return replace(grpo(token_mean=True), token_loss=TetheredLikelihood(beta, anchor))


def drpo(delta: float = 12.5, mu_weighted: bool = True, anchor: Anchor = "rollout") -> Objective:
    """DRPO (arXiv 2606.09821): GRPO with token mean, `-A r + |A| q (r - 1)^2 / (2 delta)` and no clip.

    Assumes that trust should fade with the shift of probability. At the published delta it changes no gradient by more than 8
    %, for |p - q| < 1; signals that turn back need a delta below 1. A uniform group has no gradient; at infinity it is
    unclipped GRPO.

    Args:
        delta: The shift at which the gradient turns. Published: 12.5; infinity for no square.
        mu_weighted: With q; without it is SPO (arXiv 2401.16025).
        anchor: rollout, the engine's log-probs, as the authors have it; old, the trainer's.
    """
    return replace(grpo(token_mean=True), ratio=TokenRatio(anchor), token_loss=QuadraticSurrogate(delta, mu_weighted, anchor))


def vespo(k_right: float = 2.0, lambda_right: float = 3.0, k_wrong: float = 3.0, lambda_wrong: float = 2.0) -> Objective:
    """VESPO (arXiv 2602.10693): GRPO with token mean, `-sg(W^k e^(lambda (1 - W))) A log pi`, W the response's whole ratio.

    The authors' docstring has other numbers (1.5, 4, 2.5) than their code and scripts. `corrected(vespo(), ...)` puts a sampler
    correction into W instead of beside the loss.

    Assumes that the policy stays near the one that sampled over the whole response: a long one leaves W of 0.3 to 3 quickly and
    drops out. On-policy it has GRPO's gradient (token mean); a uniform group has none.

    Args:
        k_right: Power of W where A >= 0. Published: 2; k 1 and lambda 0 is the unclipped product, 0 and 0 REINFORCE.
        lambda_right: Decay in W where A >= 0. Published: 3.
        k_wrong: Power where A < 0. Published: 3.
        lambda_wrong: Decay where A < 0. Published: 2.
    """
    weight = GammaWeight(k_right, lambda_right, k_wrong, lambda_wrong)
    return replace(grpo(token_mean=True), ratio=weight, token_loss=ClippedWeight(0.0, inf))
