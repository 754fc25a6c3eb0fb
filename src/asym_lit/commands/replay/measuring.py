"""Measuring: what an objective's loss asks of each token and of the weights, on frozen rollouts.

What follows from it is in `comparing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from typing_extensions import override

from asym_lit.lit.learning import RolloutLearner
from asym_lit.objectives import Objective
from asym_lit.objectives.rewards import passes
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.microbatches import Cutting
from asym_lit.types import Needs, RolloutBatch, TokenScores

RANKS = 3
"""The sampled token's rank is told up to here; 4 stands for all that follow."""
SAME_TOKEN = 1e-5
"""Log-probs of one position that differ by less are taken for those of the same token."""
_DESCRIPTION = Needs(entropy=True, top_n=RANKS, rollout_scores=True)
_BLOCK = 2**22
_MAX_GRAD_NORM = 1.0


class TappedScorer(TokenScorer):
    """A token scorer that keeps its last answer, so that the loss's derivative by each score can be read."""

    last: TokenScores | None = None

    @override
    def forward(self, *args: object) -> TokenScores:
        """Scores of each response token, as `TokenScorer`."""
        self.last = super().forward(*args)  # type: ignore[arg-type]
        for score in (self.last.logprobs_BT, self.last.entropy_BT, self.last.topk_logprobs_BTK):
            if score is not None and score.requires_grad:
                score.retain_grad()
        return self.last


@dataclass(frozen=True, slots=True)
class Measured:
    """What one objective does to the batch."""

    loss: float
    clipped: float
    """Tokens that the trust region cut off."""
    gradient: list[Tensor]
    """By parameter, flat, in fp32, on the CPU; before clipping by norm."""
    push_BT: Tensor
    """`- d loss / d log-prob` of the sampled token: above 0, a step makes it likelier."""
    candidates_BT: Tensor
    """Sum over other candidates of `|d loss / d log-prob|`."""
    touched_BT: Tensor
    """Bool: the loss depends on some score of the token."""
    advantages_BT: Tensor


@dataclass(frozen=True, slots=True)
class Description:
    """What the policy says of each sampled token, whatever the objective. Zeros on undecided rollouts."""

    logprobs_BT: Tensor
    entropy_BT: Tensor
    rank_BT: Tensor
    """1 for the likeliest token; `RANKS + 1` for all beyond."""


class Bench:
    """One policy and one batch, for any objective.

    Args:
        scorer: The policy.
        reference: The frozen reference; None for the policy itself, before it drifts.
        batch: The rollouts, verified.
        max_micro_batch_tokens: Tokens scored at once.
    """

    def __init__(
        self, scorer: TappedScorer, reference: TokenScorer | None, batch: RolloutBatch, max_micro_batch_tokens: int
    ) -> None:
        self.scorer, self.reference, self.batch = scorer, reference, batch
        self.max_micro_batch_tokens = max_micro_batch_tokens

    def learner(self, objective: Objective, needs: Needs | None = None) -> RolloutLearner:
        """The batch as one mini-batch under an objective, scored with the present weights as the old ones."""
        # Nothing is drawn anew for the groups that a filter drops.
        batch = replace(self.batch, kept=[passes(objective.group_filter, group) for group in self.batch.groups])
        whole, shares = wants_whole_groups(objective.token_loss), self.scorer.shares_prompts
        cutting = Cutting(1, len(batch.groups), 0, self.max_micro_batch_tokens, shares, whole)
        needs = (needs or objective.rollout_needs) | Needs(rollout_scores=True)
        reference = (self.reference or self.scorer) if needs.reference else None
        learner = RolloutLearner(self.scorer, reference, objective, needs, batch, cutting)
        learner.score()
        learner.estimate()
        return learner

    def describe(self) -> Description:
        """What the present weights say of the sampled tokens."""
        scores = self.learner(Objective(), _DESCRIPTION).scores
        assert scores.entropy_BT is not None and scores.topk_logprobs_BTK is not None
        rank_BT = 1 + (scores.topk_logprobs_BTK > scores.logprobs_BT[..., None] + SAME_TOKEN).sum(-1)
        return Description(scores.logprobs_BT.cpu(), scores.entropy_BT.cpu(), rank_BT.cpu())

    def drift(self, objective: Objective, steps: int, lr: float) -> None:
        """Move the weights away from those that sampled: AdamW steps on the batch, clipped by norm."""
        learner = self.learner(objective)
        optimizer = torch.optim.AdamW(self.scorer.parameters(), lr=lr, weight_decay=0.0)
        for _ in range(steps):
            optimizer.zero_grad()
            learner.accumulate(0, lambda loss: loss.backward())  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.scorer.parameters(), _MAX_GRAD_NORM)
            optimizer.step()

    def measure(self, learner: RolloutLearner) -> Measured:
        """Loss, derivatives by token and by weight, at the present weights."""
        self.scorer.zero_grad()
        derivatives: list[tuple[Tensor, Tensor, Tensor]] = []

        def backward(loss: Tensor) -> None:
            loss.backward()  # type: ignore[no-untyped-call]
            derivatives.append(self._derivatives())

        sums = learner.accumulate(0, backward)
        mask_BT = learner.experience.mask_BT
        found = [torch.zeros_like(mask_BT) for _ in range(3)]
        for part, values in zip(learner.micro_batches[0], derivatives, strict=True):
            for whole_BT, value_BT in zip(found, values, strict=True):
                whole_BT[part.rows, : value_BT.shape[1]] = value_BT.to(whole_BT.dtype)
        push_BT, candidates_BT, touched_BT = (whole_BT.cpu() for whole_BT in found)
        assert learner.experience.advantages_BT is not None
        return Measured(
            float(sums.get("loss/total", 0.0)),
            float(sums.get("ratio/clipped_low", 0.0)) + float(sums.get("ratio/clipped_high", 0.0)),
            [_flat_gradient(parameter) for parameter in self.scorer.parameters()],
            push_BT,
            candidates_BT,
            touched_BT.bool(),
            learner.experience.advantages_BT.cpu(),
        )

    def _derivatives(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of a micro-batch: push, derivatives by candidates, whether any is not 0."""
        scores = self.scorer.last
        assert scores is not None
        logprobs_BT, topk_BTK = scores.logprobs_BT, scores.topk_logprobs_BTK
        push_BT, candidates_BT = torch.zeros_like(logprobs_BT), torch.zeros_like(logprobs_BT)
        if logprobs_BT.grad is not None:
            push_BT = -logprobs_BT.grad
        if topk_BTK is not None and topk_BTK.grad is not None:
            # The sampled token may be one of the candidates: its part goes to it.
            sampled_BTK = (topk_BTK - logprobs_BT[..., None]).abs() <= SAME_TOKEN
            push_BT = push_BT - topk_BTK.grad.where(sampled_BTK, 0).sum(-1)
            candidates_BT = topk_BTK.grad.where(~sampled_BTK, 0).abs().sum(-1)
        touched_BT = (push_BT != 0) | (candidates_BT > 0)
        if scores.entropy_BT is not None and scores.entropy_BT.grad is not None:
            touched_BT = touched_BT | (scores.entropy_BT.grad != 0)
        return push_BT, candidates_BT, touched_BT


def _flat_gradient(parameter: torch.nn.Parameter) -> Tensor:
    gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return gradient.detach().flatten().to("cpu", torch.float32, copy=True)


def inner_products(measured: Mapping[str, Measured]) -> Tensor:
    """Inner products of all pairs of gradients, summed in fp64, shape [objectives, objectives]."""
    gradients = [m.gradient for m in measured.values()]
    products = torch.zeros(len(gradients), len(gradients), dtype=torch.float64)
    for same_parameter in zip(*gradients, strict=True):
        for blocks in zip(*(gradient.split(_BLOCK) for gradient in same_parameter), strict=True):
            rows = torch.stack(blocks).double()
            products += rows @ rows.T
    return products
