"""Presets: where in a response, and on which scale, the credit goes. What bounds the step is in `baselines` and `trust`."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Literal

from asym_lit.objectives.advantages import Centred
from asym_lit.objectives.batch_reweights import BatchScaled, DeviationOf
from asym_lit.objectives.credit_reweights import EntropyShaping, PolarTokens, Pole
from asym_lit.objectives.future_reweights import FutureRatio
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets.baselines import grpo


def lite_ppo(clip: float = 0.2, deviation: DeviationOf = "rewards", eps: float = 1e-4) -> Objective:
    """Lite PPO (arXiv 2508.08221): GRPO with token mean and `A = (r - mean of the group) / std of the batch`, over all ranks.

    Assumes that rewards of all prompts are on one scale. A uniform group has advantage 0.

    Args:
        clip: Half-width of the trust region.
        deviation: rewards, as TRL's and ms-swift's `scale_rewards: batch`; centred, as ms-swift with reinforce_plus_plus.
        eps: Added to it. TRL: 1e-4.
    """
    return replace(grpo(clip, token_mean=True), estimator=Centred(), reweights=(BatchScaled(deviation, eps),))


def entropy_shaping(base: Objective, alpha: float = 0.4, kappa: float = 2.0) -> Objective:
    """Entropy-shaped advantages (arXiv 2506.14758): any base, with `A + min(alpha H, |A| / kappa)`, H at rollout.

    The formula is from a re-implementation; alpha and kappa are from memory and were not verified.

    Assumes that uncertainty at a token marks reasoning worth having. A uniform group stays at 0.

    Args:
        base: What it is put on.
        alpha: Strength; 0 is the base. 0.4 for GRPO, 0.1 for PPO (not verified).
        kappa: The bonus is at most |A| over this; above 1 the sign stays. 2 (not verified); infinity is the base.
    """
    return replace(base, reweights=(*base.reweights, EntropyShaping(alpha, kappa)))


def a3po(
    base: Objective,
    right_low_share: float = 0.2,
    right_low_scale: float = 2.0,
    wrong_high_share: float = 0.2,
    wrong_high_scale: float = 2.0,
    right_high_share: float = 0.0,
    right_high_scale: float = 1.0,
    wrong_low_share: float = 0.0,
    wrong_low_scale: float = 1.0,
    by: Literal["probability", "entropy"] = "probability",
) -> Objective:
    """A3PO (arXiv 2512.21625): any base; in right responses the unlikely, in wrong ones the likely tokens get factors.

    Shares and factors of the paper's rows could not be verified; its code has none by default and, in its example, 0.2 and 5 on
    the likely tokens of wrong responses. The paper lets factors decay to 1; its code does not, and neither does this.

    Assumes that a right unlikely token was a discovery and a wrong likely one a habit. A uniform group stays as the base has
    it.

    Args:
        base: What it is put on; the authors: GRPO.
        right_low_share: Share of tokens, the lowest, of right responses; at least one. 0 for none.
        right_low_scale: Their factor; 1 for none.
        wrong_high_share: Share of tokens, the highest, of wrong responses.
        wrong_high_scale: Their factor.
        right_high_share: Share of the highest of right ones.
        right_high_scale: Their factor.
        wrong_low_share: Share of the lowest of wrong ones.
        wrong_low_scale: Their factor.
        by: What is low and high: the old probability, or the entropy.
    """
    right_low, right_high = Pole(right_low_share, right_low_scale), Pole(right_high_share, right_high_scale)
    wrong_low, wrong_high = Pole(wrong_low_share, wrong_low_scale), Pole(wrong_high_share, wrong_high_scale)
    return replace(base, reweights=(*base.reweights, PolarTokens(right_low, right_high, wrong_low, wrong_high, by)))


def fipo(
    base: Objective,
    half_life: float = 32.0,
    low: float = 1.0,
    high: float = 1.2,
    safety: float = 4.0,
    drop_above: float = inf,
) -> Objective:
    """FIPO (arXiv 2603.19835): any base; a token counts by what the policy has since made of the tokens after it.

    `A clip(e^F, low, high)`, F the discounted sum of the log-ratios that follow. In the first update of a step it is the base:
    `inner_epochs` x `mini_batches` must exceed 1 for it to do anything. Numbers are ms-swift's and of the authors' recipe,
    whose safety is 10; the paper's own were not verified. In the authors' recipe wrong responses with more than one token in
    the dual clip also leave the loss, which is not made here.

    Assumes that a continuation the policy has moved towards vouches for what led to it. A uniform group stays as the base has
    it.

    Args:
        base: What it is put on; the paper: `dapo`.
        half_life: Tokens after which the future counts half.
        low: Least factor; 0.8 for both sides.
        high: Greatest factor. With low and high of 1, and no safety, it is the base.
        safety: The ratio above which a wrong token's factor is cut to [0.8, 1]; infinity for none.
        drop_above: Tokens with a ratio above this do not count in F; infinity for none.
    """
    future = FutureRatio(half_life, low, high, safety, drop_above)
    return replace(base, token_reweights=(*base.token_reweights, future))
