"""The objective: a frozen record of parts, run in a fixed order. It holds no mathematics of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import takewhile
from operator import or_

import torch
from torch import Tensor

from asym_lit.objectives.advantages import AdvantageEstimator, GroupNormalised
from asym_lit.objectives.aggregations import Aggregation, GlobalCounts, TokenMean
from asym_lit.objectives.correction_sums import weight_sums
from asym_lit.objectives.corrections import NoCorrection, SamplerCorrection, check_gap_counted_once
from asym_lit.objectives.feedback import Steering
from asym_lit.objectives.part_values import check_parts
from asym_lit.objectives.ratios import ImportanceRatio, TokenRatio
from asym_lit.objectives.regularizers import Regularizer
from asym_lit.objectives.rewards import AllRollouts, GroupFilter, KeepAll, RewardShaper, RolloutFilter
from asym_lit.objectives.reweights import Reweight, TokenReweight
from asym_lit.objectives.token_losses import ClippedSurrogate, TokenLoss
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs, TokenScores


@dataclass(frozen=True, slots=True)
class LossTerms:
    """The loss of a micro-batch, and sums over its tokens for the metrics."""

    loss: Float[Tensor, ""]
    """Scalar; the losses of all micro-batches on all ranks add up to the loss of the mini-batch."""
    sums: dict[str, Float[Tensor, ""]] = field(default_factory=dict)
    """Detached sums over tokens by metric name; divided by the global token count once, at the end."""


@dataclass(frozen=True)
class Objective:
    """From rewards and token scores to a loss.

    At rollout time, on whole groups: `reward_shapers`, `estimator`, `reweights` give the advantages. At every update,
    on any rows: `token_reweights`, `ratio`, `token_loss`, `regularizers`, `aggregation` give the loss.

    Args:
        reward_shapers: Applied to the rewards, in order.
        group_filter: Chooses the groups to train on.
        rollout_filter: Chooses the rollouts to train on, after advantages are known.
        estimator: Turns rewards into advantages.
        reweights: Bend the advantages at rollout time, in order.
        token_reweights: Bend the advantages at every update, in order.
        ratio: The importance ratio.
        token_loss: Turns ratio and advantage into a loss per token.
        correction: Weighs the token loss for the gap between sampler and trainer.
        regularizers: Added to the token loss.
        aggregation: The weight of each token.
        warm_up: Another objective for the first steps of the run.
    """

    reward_shapers: Sequence[RewardShaper] = ()
    group_filter: GroupFilter = KeepAll()
    rollout_filter: RolloutFilter = AllRollouts()
    estimator: AdvantageEstimator = GroupNormalised()
    reweights: Sequence[Reweight] = ()
    token_reweights: Sequence[TokenReweight] = ()
    ratio: ImportanceRatio = TokenRatio()
    token_loss: TokenLoss = ClippedSurrogate()
    correction: SamplerCorrection = NoCorrection()
    regularizers: Sequence[Regularizer] = ()
    aggregation: Aggregation = TokenMean()
    warm_up: WarmUp | None = None

    def __post_init__(self) -> None:
        check_parts(self)
        check_gap_counted_once(self.correction, (self.ratio, self.token_loss))

    @property
    def rollout_needs(self) -> Needs:
        """What must be computed once per rollout step."""
        update = self.update_needs
        needs = Needs(reference=update.reference) | self.correction.needs
        needs = reduce(or_, (shaper.needs for shaper in self.reward_shapers), needs)
        needs = reduce(or_, (reweight.needs for reweight in self.reweights), needs)
        if update.rollout_scores:
            needs |= Needs(entropy=update.entropy, rollout_scores=True)
        return needs | self.warm_up.objective.rollout_needs if self.warm_up else needs

    @property
    def update_needs(self) -> Needs:
        """What must be computed at every update."""
        needs = reduce(or_, (part.needs for part in self.regularizers), self.ratio.needs)
        return reduce(or_, (part.needs for part in self.token_reweights), needs)

    def at(self, rollout_step: int) -> Objective:
        """The objective of a rollout step: the warm-up's while that lasts."""
        return self.warm_up.objective if self.warm_up and rollout_step < self.warm_up.steps else self

    def shape(self, experience: Experience) -> Float[Tensor, " B"]:
        """Rewards after all shapers, shape [B]."""
        rewards_B = experience.rewards_B
        for shaper in self.reward_shapers:
            rewards_B = shaper(rewards_B, experience)
        return rewards_B

    def estimate(self, experience: Experience) -> Float[Tensor, "B T"]:
        """Advantages of whole groups, shape [B, T], 0 on padding and on undecided rollouts.

        Args:
            experience: Rewards already shaped; rows of a group together.
        """
        size = experience.group_size
        rewards_PG = experience.rewards_B.view(-1, size)
        valid_PG = experience.valid_B.view(-1, size)
        advantages_B1 = self.estimator(rewards_PG, valid_PG).view(-1, 1)
        advantages_BT = advantages_B1 * experience.mask_BT
        for reweight in self.reweights:
            advantages_BT = reweight(advantages_BT, experience)
        return advantages_BT

    def idle(self, experience: Experience) -> Bool[Tensor, " B"]:
        """Rollouts whose gradient is exactly 0, told from their rewards before anything is scored, shape [B].

        Their advantages are 0, and every part that comes after says of itself that it `keeps_zero`; a part that says nothing
        does not. They still count in all denominators. A collective where a reweight is one.

        Args:
            experience: As for `estimate`, before rewards are shaped.
        """
        none_B = torch.zeros_like(experience.valid_B)
        later = [*self.token_reweights, self.token_loss, *self.regularizers]
        if any(shaper.needs.of_scores for shaper in self.reward_shapers) or not all(map(_keeps_zero, later)):
            return none_B
        # A reweight that wants scores is left out, if zeros survive it; so is what comes after it.
        known = list(takewhile(lambda reweight: not reweight.needs.of_scores, self.reweights))
        if not all(map(_keeps_zero, self.reweights[len(known) :])):
            return none_B
        shaped = replace(experience, rewards_B=self.shape(experience))
        return (replace(self, reweights=known).estimate(shaped) == 0).all(-1)

    def loss(self, scores: TokenScores, experience: Experience, counts: GlobalCounts) -> LossTerms:
        """Loss of a micro-batch.

        Args:
            scores: Current scores of its rows, with gradient.
            experience: Its rows; advantages and old log-probs filled in.
            counts: Size of the mini-batch it belongs to, over all ranks.
        """
        advantages_BT = experience.advantages_BT
        if advantages_BT is None:
            raise InputError("experience.advantages_BT is empty; call estimate() on the whole groups first.")
        for reweight in self.token_reweights:
            advantages_BT = reweight(advantages_BT, scores, experience)
        ratio_BT = self.ratio(scores, experience)
        terms = self.token_loss(ratio_BT, advantages_BT, scores, experience)
        mask_BT, loss_BT = experience.mask_BT, terms.loss_BT
        sums = {
            "ratio/mean": masked_sum(ratio_BT.detach(), mask_BT),
            "ratio/clipped_low": masked_sum(terms.clipped_low_BT.to(mask_BT.dtype), mask_BT),
            "ratio/clipped_high": masked_sum(terms.clipped_high_BT.to(mask_BT.dtype), mask_BT),
        }
        weights = self.correction.weights(experience)
        if weights is not None:
            sums |= weight_sums(weights, experience, self.correction)
            loss_BT = loss_BT * weights
        for regularizer in self.regularizers:
            added_BT = regularizer(scores, experience)
            loss_BT, sums[f"loss/{regularizer.name}"] = loss_BT + added_BT, masked_sum(added_BT.detach(), mask_BT)
            if isinstance(regularizer, Steering):
                sums |= {n: masked_sum(v_BT, mask_BT) for n, v_BT in regularizer.measured(scores, experience).items()}
        weights_BT = self.aggregation(mask_BT, replace(counts, prompt_tokens_B=experience.prompt_tokens_B))
        return LossTerms(masked_sum(loss_BT * weights_BT, mask_BT), sums)


def _keeps_zero(part: object) -> bool:
    return bool(getattr(part, "keeps_zero", False))


@dataclass(frozen=True)
class WarmUp:
    """Another objective for the first steps of a run.

    Args:
        steps: Rollout steps it lasts.
        objective: What is optimised meanwhile.
    """

    steps: int
    objective: Objective

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"The warm-up lasts {self.steps} steps; allowed: 1 or more, or no warm-up.")


def advantages_of(rewards: Sequence[float], estimator: AdvantageEstimator) -> list[float]:
    """Advantages of one group given as plain numbers; for documentation and notebooks."""
    rewards_PG = torch.tensor([list(rewards)], dtype=torch.float64)
    result: list[float] = estimator(rewards_PG, torch.ones_like(rewards_PG, dtype=torch.bool))[0].tolist()
    return result
