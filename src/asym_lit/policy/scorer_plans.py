"""How a policy becomes what scores rollouts: loaded, tried, given adapters; all of it in one process. Parts: `sharding/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from asym_lit.policy.adapter_trial import add_tried_adapters
from asym_lit.policy.loading import Dtype, load_policy
from asym_lit.policy.lora import LoRA
from asym_lit.policy.own_logits import HeadReading
from asym_lit.policy.reload_trial import check_reload
from asym_lit.policy.sharing_trial import try_sharing
from asym_lit.policy.token_scores import TokenScorer

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class ScorerPlan:
    """Which policy is scored with, and how."""

    policy: str
    """As it was named."""
    dtype: Dtype = "float32"
    """Of its weights."""
    longest: int | None = None
    """Tokens of the longest row it will see."""
    attn_implementation: str | None = None
    """By transformers' name; None for its choice."""
    lora: LoRA | None = None
    """Adapters, if it gets any."""
    vocabulary: int | None = None
    """Number of tokens that exist; None for all rows of the LM head."""
    gaps: frozenset[int] = frozenset()
    """Ids among these that no token has."""
    head_dtype: torch.dtype | None = None
    """Of the products with the LM head; None as the dtypes of its operands are."""
    shares_prompts: bool = True
    """Read a prompt once for all of its responses, where the policy can."""
    is_exported: bool = False
    """It is trained and saved, so its export is tried."""

    def whole(self) -> TokenScorer:
        """The policy in this process, tried.

        Raises:
            InputError: If there is none, or it cannot be trained on.
        """
        return self.tried(load_policy(self.policy, self.dtype, self.longest, self.attn_implementation))

    def tried(self, model: PreTrainedModel, is_exported: bool | None = None) -> TokenScorer:
        """A loaded policy, after all trials.

        Args:
            model: Settled, without adapters; they are added in place.
            is_exported: In place of the plan's own.

        Raises:
            InputError: If it cannot be trained on.
        """
        if self.is_exported if is_exported is None else is_exported:
            check_reload(model)
        model = add_tried_adapters(model, self.lora) if self.lora else model
        scorer = self.scorer(model)
        if self.shares_prompts:
            try_sharing(scorer)
        scorer.add_gradients_in_place()  # not before: the trial has gradients too, and must leave none behind
        return scorer

    def scorer(self, model: PreTrainedModel, reading: HeadReading | None = None) -> TokenScorer:
        """A policy with its adapters as a scorer, which is not tried.

        Args:
            model: Whole, unless its head has been read.
            reading: What `read_head` found of it.
        """
        return TokenScorer(model, self.vocabulary, self.gaps, self.head_dtype, reading)
