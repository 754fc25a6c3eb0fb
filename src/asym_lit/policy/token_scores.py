"""Token scores: from hidden states and the LM head to what objectives need, chunk by chunk.

Logits live in one buffer of a chunk, in the forward and in the backward pass, so peak memory does not grow with the
number of tokens: the logits of 4096 tokens over a vocabulary of 151,936 would take 2.5 GB in fp32, several times over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.layouts import SharedTokens, TokenLayout
from asym_lit.policy.chunked_head import ChunkedHead
from asym_lit.policy.gradient_places import take_adding_embedding
from asym_lit.policy.head_inputs import head_inputs
from asym_lit.policy.logit_tiles import TileSettings
from asym_lit.policy.own_logits import HeadReading, read_head
from asym_lit.policy.shared_attention import reading
from asym_lit.processes.heap import give_back
from asym_lit.shapes import Float, Int, Shaped
from asym_lit.types import InputError, Needs, TokenScores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK_ELEMENTS = 2**20
"""Logits held at once: 4 MiB in fp32, which caches of processors hold. Larger ones are hardly faster."""
GPU_CHUNKS = 32
"""So many times as many on a GPU, where starting a kernel costs more than the caches give."""


class TokenScorer(nn.Module):
    """A causal language model that answers with `TokenScores` of given responses.

    The forward pass runs inside this module, LM head included, so that FSDP2 gathers the head's weights too. How the model
    makes logits of its hidden states is read off a few tokens first, so give it whole, before it is sharded.

    Args:
        model: A Hugging Face causal language model.
        vocabulary: Only the first so many tokens exist, as `token_count` of a tokenizer has it: those beyond count as
            impossible. None for all rows of the LM head.
        gaps: Ids among these that no token has, as `gaps` of a tokenizer has it; they count as impossible too.
        head_dtype: In which the products with the head are made; None as the dtypes of its operands are.
        reading: What `read_head` found of the same policy; None to find it out, for which the model must be whole.

    Raises:
        InputError: If its logits are more than a matrix product with a bias, a scale and a soft cap, or not causal, or if there
            are gaps below a soft cap, which would make them possible again.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        vocabulary: int | None = None,
        gaps: frozenset[int] = frozenset(),
        head_dtype: torch.dtype | None = None,
        reading: HeadReading | None = None,
    ) -> None:
        super().__init__()
        self.head_dtype, self.adds_gradients = head_dtype, False
        self.reading = reading = reading or read_head(model)
        rows = len(model.get_output_embeddings().weight)
        self.vocabulary: int = reading.shaping.within(rows).within(vocabulary).vocabulary  # type: ignore[assignment]
        """Number of tokens that exist."""
        self.shaping = replace(reading.shaping, vocabulary=self.vocabulary if self.vocabulary < rows else None)
        self.is_direct, self.model = reading.is_direct, model
        if gaps and self.shaping.cap is not None:
            raise InputError(
                f"The tokenizer has no token for {len(gaps)} ids such as {min(gaps)}, and the policy's logits are capped, so "
                "these could not be left out of its log-probs. Give them tokens (tokenizer.add_tokens), or take another one."
            )
        self.gaps = torch.tensor(sorted(gaps), dtype=torch.int64)
        self.why_not_shared = "it was not tried"
        """Why it cannot read a prompt once for all of its responses; empty if it can. For `sharing_trial.py` to say."""

    def add_gradients_in_place(self) -> None:
        """Add gradients of head and embedding to `.grad`, where they would only be added up there by autograd."""
        self.adds_gradients = True
        take_adding_embedding(self.model)

    @property
    def shares_prompts(self) -> bool:
        """It may be given `SharedTokens`."""
        return not self.why_not_shared

    def forward(
        self,
        tokens: TokenLayout,
        mask_BT: Shaped[Tensor, "B T"],
        temperature: float,
        needs: Needs,
    ) -> TokenScores:
        """Scores of each response token.

        Args:
            tokens: Prompts and responses. Prompts may be shared only by a policy that can (`sharing_trial.py`).
            mask_BT: Response tokens.
            temperature: Divides the logits, scaled and capped.
            needs: What to compute beside the log-prob.

        Returns:
            Scores in fp32 (or wider, if the policy is), shape [B, T], zeros on padding.
        """
        give_back()  # between passes, where what the last one took is free
        batch, step = mask_BT.bool().nonzero(as_tuple=True)
        if isinstance(tokens, SharedTokens):
            with reading(tokens):
                # A mask, of ones: without one transformers takes positions that start again for rows packed by itself.
                seen_1N = torch.ones_like(tokens.ids_1N)
                hidden_BSH = self._hidden(tokens.ids_1N, position_ids=tokens.positions_1N, attention_mask=seen_1N)
            hidden_NH = hidden_BSH[0].index_select(0, tokens.predictors_BT[batch, step])
            targets_N = tokens.targets_BT[batch, step]
        else:
            # No attention mask: padding stands on the right, where a causal model's earlier tokens cannot see it.
            hidden_BSH = self._hidden(tokens.ids_BS)
            position_N = tokens.prompt_lengths_B[batch] + step
            hidden_NH, targets_N = hidden_BSH[batch, position_N - 1], tokens.ids_BS[batch, position_N]
        flat = self.score_flat(hidden_NH, targets_N, temperature=temperature, needs=needs)
        return _scattered(flat, batch, step, mask_BT)

    def _hidden(self, ids_BS: Int[Tensor, "B S"], **further: Any) -> Float[Tensor, "B S H"]:
        """What the LM head is given."""
        if not self.is_direct:
            return head_inputs(self.model, ids_BS, **further)
        hidden_BSH: Float[Tensor, "B S H"] = self.model.base_model(
            input_ids=ids_BS, use_cache=False, **further
        ).last_hidden_state
        return hidden_BSH

    def score_flat(
        self, hidden_NH: Float[Tensor, "N H"], targets_N: Int[Tensor, " N"], temperature: float, needs: Needs
    ) -> TokenScores:
        """Scores of N tokens from the hidden states that predict them.

        Args:
            hidden_NH: Hidden states; gradient flows to them, to the head's weight and to its bias.
            targets_N: The tokens.
            temperature: Divides the logits, scaled and capped.
            needs: What to compute beside the log-prob.

        Returns:
            Scores in fp32 (or wider), with N for [B, T].

        Raises:
            InputError: If more candidates are needed than the vocabulary has tokens.
        """
        head = self.model.get_output_embeddings()
        if needs.top_n > self.vocabulary:
            raise InputError(
                f"{needs.top_n} candidates per token are needed, of a vocabulary of {self.vocabulary}; "
                f"allowed: at most {self.vocabulary}."
            )
        elements = CHUNK_ELEMENTS * (GPU_CHUNKS if hidden_NH.is_cuda else 1)
        settings = TileSettings.of(hidden_NH, head.weight, temperature, self.shaping, elements, self.head_dtype)
        settings = replace(settings, adds_gradients=self.adds_gradients)
        arguments = (hidden_NH, head.weight, self._bias(head), targets_N, settings, needs)
        return TokenScores(*ChunkedHead.apply(*arguments))

    def _bias(self, head: nn.Linear) -> Float[Tensor, " V"] | None:
        """The head's own, and -inf where no token is."""
        if not len(self.gaps):
            return head.bias
        bias_V = head.weight.new_zeros(len(head.weight)) if head.bias is None else head.bias
        return bias_V.index_fill(0, self.gaps.to(bias_V.device), -torch.inf)


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
    others = (flat.entropy_BT, flat.topk_logprobs_BTK, flat.rank1_BT, flat.squares_BT)
    return TokenScores(logprobs_BT, *(place(values) for values in others))
