"""Presets: the methods that treat right and wrong responses alike. What is built on them is in the other files."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from asym_lit.objectives.advantages import Centred, GroupNormalised, LeaveOneOut, MeanNormalised, RawReward
from asym_lit.objectives.aggregations import ConstantLength, SequenceMean, SequenceSum, TokenMean
from asym_lit.objectives.batch_reweights import RewardedShare
from asym_lit.objectives.group_reweights import MixedGroupsOnly, Whitened
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.part_values import check_value
from asym_lit.objectives.ratios import SequenceRatio
from asym_lit.objectives.regularizers import EntropyBonus, ReferenceKL, Regularizer
from asym_lit.objectives.rewards import DropUniform, RewardShaper, SoftOverlongPenalty
from asym_lit.objectives.reweights import Reweight
from asym_lit.objectives.token_losses import ClippedSurrogate, ClippedWeight, Likelihood, SoftGate
from asym_lit.types import InputError

Rescaled = Literal["mixed", "rewarded"]


def _kl(coefficient: float) -> tuple[Regularizer, ...]:
    return (ReferenceKL(coefficient),) if coefficient else ()


def grpo(clip: float = 0.2, kl: float = 0.0, token_mean: bool = False, entropy: float = 0.0) -> Objective:
    """GRPO (arXiv 2402.03300): `-min(ratio A, clip(ratio) A)`, `A = (r - mean) / std` within the group.

    Assumes that the scale of a prompt's rewards says nothing. A uniform group has advantage 0: no gradient but the
    regularisers'.

    Args:
        clip: Half-width of the trust region.
        kl: Coefficient of the KL to the reference; 0 for none.
        token_mean: Mean over all tokens, as most trainers do, instead of the paper's mean of response means.
        entropy: Coefficient of an entropy bonus; 0 for none. SimKO's authors compare with 0.01; their baseline has 0.001.
    """
    return Objective(
        estimator=GroupNormalised(),
        token_loss=ClippedSurrogate(clip, clip),
        regularizers=(*_kl(kl), *((EntropyBonus(entropy),) if entropy else ())),
        aggregation=TokenMean() if token_mean else SequenceMean(),
    )


def dr_grpo(max_tokens: int, clip: float = 0.2) -> Objective:
    """Dr. GRPO (arXiv 2503.20783): GRPO with `A = r - mean` and token sums over a constant length.

    Assumes rewards of all prompts on one scale. A uniform group has advantage 0; with responses of length `max_tokens` the
    weights are GRPO's.

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

    Assumes that uniform groups teach nothing, and draws others. With `clip_high` at `clip_low`, no buffer and no uniform groups
    it is GRPO with token mean.

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


def gspo(clip_low: float = 3e-4, clip_high: float = 4e-4) -> Objective:
    """GSPO (arXiv 2507.18071): GRPO with one ratio per response, `exp(mean_t log ratio_t)`, and a very narrow clip.

    Assumes that what is rewarded, the response, is what should be clipped. On-policy it has GRPO's gradient; a uniform group
    has none.

    Args:
        clip_low: Lower half-width of the trust region. Published: 3e-4.
        clip_high: Upper half-width. Published: 4e-4.
    """
    return replace(grpo(), ratio=SequenceRatio(), token_loss=ClippedSurrogate(clip_low, clip_high))


def cispo(clip_low: float = 1.0, clip_high: float = 4.0) -> Objective:
    """CISPO (arXiv 2506.13585) as verl counts: GRPO with token mean and `-sg(clip(ratio, 1 - low, 1 + high)) A log pi`.

    Assumes that a bounded weight is worth its bias. On-policy it has GRPO's gradient (token mean); a uniform group has none.

    Args:
        clip_low: The least weight is 1 - this; 1 for no lower bound.
        clip_high: The greatest weight is 1 + this.
    """
    return replace(grpo(token_mean=True), token_loss=ClippedWeight(1 - clip_low, 1 + clip_high))


def cispo_capped(cap: float = 5.0) -> Objective:
    """CISPO (arXiv 2506.13585) as TRL and ScaleRL count: `-sg(min(ratio, cap)) A log pi`, token mean.

    Assumes that a bounded weight is worth its bias. On-policy it has GRPO's gradient (token mean); a uniform group has none.

    Args:
        cap: The greatest weight, absolute. ScaleRL: 5. `cispo(1, cap - 1)` is the same.
    """
    return replace(grpo(token_mean=True), token_loss=ClippedWeight(0.0, cap))


def rloo(clip: float = 0.2) -> Objective:
    """RLOO (arXiv 2402.14740): `A = r - mean of the others`, token sums per response.

    Assumes independent rollouts of a prompt: then the baseline brings no bias. A uniform group has advantage 0.

    Args:
        clip: Half-width of the trust region.
    """
    return Objective(estimator=LeaveOneOut(), token_loss=ClippedSurrogate(clip, clip), aggregation=SequenceSum())


def reinforce_pp(clip: float = 0.2, kl: float = 0.0) -> Objective:
    """REINFORCE++ (arXiv 2501.03262): the reward itself, whitened over all tokens of the batch; token mean.

    Assumes that one baseline fits all prompts. Where all rewards of a batch are equal every advantage is 0; a uniform group
    among others has one as a rule.

    Args:
        clip: Half-width of the trust region.
        kl: Coefficient of the KL to the reference, as a loss (k2); 0 for none.
    """
    return Objective(
        estimator=RawReward(),
        reweights=(Whitened(),),
        token_loss=ClippedSurrogate(clip, clip),
        regularizers=(ReferenceKL(kl, "k2"),) if kl else (),
    )


def reinforce_pp_baseline(clip: float = 0.2) -> Objective:
    """REINFORCE++-baseline (arXiv 2501.03262): `r - mean` of the group, whitened over all tokens of the batch.

    Assumes that one scale fits all prompts. A uniform group has 0 less the mean over tokens, which is 0 where lengths are
    equal.

    Args:
        clip: Half-width of the trust region.
    """
    return replace(reinforce_pp(clip), estimator=Centred())


def gpg(rescale: Rescaled = "mixed") -> Objective:
    """GPG (arXiv 2504.02546): `-A log pi`, `A = r - mean`, scaled up by the share of rollouts that teach something.

    Assumes that the current policy sampled, for there is no ratio. A uniform group has advantage 0; where all are mixed nothing
    is scaled.

    Args:
        rescale: mixed, over rollouts of mixed groups, as in the paper; rewarded, over those with a reward other than 0 (verl).
    """
    check_value("rescale", rescale, Rescaled)
    scale: Reweight = MixedGroupsOnly(rescale=True) if rescale == "mixed" else RewardedShare()
    return Objective(estimator=Centred(), reweights=(scale,), token_loss=Likelihood())


def max_rl(clip: float = 0.2) -> Objective:
    """MaxRL (arXiv 2602.02710): GRPO with token mean and `A = (r - mean) / mean`: maximum likelihood of a right answer.

    Assumes rewards of 0 or more. A uniform group has advantage 0.

    Args:
        clip: Half-width of the trust region.
    """
    return replace(grpo(clip, token_mean=True), estimator=MeanNormalised())


def sapo(tau_positive: float = 1.0, tau_negative: float = 1.05) -> Objective:
    """SAPO (arXiv 2511.20347): GRPO with a smooth gate instead of the clip.

    Assumes that trust should fade and not end. On-policy it has GRPO's gradient; a uniform group has none.

    Args:
        tau_positive: Sharpness where A > 0.
        tau_negative: Sharpness elsewhere.
    """
    return replace(grpo(), token_loss=SoftGate(tau_positive, tau_negative))
