"""Token scores: from hidden states and the LM head to what objectives need, in one chunked pass.

The [tokens, V] logits of a chunk are freed before the next chunk, in the forward and in the backward pass, so peak
memory does not grow with the number of tokens: 4096 tokens of a 151,936-word vocabulary would take 2.5 GB in fp32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from asym_lit.types import InputError, Needs, TokenScores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK_ELEMENTS = 2**24
"""Logits held at once: 64 MiB in fp32."""


class TokenScorer(nn.Module):
    """A causal language model that answers with `TokenScores` of given responses.

    The forward pass runs inside this module, LM head included, so that FSDP2 gathers the head's weights too.

    Args:
        model: A Hugging Face causal language model.

    Raises:
        InputError: If its head does more than a matrix product.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        for name in ("final_logit_softcapping", "logit_scale", "logits_scaling"):
            value = getattr(model.config, name, None)
            if value not in (None, 1, 1.0):
                raise InputError(
                    f"The policy's config has {name}={value}; scores are computed from hidden states and the LM head "
                    f"alone, so it would be left out. Allowed: policies without {name}."
                )
        self.model = model

    def forward(
        self,
        input_ids_BS: Tensor,
        prompt_lengths_B: Tensor,
        mask_BT: Tensor,
        temperature: float,
        needs: Needs,
    ) -> TokenScores:
        """Scores of each response token.

        Args:
            input_ids_BS: Prompts and responses, padded on the right with any token.
            prompt_lengths_B: Where each response starts.
            mask_BT: Response tokens.
            temperature: Divides the logits.
            needs: What to compute beside the log-prob.

        Returns:
            Scores in fp32 (or wider, if the policy is), shape [B, T], zeros on padding.
        """
        # No attention mask: padding stands on the right, where a causal model's earlier tokens cannot see it.
        hidden_BSH = self.model.base_model(input_ids=input_ids_BS, use_cache=False).last_hidden_state
        steps_T = torch.arange(mask_BT.shape[1], device=mask_BT.device)
        targets_BT = (prompt_lengths_B[:, None] + steps_T).clamp(max=input_ids_BS.shape[1] - 1)
        batch, step = mask_BT.bool().nonzero(as_tuple=True)
        position = targets_BT[batch, step]
        flat = self.score_flat(
            hidden_BSH[batch, position - 1], input_ids_BS[batch, position], temperature=temperature, needs=needs
        )
        return _scattered(flat, batch, step, mask_BT)

    def score_flat(self, hidden_NH: Tensor, targets_N: Tensor, temperature: float, needs: Needs) -> TokenScores:
        """Scores of N tokens from the hidden states that predict them, chunk by chunk."""
        head = self.model.get_output_embeddings()
        size = max(1, CHUNK_ELEMENTS // head.out_features)
        if len(targets_N) <= size:
            return _chunk(head, hidden_NH, targets_N, temperature, needs)
        chunks = [
            checkpoint(_chunk, head, hidden, targets, temperature, needs, use_reentrant=False)
            for hidden, targets in zip(hidden_NH.split(size), targets_N.split(size), strict=True)
        ]
        return TokenScores(
            torch.cat([c.logprobs_BT for c in chunks]),
            torch.cat([c.entropy_BT for c in chunks]) if needs.entropy else None,
            torch.cat([c.topk_logprobs_BTK for c in chunks]) if needs.top_n else None,
            torch.cat([c.rank1_BT for c in chunks]) if needs.rank1 else None,
        )


def _chunk(head: nn.Module, hidden_NH: Tensor, targets_N: Tensor, temperature: float, needs: Needs) -> TokenScores:
    logits_NV = head(hidden_NH)
    logits_NV = logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32)) / temperature
    log_normaliser_N = logits_NV.logsumexp(-1)
    scores = TokenScores(logits_NV.gather(-1, targets_N[:, None]).squeeze(-1) - log_normaliser_N)
    if needs.entropy:
        with torch.no_grad():
            logprobs_NV = logits_NV - log_normaliser_N[:, None]
            scores.entropy_BT = -(logprobs_NV.exp() * logprobs_NV).sum(-1)
    if needs.top_n:
        scores.topk_logprobs_BTK = logits_NV.topk(needs.top_n, -1).values - log_normaliser_N[:, None]
    if needs.rank1:
        scores.rank1_BT = logits_NV.argmax(-1) == targets_N
    return scores


def _scattered(flat: TokenScores, batch: Tensor, step: Tensor, mask_BT: Tensor) -> TokenScores:
    """Flat scores back at their places in [B, T]."""

    def place(values: Tensor | None) -> Tensor | None:
        if values is None:
            return None
        return values.new_zeros((*mask_BT.shape, *values.shape[1:])).index_put((batch, step), values)

    logprobs_BT = place(flat.logprobs_BT)
    assert logprobs_BT is not None
    return TokenScores(logprobs_BT, place(flat.entropy_BT), place(flat.topk_logprobs_BTK), place(flat.rank1_BT))
