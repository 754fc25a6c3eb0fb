"""A set of rollouts as tensors, as objectives see them, and what is known of the whole batch over all ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import Tensor

from asym_lit.shapes import Bool, Float, Int
from asym_lit.types.scores import TokenScores


def _itself(values: Tensor) -> Tensor:
    return values


@dataclass(frozen=True, slots=True)
class Collectives:
    """How statistics of a batch become statistics over all ranks; alone, nothing happens."""

    sum: Callable[[Tensor], Tensor] = _itself
    """Elementwise sum over ranks."""
    cat: Callable[[Tensor], Tensor] = _itself
    """The 1-D tensors of all ranks, joined."""


@dataclass(frozen=True, slots=True)
class BatchPool:
    """What is known of all tokens of a rollout step, over all ranks."""

    entropy_N: Float[Tensor, " N"] | None = None
    """Entropies at the weights that sampled, in rising order; None unless they were asked for."""
    logprob_N: Float[Tensor, " N"] | None = None
    """Log-probs of the sampled tokens at those weights, in rising order."""

    def entropy_quantile(self, q: float) -> Float[Tensor, ""]:
        """The q-quantile of the entropies."""
        assert self.entropy_N is not None
        return _quantile(self.entropy_N, q)

    def logprob_quantile(self, q: float) -> Float[Tensor, ""]:
        """The q-quantile of the log-probs."""
        assert self.logprob_N is not None
        return _quantile(self.logprob_N, q)


def _quantile(ordered_N: Float[Tensor, " N"], q: float) -> Float[Tensor, ""]:
    """Linear between neighbours, of values in rising order; `torch.quantile` refuses more than 16 million of them."""
    if not len(ordered_N):
        return torch.full((), torch.nan, dtype=ordered_N.dtype, device=ordered_N.device)
    position = q * (len(ordered_N) - 1)
    low, high = ordered_N[int(position)], ordered_N[min(int(position) + 1, len(ordered_N) - 1)]
    return torch.lerp(low, high, position - int(position))


@dataclass(slots=True)
class Experience:
    """A set of rollouts as tensors: what objectives see. Rows of a group stand together, `group_size` of them."""

    mask_BT: Float[Tensor, "B T"]
    """Float: 1 on sampled tokens (stop token included), 0 on padding."""
    rewards_B: Float[Tensor, " B"]
    """After reward shaping; 0 where undecided, which `valid_B` hides."""
    correct_B: Bool[Tensor, " B"]
    """Bool: the verifier said correct, whatever shaping did to the reward."""
    valid_B: Bool[Tensor, " B"]
    """Bool: False for undecided rollouts and dropped groups, which no statistic may use."""
    truncated_B: Bool[Tensor, " B"]
    """Bool: the response hit the length limit."""
    group_size: int
    sampler_logprobs_BT: Float[Tensor, "B T"]
    old_logprobs_BT: Float[Tensor, "B T"] | None = None
    """The trainer's own log-probs at the weights that sampled."""
    reference_logprobs_BT: Float[Tensor, "B T"] | None = None
    advantages_BT: Float[Tensor, "B T"] | None = None
    entropy_BT: Float[Tensor, "B T"] | None = None
    """Entropy at the weights that sampled; None unless a reweight needs it."""
    step_right_BT: Bool[Tensor, "B T"] | None = None
    """Bool: an annotator calls the token's reasoning step right; None without annotations."""
    squares_BT: Float[Tensor, "B T"] | None = None
    """Sum of squared probabilities over the vocabulary at the weights that sampled; None unless a reweight needs it."""
    rewards_BC: Float[Tensor, "B C"] | None = None
    """Of several rewards: each by itself, as it was given, before weights; None where there is one, which is `rewards_B`."""
    reward_weights_BC: Float[Tensor, "B C"] | None = None
    """What the verifier weighs them by in their sum."""
    greedy_rewards_B: Float[Tensor, " B"] | None = None
    """Reward of the greedy response to each rollout's prompt, NaN where that is undecided; None unless a part needs it."""
    slots_B: Int[Tensor, " B"] | None = None
    """Slot of each rollout's group; None unless it was noted."""
    prompt_tokens_B: Float[Tensor, " B"] | None = None
    """Tokens trained on of all responses to each rollout's prompt; None unless they were counted."""
    step: int = 0
    """Rollout step of the run, from 0."""
    steps: int = 0
    """Rollout steps of the whole run; 0 if that is not known."""
    memory: Mapping[str, float] = field(default_factory=dict)
    """What parts that steer by feedback remember of earlier updates, by name (`objectives/feedback.py`)."""
    pool: BatchPool | None = None
    """Of the whole batch, whichever rows these are; None unless a part needs it."""
    collectives: Collectives = Collectives()

    def pooled(self, scores: TokenScores) -> BatchPool:
        """What the scores at the weights that sampled say of all valid tokens, over all ranks. A collective."""
        counted_BT = (self.mask_BT * self.valid_B[:, None]).bool()
        kinds = (scores.entropy_BT, scores.logprobs_BT)
        return BatchPool(*(None if v is None else self.collectives.cat(v[counted_BT]).sort().values for v in kinds))

    @property
    def lengths_B(self) -> Float[Tensor, " B"]:
        """Response tokens of each rollout."""
        return self.mask_BT.sum(-1)

    def rows(self, index: Sequence[int], length: int) -> Experience:
        """The given rows, cut to `length` response tokens; `group_size` becomes 1, for the groups are broken up."""
        cut: dict[str, Any] = {"group_size": 1}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor):
                picked = value[torch.as_tensor(index, device=value.device)]
                cut[item.name] = picked[:, :length] if item.name.endswith("_BT") else picked
        return replace(self, **cut)
