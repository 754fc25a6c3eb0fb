"""Objectives under verl's registries: rewards to advantages by one hook, log-probs to a loss by the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from asym_lit.objectives import corrected
from asym_lit.objectives.aggregations import ConstantLength, GlobalCounts, SequenceMean, SequenceSum, TokenMean, TokenSum
from asym_lit.objectives.corrections import NoCorrection
from asym_lit.objectives.feedback import Steering
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.rewards import AllRollouts, KeepAll
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores

AGGREGATIONS = {
    TokenMean: "token-mean",
    SequenceMean: "seq-mean-token-mean",
    SequenceSum: "seq-mean-token-sum",
    ConstantLength: "seq-mean-token-sum-norm",
    TokenSum: "token-sum",
}
"""What verl calls them."""
UNMET = {
    "reference": "the log-probs of a reference (for a KL: actor.use_kl_loss)",
    "entropy": "entropies (for a bonus: actor.entropy_coeff)",
    "top_n": "the likeliest tokens",
    "rank1": "whether a token is the likeliest",
    "rollout_scores": "scores at the weights that sampled",
    "squares": "sums of squared probabilities",
    "greedy": "a greedy response to each prompt",
    "rewards": "several rewards (verl's own: adv_estimator=gdpo)",
    "step": "the rollout step",
}
"""What verl's hooks are not given."""


def register(name: str, objective: Objective, correct_from: float = 1.0) -> None:
    """Register an objective: `algorithm.adv_estimator=NAME`, `actor.policy_loss.loss_mode=NAME`, and its `loss_agg_mode`.

    Call it in a module that every process imports: `VERL_USE_EXTERNAL_MODULES=my_module`.

    Args:
        name: Of both.
        objective: What is optimised.
        correct_from: Smallest reward of a right response, for estimators that ask.

    Raises:
        InputError: If the objective needs what the hooks are not given.
    """
    estimate, loss = advantage_estimator(objective, correct_from), policy_loss(objective)
    from verl.trainer.ppo.core_algos import register_adv_est, register_policy_loss

    register_adv_est(name)(estimate)
    register_policy_loss(name)(loss)


def advantage_estimator(objective: Objective, correct_from: float = 1.0) -> Callable[..., tuple[Tensor, Tensor]]:
    """What verl calls once a step: shaped rewards, estimator and reweights, on whole groups.

    Args:
        objective: Its parts before the update.
        correct_from: Smallest reward of a right response.

    Raises:
        InputError: If a part needs scores, or leaves rollouts out.
    """
    for shaper in objective.reward_shapers:
        _check_needs(shaper, shaper.needs)
    for reweight in objective.reweights:
        _check_needs(reweight, reweight.needs)
    for chosen, plain, instead in (
        (objective.group_filter, KeepAll, "algorithm.filter_groups.enable=True"),
        (objective.rollout_filter, AllRollouts, "a loss mask, which verl's hooks cannot change"),
        (objective.warm_up, type(None), "none: the hooks do not know the step"),
    ):
        if not isinstance(chosen, plain):
            raise InputError(
                f"{type(chosen).__name__} of the objective is out of reach of verl's hooks; instead there: {instead}."
            )

    def estimate(
        token_level_rewards: Tensor, response_mask: Tensor, index: Sequence[Any] | None = None, **_: Any
    ) -> tuple[Tensor, Tensor]:
        order, size = _groups(index, len(response_mask))
        place = torch.tensor(order, device=response_mask.device)
        mask_BT, rewards_B = response_mask[place].float(), token_level_rewards.sum(-1)[place].float()
        experience = _experience(mask_BT, rewards_B, rewards_B >= correct_from, size)
        experience.rewards_B = objective.shape(experience)
        with torch.no_grad():
            advantages_BT = torch.empty_like(mask_BT).index_copy_(0, place, objective.estimate(experience))
        return advantages_BT, advantages_BT

    return estimate


def policy_loss(objective: Objective) -> Callable[..., tuple[Tensor, dict[str, float]]]:
    """What verl calls for every micro-batch: ratio, token loss, token reweights and aggregation.

    Args:
        objective: Its parts of the update.

    Raises:
        InputError: If a part needs more than log-probs, old log-probs and advantages.
    """
    for part in (objective.ratio, objective.token_loss):
        _check_needs(part, getattr(part, "needs", Needs()))
    for reweight in objective.token_reweights:
        _check_needs(reweight, reweight.needs)
    for regularizer in objective.regularizers:
        _check_needs(regularizer, regularizer.needs)  # those that steer by feedback want entropies, so none is let through
    _check_anchors(objective)
    if not isinstance(objective.correction, NoCorrection):
        raise InputError(
            f"{type(objective.correction).__name__} weighs the sampler's log-probs, which verl does itself; instead there: "
            "algorithm.rollout_correction.rollout_is."
        )
    mode = AGGREGATIONS.get(type(objective.aggregation))
    if mode is None:
        raise InputError(
            f"{type(objective.aggregation).__name__} is no aggregation of verl's; allowed: {', '.join(AGGREGATIONS.values())}."
        )

    def loss(
        old_log_prob: Tensor,
        log_prob: Tensor,
        advantages: Tensor,
        response_mask: Tensor,
        loss_agg_mode: str = "token-mean",
        config: Any = None,
        rollout_is_weights: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, float]]:
        if loss_agg_mode != mode:
            raise InputError(
                f"loss_agg_mode is {loss_agg_mode!r}, and the objective's is {mode!r}; write actor.loss_agg_mode={mode}."
            )
        mask_BT = response_mask.to(log_prob.dtype)
        rows_B = mask_BT.any(-1)
        # Nothing that is let through reads what is correct: SimKO's parts want likeliest tokens, step weights annotations.
        experience = _experience(mask_BT, advantages.sum(-1), advantages.sum(-1) > 0, 1)
        experience.advantages_BT, experience.old_logprobs_BT = advantages, old_log_prob
        experience.sampler_logprobs_BT = old_log_prob
        shares = dict(getattr(config, "global_batch_info", None) or {})
        counts = GlobalCounts(
            float(shares.get("batch_num_tokens") or mask_BT.sum()), float(shares.get("global_batch_size") or rows_B.sum())
        )
        weighed = objective if rollout_is_weights is None else corrected(objective, _Given(rollout_is_weights))
        terms = weighed.loss(TokenScores(log_prob), experience, counts)
        tokens = max(float(mask_BT.sum()), 1.0)
        metrics = {f"actor/{name}": float(total.detach()) / tokens for name, total in terms.sums.items()}
        return terms.loss * shares.get("dp_size", 1), metrics

    return loss


@dataclass(frozen=True)
class _Given:
    """Weights that verl has made of the sampler's log-probs."""

    values_BT: Tensor
    needs = Needs()

    def weights(self, experience: Experience) -> Float[Tensor, " B #T"]:
        return self.values_BT


def _check_needs(part: object, needs: Needs) -> None:
    unmet = [words for name, words in UNMET.items() if getattr(needs, name)]
    if unmet:
        here_alone = needs.greedy or isinstance(part, Steering)
        elsewhere = "In TRL it works: asym_lit.integrations.trl.ObjectiveTrainer"
        raise InputError(
            f"{type(part).__name__} needs {', '.join(unmet)}, and verl's hooks are given log-probs and advantages alone. "
            f"{'It works in asym_lit: PolicyModule' if here_alone else elsewhere}."
        )


def _check_anchors(objective: Objective) -> None:
    for part in (objective.ratio, objective.token_loss, *objective.regularizers):
        if getattr(part, "anchor", "old") == "rollout":
            raise InputError(
                f"{type(part).__name__} measures from the engine's log-probs, which verl's hooks are not given; instead there: "
                "anchor: old and algorithm.rollout_correction.rollout_is. With bypass_mode=True verl takes its own loss."
            )


def _groups(index: Sequence[Any] | None, rows: int) -> tuple[list[int], int]:
    """An order in which groups stand together, and their size."""
    if index is None:
        raise InputError("verl gave no uid of the prompts, so groups cannot be told apart.")
    members: dict[Any, list[int]] = {}
    for row, uid in enumerate(index):
        members.setdefault(uid, []).append(row)
    sizes = {len(group) for group in members.values()}
    if len(sizes) != 1 or len(index) != rows:
        raise InputError(f"Groups of {sorted(sizes)} rollouts; allowed: as many for every prompt (rollout.n).")
    return [row for group in members.values() for row in group], sizes.pop()


def _experience(mask_BT: Tensor, rewards_B: Tensor, correct_B: Tensor, size: int) -> Experience:
    true_B = torch.ones_like(correct_B)
    return Experience(mask_BT, rewards_B, correct_B, true_B, ~true_B, size, torch.zeros_like(mask_BT))
