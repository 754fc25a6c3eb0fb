"""Presets: the methods that aim at pass@k, at rare right answers, or at entropy. SimKO and ACE are in `asymmetric`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from asym_lit.objectives.advantages import BestOfGroup
from asym_lit.objectives.advantages_at_k import Baseline, PassAtKGradient, PassAtKTraining
from asym_lit.objectives.corrections import SamplerCorrection
from asym_lit.objectives.covariance_losses import ClipCov, KLCov
from asym_lit.objectives.group_reweights import DifferentialSmoothing, FocalWeight, GroupDifficulty, UniformCorrect
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets.baselines import grpo
from asym_lit.objectives.regularizers import LowProbabilityTether
from asym_lit.objectives.response_weights import GammaWeight
from asym_lit.objectives.rewards import UnlikelinessReward
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate
from asym_lit.objectives.token_reweights import ForkingTokens


def pkpo(k: int = 4, baseline: Baseline = "leave_one_out_minus_one", clip: float = 0.2) -> Objective:
    """PKPO (arXiv 2505.15201): PPO's surrogate on an unbiased gradient of the best of k.

    Assumes independent rollouts. With a baseline, and k of 2 or more, a uniform group has advantage 0. At k = 1 the advantage
    is the reward, or RLOO's under `leave_one_out`.

    Args:
        k: Budget; 1 is the reward itself. Published: 4 and 8, or falling from 8 to 1.
        baseline: none, leave_one_out or leave_one_out_minus_one.
        clip: Half-width of the trust region.
    """
    return replace(grpo(clip), estimator=PassAtKGradient(k, baseline))


def pass_at_k_training(k: int = 4, clip: float = 0.2) -> Objective:
    """Pass@k training (arXiv 2508.10751): GRPO with the group normalised as if k responses were one.

    Assumes rewards of 0 and 1 and independent rollouts. Groups with none right or fewer than k wrong have advantage 0; at k = 1
    it is GRPO, with a standard deviation over n instead of n - 1.

    Args:
        k: Budget.
        clip: Half-width of the trust region.
    """
    return replace(grpo(clip), estimator=PassAtKTraining(k))


def grpo_passk(normalise: bool = True, clip: float = 0.2) -> Objective:
    """GRPO-passk (verl): the best response of a group gets its lead over the second best, all others nothing.

    Assumes that only the best response counts. Where two share the best reward the group has advantage 0.

    Args:
        normalise: Divide by the group's standard deviation.
        clip: Half-width of the trust region.
    """
    return replace(grpo(clip), estimator=BestOfGroup(normalise))


def clip_cov(ratio: float = 2e-4, low: float = 1.0, high: float = 5.0, clip: float = 1.0, seed: int = 0) -> Objective:
    """Clip-Cov (arXiv 2505.22617): GRPO with token mean; a few tokens of high covariance get no gradient.

    Assumes that a micro-batch shows the covariance of the whole. At ratio 0 it is GRPO with token mean and a dual clip.

    Args:
        ratio: Share of all tokens that is drawn; 0 for none. Published: 2e-4.
        low: Least covariance of a candidate.
        high: Greatest.
        clip: Half-width of the trust region; the scripts' 1 hardly clips. The dual clip is 10.
        seed: Of the draw.
    """
    surrogate = DualClippedSurrogate(ClippedSurrogate(clip, clip), 10.0)
    return replace(grpo(token_mean=True), token_loss=ClipCov(ratio, low, high, surrogate, seed))


def kl_cov(ratio: float = 0.002, coefficient: float = 1.0) -> Objective:
    """KL-Cov (arXiv 2505.22617): GRPO with token mean, no clip; tokens of highest covariance pay for moving.

    Assumes that a micro-batch shows the covariance of the whole. At ratio or coefficient 0 it is GRPO with token mean,
    unclipped.

    Args:
        ratio: Share of tokens that pay; 0 for none. Scripts: 0.002 for 7B, 0.0002 for 32B (verl's default for all).
        coefficient: Of the penalty; 0 for none.
    """
    return replace(grpo(token_mean=True), token_loss=KLCov(ratio, coefficient))


def lp_reg(
    coefficient: float = 1.0, kappa: float = 0.02, quantile: float = 0.01, clip_low: float = 1.0, clip_high: float = 9.0
) -> Objective:
    """Lp-Reg (arXiv 2510.03222): GRPO with token mean; unlikely tokens of bad responses are tied to a min-p proxy of pi.

    Assumes that an unlikely token which the proxy keeps is a thought and not noise. Without negative advantages the tether is
    0.

    Args:
        coefficient: Of the tether; 0 for none. Published: 1.
        kappa: The proxy drops tokens below this share of the largest probability. Published: 0.02.
        quantile: Share of tokens that are tied, the least likely. Published: 0.01 (14B), 0.005 (32B).
        clip_low: Lower half-width of the trust region. Published: 1.
        clip_high: Upper half-width. Published: 9.
    """
    tether = (LowProbabilityTether(coefficient, kappa, quantile),) if coefficient else ()
    return replace(grpo(token_mean=True), token_loss=ClippedSurrogate(clip_low, clip_high), regularizers=tether)


def forking_tokens(base: Objective, quantile: float = 0.8) -> Objective:
    """80/20 (arXiv 2506.01939): any base, trained on the batch's most uncertain tokens only; the paper's base is `dapo`.

    Assumes that uncertain tokens decide an answer. Where all entropies are equal it is the base.

    Args:
        base: What it is put on.
        quantile: 0.8 keeps the top 20 %; 0 is the base.
    """
    return replace(base, reweights=(*base.reweights, ForkingTokens(quantile)))


def unlikeliness(base: Objective, beta: float = 0.25) -> Objective:
    """Unlikeliness reward (arXiv 2506.02355): any base, with `r (1 - beta rank / G)`, rank 0 the least likely.

    Assumes that the mean log-prob per token orders a group by likelihood. A group of zeros stays so, an all-right one is
    uniform no longer.

    Args:
        base: What it is put on; the paper: `grpo` with kl 0.1 and two inner epochs.
        beta: Strength; 0 is the base. Released: 0.25.
    """
    return replace(base, reward_shapers=(*base.reward_shapers, UnlikelinessReward(beta)))


def f_grpo(base: Objective, gamma: float = 1.0) -> Objective:
    """F-GRPO (arXiv 2602.06717): any base, with `A (1 - p)^gamma`, p the group's success rate.

    Assumes that the share of right responses is how easy a prompt is. Unless gamma is 0, all-right groups get 0; all-wrong ones
    keep the base's advantage.

    Args:
        base: What it is put on.
        gamma: Strength; 0 is the base. Published: 0.5 and 1.
    """
    return replace(base, reweights=(*base.reweights, FocalWeight(gamma)))


def a_grae(base: Objective, alpha: float = 1.0, variant: Literal["paper", "code"] = "paper") -> Objective:
    """A-GRAE (arXiv 2602.05548): any base, with advantages by the group's difficulty against the batch's.

    `A / 2 (w / sqrt(p) + (1 - w) / sqrt(1 - p))`, w the batch's success rate; it has no neutral setting.

    Assumes a base that gives uniform groups 0; they stay there.

    Args:
        base: What it is put on.
        alpha: Positive advantages are scaled by `min(1, w / alpha)`.
        variant: The paper's formula, or the released code's, which has `1 - sqrt(p)`.
    """
    return replace(base, reweights=(*base.reweights, GroupDifficulty(alpha, variant)))


def differential_smoothing(
    base: Objective, gamma_right: float = 0.001, gamma_wrong: float = 0.001, per_token: bool = False
) -> Objective:
    """DS-GRPO (arXiv 2511.19942): any base; right: `A - gamma log pi_old(y)`, wrong: `A + gamma log pi_old(y)`.

    Assumes that log-probs of responses can be compared. A uniform group has a gradient, unlike in GRPO; strengths of 0 are the
    base.

    Args:
        base: What it is put on.
        gamma_right: Strength on right responses; 0 for none.
        gamma_wrong: Strength on wrong responses; 0 for none.
        per_token: Mean log-prob per token instead of the response's sum.
    """
    return replace(base, reweights=(*base.reweights, DifferentialSmoothing(gamma_right, gamma_wrong, per_token)))


def ucpo(base: Objective, tau: float = 0.2) -> Objective:
    """UCPO (arXiv 2605.00365): any base, a group's credit moved to its less likely right responses.

    Assumes that the mean log-prob per token orders right responses by likelihood. One right response, or equally likely ones,
    are left to the base.

    Args:
        base: What it is put on.
        tau: Share that is moved; 0 is the base. Published: 0.2.
    """
    return replace(base, reweights=(*base.reweights, UniformCorrect(tau)))


def corrected(base: Objective, correction: SamplerCorrection) -> Objective:
    """Any base, with weights for the gap between the engine's log-probs and the trainer's.

    VESPO takes the weights into its own, and not beside the loss; what measures from the engine's log-probs itself refuses
    them.

    Assumes that the engine's log-probs are those it sampled by. Where they are the trainer's every weight is 1, with 1 between
    the bounds, and it is the base.

    Args:
        base: What it is put on.
        correction: One of `asym_lit.objectives.corrections`; `NoCorrection` is the base.
    """
    if isinstance(base.ratio, GammaWeight):
        return replace(base, ratio=replace(base.ratio, correction=correction))
    return replace(base, correction=correction)
