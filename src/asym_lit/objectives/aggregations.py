"""Aggregations: the weight of each token in the loss. They decide the length bias.

Weights are made from counts over the whole mini-batch, on all ranks, so the loss does not depend on how it is cut into
micro-batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import InputError


@dataclass(frozen=True, slots=True)
class GlobalCounts:
    """Size of a mini-batch over all ranks."""

    tokens: float
    """Response tokens that are trained on."""
    sequences: float
    """Rollouts that are trained on."""
    prompts: float = 0
    """Prompts with at least one such token; 0 if they were not counted."""
    prompt_tokens_B: Float[Tensor, " B"] | None = None
    """Of the rows at hand: tokens trained on of all responses to the prompt of each; None if they were not counted."""


class Aggregation(Protocol):
    """A mask to weights; the loss is the weighted sum of token losses."""

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]; 0 on padding."""
        ...


@dataclass(frozen=True)
class TokenMean:
    """Every token weighs the same: `sum L / sum m` (DAPO). Long responses weigh more than short ones.

    Assumes that each token is as much evidence as any other. With responses of one length it is `SequenceMean`.
    """

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        return mask_BT / max(counts.tokens, 1)


@dataclass(frozen=True)
class SequenceMean:
    """Every response weighs the same: mean over responses of their token means (GRPO's paper).

    Assumes that a response is the unit, however long: a token of a long one counts less. With one length it is `TokenMean`.
    """

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        return mask_BT / mask_BT.sum(-1, keepdim=True).clamp(min=1) / max(counts.sequences, 1)


@dataclass(frozen=True)
class ConstantLength:
    """Token sums over a constant: `sum L / (sequences * length)` (Dr. GRPO), free of length bias.

    Assumes a constant of the order of the lengths, for it sets the size of a step. At length 1 it is `SequenceSum`.

    Args:
        length: The constant, in tokens: the run's `sampling.max_tokens`.
    """

    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise InputError(f"length is {self.length}; allowed: 1 or more, e.g. the run's sampling.max_tokens.")

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        return mask_BT / (self.length * max(counts.sequences, 1))


@dataclass(frozen=True)
class SequenceSum:
    """Mean over responses of their token sums: REINFORCE as it is derived. Long responses weigh by their length.

    Assumes that a response's log-prob is what its reward is for. With responses of one length L it is L times `SequenceMean`.
    """

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        return mask_BT / max(counts.sequences, 1)


@dataclass(frozen=True)
class PromptMean:
    """Every prompt weighs the same: mean over prompts of the token mean of their responses (SkyRL's `prompt_mean`).

    Assumes that a prompt is the unit: within it long responses weigh more than short ones, between prompts they do not. With as
    many tokens for each prompt it is `TokenMean`; with one response for each, `SequenceMean`.
    """

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        if counts.prompt_tokens_B is None:
            raise InputError(
                "PromptMean divides by the tokens of each prompt, which were not counted here; allowed in PolicyModule, replay "
                "and TRL. Write another aggregation, such as TokenMean."
            )
        return mask_BT / counts.prompt_tokens_B.to(mask_BT.dtype).clamp(min=1)[:, None] / max(counts.prompts, 1)


@dataclass(frozen=True)
class TokenSum:
    """The sum of all token losses of the mini-batch, without a denominator: verl's `token-sum`.

    Assumes a learning rate and a clip by norm that know the size of a mini-batch, for twice the rollouts are twice the loss.
    With one token it is `TokenMean`.
    """

    def __call__(self, mask_BT: Float[Tensor, "B T"], counts: GlobalCounts) -> Float[Tensor, "B T"]:
        """Weights, shape [B, T]."""
        return mask_BT
