"""Presets that differ from GRPO in what a reward is compared with: other baselines, and several rewards. 2025 and 2026."""

from __future__ import annotations

from typing import Literal

from asym_lit.objectives.advantages import RawReward
from asym_lit.objectives.aggregations import PromptMean
from asym_lit.objectives.baselines import GreedyBaseline, LengthWeightedBaseline, OptimalTokenBaseline
from asym_lit.objectives.corrections import NoCorrection, SamplerCorrection
from asym_lit.objectives.group_losses import GroupClassification
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.several_rewards import DecoupledNormalisation
from asym_lit.objectives.token_losses import ClippedSurrogate


def opo(clip: float = 0.2) -> Objective:
    """OPO (arXiv 2505.23585): `A = r - sum_i n_i r_i / sum_i n_i`, the group's mean weighted by length; token mean.

    Published exactly on-policy: one update a rollout step, no KL, no entropy bonus.

    Assumes that the norm of a response's gradient grows with its length. With equal lengths the advantage is `r - mean`; a
    uniform group has 0.

    Args:
        clip: Half-width of the trust region; at one update a step it never acts.
    """
    return Objective(estimator=RawReward(), reweights=(LengthWeightedBaseline(),), token_loss=ClippedSurrogate(clip, clip))


def otb(zero_tail: bool = True, correction: SamplerCorrection | None = None, clip: float = 0.2) -> Objective:
    """The optimal token baseline (arXiv 2602.07078): at each token the group's mean reward, weighted by gradient so far.

    Assumes that the reward comes at the end. A uniform group has 0, but for 1e-8 over the weights; a group of one its reward.

    Args:
        zero_tail: No baseline where the longest response of a group runs alone, so that it is pushed there by its whole reward.
        correction: For the gap between the engine's log-probs and the trainer's; its weights count squared in the baseline.
            None for none; `corrected` would weigh the loss alone.
        clip: Half-width of the trust region.
    """
    weighed = correction or NoCorrection()
    return Objective(
        estimator=RawReward(),
        reweights=(OptimalTokenBaseline(zero_tail, weighed),),
        token_loss=ClippedSurrogate(clip, clip),
        correction=weighed,
    )


def remax(clip: float = 0.2) -> Objective:
    """ReMax (arXiv 2310.10505): `A = r - r_greedy`, the reward of one greedy response to the same prompt; token mean.

    Each step asks the engine for one response more to each prompt, at temperature 0; it is verified and not trained on. A
    group of one suffices (`sampling.n: 1`). A transcript holds no greedy responses, so `replay` refuses it there.

    Assumes that what the policy would say first is what a sample should be better than. A group with the greedy response's
    reward throughout has 0.

    Args:
        clip: Half-width of the trust region.
    """
    return Objective(estimator=RawReward(), reweights=(GreedyBaseline(),), token_loss=ClippedSurrogate(clip, clip))


def gdpo(
    over: Literal["responses", "tokens"] = "responses",
    eps: float = 1e-4,
    batch_eps: float = 1e-4,
    normalise: bool = True,
    clip: float = 0.2,
) -> Objective:
    """GDPO (arXiv 2601.05242): each of several rewards normalised in its group, summed by weight, over the batch's std.

    It reads the rewards and weights of the verifier `Weighted`. The authors, TRL and ms-swift take the last std over responses,
    verl over tokens. With one reward it is GRPO's advantage over its own std in the batch.

    Assumes that each reward's scale says nothing. A group that is uniform in every reward has 0 over responses.

    Args:
        over: What the last std is over; `tokens`, as verl, also takes their mean off.
        eps: Added to the std of a group: the authors and TRL 1e-4, verl 1e-6, ms-swift 1e-8.
        batch_eps: Added to that of the batch: the authors and TRL 1e-4, ms-swift 1e-8; over tokens to the variance, verl 1e-8.
        normalise: Divide by the std of a group, not only centre.
        clip: Half-width of the trust region.
    """
    return Objective(
        estimator=RawReward(),
        reweights=(DecoupledNormalisation(eps, batch_eps, over, normalise),),
        token_loss=ClippedSurrogate(clip, clip),
    )


def real(tau: float = 0.5) -> Objective:
    """REAL (arXiv 2602.05630): `log(1 + sum_wrong e^s) + log(1 + sum_right e^-s)` per group, `s = mean_t log ratio_t / tau`.

    A classifier of right and wrong responses in place of advantages and a clip; the mean is over groups. Micro-batches hold
    whole groups, one larger than `max_micro_batch_tokens` too.

    Assumes groups that fit into memory at once. A group of one kind has no loss and counts in the mean.

    Args:
        tau: Temperature of the scores; no response is pulled by more than 1 / tau. Published: 0.5.
    """
    return Objective(estimator=RawReward(), token_loss=GroupClassification(tau), aggregation=PromptMean())
