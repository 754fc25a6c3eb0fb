"""Presets: right responses, wrong responses, and how much of each. No confidence and no entropy: those are in `asymmetric`."""

from __future__ import annotations

from dataclasses import replace

from asym_lit.objectives.advantages import Centred, RawReward
from asym_lit.objectives.group_reweights import MixedGroupsOnly
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets.baselines import grpo
from asym_lit.objectives.regularizers import SquaredLogRatio
from asym_lit.objectives.rewards import OnlyRight, OnlyWrong
from asym_lit.objectives.reweights import SignedOutcome, SignScaling
from asym_lit.objectives.token_losses import ClippedSurrogate, Likelihood
from asym_lit.objectives.token_reweights import StepWeights


def w_reinforce(positive: float = 0.1, negative: float = 1.0, clip: float = 0.2) -> Objective:
    """W-REINFORCE (arXiv 2506.01347): PPO's surrogate on `A = positive` where right, `-negative` where wrong; token mean.

    Assumes that a verdict needs no baseline, so uniform groups are pushed like any other. Weights of 0 train nothing.

    Args:
        positive: Weight of right responses. Published: 0.1; 1 is REINFORCE, 0 is `nsr_full`.
        negative: Weight of wrong responses.
        clip: Half-width of the trust region.
    """
    return Objective(
        estimator=RawReward(),
        reweights=(SignedOutcome(positive, negative),),
        token_loss=ClippedSurrogate(clip, clip),
    )


def psr_full(clip: float = 0.2) -> Objective:
    """PSR on the whole batch: right responses only, wrong ones count in the denominator; `w_reinforce(1, 0)`.

    Assumes that what is right needs only to become likelier. An all-wrong batch has no gradient.

    Args:
        clip: Half-width of the trust region.
    """
    return w_reinforce(1.0, 0.0, clip)


def nsr_full(clip: float = 0.2) -> Objective:
    """NSR on the whole batch: wrong responses only, right ones count in the denominator; `w_reinforce(0, 1)`.

    Assumes that what is wrong needs only to become rarer. An all-right batch has no gradient.

    Args:
        clip: Half-width of the trust region.
    """
    return w_reinforce(0.0, 1.0, clip)


def psr(clip: float = 0.2) -> Objective:
    """PSR as its authors run it (arXiv 2506.01347): wrong responses leave the batch, so the mean is over right tokens.

    Assumes that what is right needs only to become likelier. Where all are right it is `psr_full`; where none is, the step
    trains on nothing.

    Args:
        clip: Half-width of the trust region.
    """
    return replace(psr_full(clip), rollout_filter=OnlyRight())


def nsr(clip: float = 0.2) -> Objective:
    """NSR as its authors run it (arXiv 2506.01347): right responses leave the batch, so the mean is over wrong tokens.

    Assumes that what is wrong needs only to become rarer. Where all are wrong it is `nsr_full`; where none is, the step trains
    on nothing.

    Args:
        clip: Half-width of the trust region.
    """
    return replace(nsr_full(clip), rollout_filter=OnlyWrong())


def psr_grouped(base: Objective, negative: float = 0.0) -> Objective:
    """Positive-only (arXiv 2508.21188): any base with its negative advantages scaled, to nothing by default.

    Assumes that a positive advantage says right. Over GRPO a uniform group has no gradient.

    Args:
        base: What it is put on.
        negative: Factor of negative advantages; 1 is the base.
    """
    return replace(base, reweights=(*base.reweights, SignScaling(1.0, negative)))


def nsr_grouped(base: Objective, positive: float = 0.0) -> Objective:
    """Negative-only (arXiv 2508.21188): any base with its positive advantages scaled, to nothing by default.

    Assumes that a negative advantage says wrong. Over GRPO a uniform group has no gradient.

    Args:
        base: What it is put on.
        positive: Factor of positive advantages; 1 is the base.
    """
    return replace(base, reweights=(*base.reweights, SignScaling(positive, 1.0)))


def raft_pp(clip: float = 0.2) -> Objective:
    """RAFT++ (arXiv 2504.11343): right responses only, with ratio and clip; wrong ones count in the denominator.

    Assumes that what is right needs only to become likelier. An all-wrong batch has no gradient; it is `psr_full` by another
    name.

    Args:
        clip: Half-width of the trust region.
    """
    return psr_full(clip)


def reinforce_rej(clip: float = 0.2) -> Objective:
    """Reinforce-Rej (arXiv 2504.11343): `A = +1 / -1`, and 0 in all-right and all-wrong groups; token mean.

    Assumes that nothing is to be learned from uniform groups. Without any it is `w_reinforce(1, 1)`.

    Args:
        clip: Half-width of the trust region.
    """
    base = w_reinforce(1.0, 1.0, clip)
    return replace(base, reweights=(*base.reweights, MixedGroupsOnly()))


def bcpg_nsa(beta: float = 0.5, tau: float = 0.001) -> Objective:
    """BCPG-NSA (arXiv 2505.14403): `-A log pi`, `A = r - mean`, right steps of wrong responses by beta, squared log-ratio.

    Needs `rollout.step_right`, a bool per token, from an annotator.

    Assumes that the annotator is right, and that the current policy sampled. At beta 1 and tau 0 it is REINFORCE on `r - mean`.

    Args:
        beta: Factor of right steps within wrong responses; 1 for none.
        tau: Strength of the tether to the reference; 0 for none.
    """
    return replace(
        grpo(),
        estimator=Centred(),
        reweights=(StepWeights(beta),),
        token_loss=Likelihood(),
        regularizers=(SquaredLogRatio(tau),) if tau else (),
    )
