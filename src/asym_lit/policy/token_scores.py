"""Token scores: from hidden states and the LM head to what objectives need, chunk by chunk.

Logits live in one buffer of a chunk, in the forward and in the backward pass, so peak memory does not grow with the
number of tokens: the logits of 4096 tokens over a vocabulary of 151,936 would take 2.5 GB in fp32, several times over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from asym_lit.policy.chunked_head import ChunkedHead
from asym_lit.shapes import Float, Int, Shaped
from asym_lit.types import InputError, Needs, TokenScores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK_ELEMENTS = 2**20
"""Logits held at once: 4 MiB in fp32, which caches of processors hold. Larger ones are hardly faster."""
GPU_CHUNKS = 32
"""So many times as many on a GPU, where starting a kernel costs more than the caches give."""
BEYOND_THE_HEAD = (
    "final_logit_softcapping",
    "logits_soft_cap",
    "output_logit_soft_cap",
    "logit_scale",
    "logits_scaling",
    "lm_head_multiplier",
    "output_multiplier",
)
"""Names by which configs say that logits are more than hidden states times the head, plus its bias."""


class TokenScorer(nn.Module):
    """A causal language model that answers with `TokenScores` of given responses.

    The forward pass runs inside this module, LM head included, so that FSDP2 gathers the head's weights too.

    Args:
        model: A Hugging Face causal language model.

    Raises:
        InputError: If its logits are more than a matrix product, plus a bias.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        for name in BEYOND_THE_HEAD:
            value = getattr(model.config, name, None)
            if value not in (None, 1, 1.0):
                raise InputError(
                    f"The policy's config has {name}={value}; scores are computed from hidden states and the LM head "
                    f"alone, so it would be left out. Allowed: policies without {name}."
                )
        head = model.get_output_embeddings()
        if not isinstance(head, nn.Linear) or head.weight.shape != (head.out_features, head.in_features):
            raise InputError(
                f"The policy's LM head is a {type(head).__name__}; scores are computed from its weight and bias alone. "
                "Allowed: a plain torch.nn.Linear (merge adapters into it, and leave it out of quantisation)."
            )
        self.model = model

    def forward(
        self,
        input_ids_BS: Int[Tensor, "B S"],
        prompt_lengths_B: Int[Tensor, " B"],
        mask_BT: Shaped[Tensor, "B T"],
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

    def score_flat(
        self, hidden_NH: Float[Tensor, "N H"], targets_N: Int[Tensor, " N"], temperature: float, needs: Needs
    ) -> TokenScores:
        """Scores of N tokens from the hidden states that predict them.

        Args:
            hidden_NH: Hidden states; gradient flows to them, to the head's weight and to its bias.
            targets_N: The tokens.
            temperature: Divides the logits.
            needs: What to compute beside the log-prob.

        Returns:
            Scores in fp32 (or wider), with N for [B, T].

        Raises:
            InputError: If more candidates are needed than the vocabulary has tokens.
        """
        head = self.model.get_output_embeddings()
        if needs.top_n > len(head.weight):
            raise InputError(
                f"{needs.top_n} candidates per token are needed, of a vocabulary of {len(head.weight)}; "
                f"allowed: at most {len(head.weight)}."
            )
        elements = CHUNK_ELEMENTS * (GPU_CHUNKS if hidden_NH.is_cuda else 1)
        return TokenScores(*ChunkedHead.apply(hidden_NH, head.weight, head.bias, targets_N, temperature, needs, elements))


def _scattered(
    flat: TokenScores, batch: Int[Tensor, " N"], step: Int[Tensor, " N"], mask_BT: Shaped[Tensor, "B T"]
) -> TokenScores:
    """Flat scores back at their places in [B, T]."""

    def place(values: Tensor | None) -> Tensor | None:
        if values is None:
            return None
        return values.new_zeros((*mask_BT.shape, *values.shape[1:])).index_put((batch, step), values)

    logprobs_BT = place(flat.logprobs_BT)
    assert logprobs_BT is not None
    return TokenScores(logprobs_BT, place(flat.entropy_BT), place(flat.topk_logprobs_BTK), place(flat.rank1_BT))
