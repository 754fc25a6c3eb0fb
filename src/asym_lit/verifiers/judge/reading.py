"""Opinions of a causal language model, read in batches off its own words and log-probs.

The thread and the queue are in `local`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import exp
from typing import TYPE_CHECKING, Any

import torch

from asym_lit.responses import end_tokens, padding_token, response_text
from asym_lit.verifiers.judge.opinion import WORDS, Opinion, stands_for

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class BatchReader:
    """Has a model answer texts, and notes what it thinks of True and False at the place of the verdict.

    Equal texts are read once, texts of like length together; of equal length, where padding would leave its trace in the
    state of the model (recurrent and hybrid ones).

    Args:
        model: A causal language model.
        tokenizer: Its chat template is used if it has one.
        max_tokens: Longest reply.
        marker: What stands before the verdict; empty if the reply begins with it.
        batch_size: Most texts read at once.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: Any, max_tokens: int, marker: str, batch_size: int = 256) -> None:
        self.model, self.tokenizer, self.max_tokens, self.marker = model, tokenizer, max_tokens, marker
        self.batch_size = batch_size
        pieces = [tokenizer.decode([token]) for token in range(len(tokenizer))]
        self.masks_2V = torch.tensor([[stands_for(piece, word) for piece in pieces] for word in WORDS])
        self.special = frozenset(tokenizer.all_special_ids)
        self.ends = end_tokens(tokenizer, model.config, getattr(model, "generation_config", None))

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion per text."""
        was_training = self.model.training
        self.model.eval()
        try:
            # A chat template writes by itself what a text begins with, and a judge without one is trained without it.
            chats = {text: as_chat(self.tokenizer, text) for text in set(texts)}
            encoded = {text: self.tokenizer(chat, add_special_tokens=False)["input_ids"] for text, chat in chats.items()}
            order = sorted(encoded, key=lambda text: (len(encoded[text]), text))
            found: dict[str, Opinion] = {}
            for batch in self._batches(order, encoded):
                found.update(zip(batch, self._replies([encoded[text] for text in batch]), strict=True))
            return [found[text] for text in texts]
        finally:
            self.model.train(was_training)

    def _batches(self, order: list[str], encoded: dict[str, list[int]]) -> Iterator[list[str]]:
        """Texts that are read at once."""
        from asym_lit.verifiers.judge.decoding import Decoding  # imports transformers

        alike = [order] if Decoding.pads(self.model) else [list(g) for _, g in groupby(order, key=lambda t: len(encoded[t]))]
        for texts in alike:
            for start in range(0, len(texts), self.batch_size):
                yield texts[start : start + self.batch_size]

    def _replies(self, prompts: Sequence[list[int]]) -> list[Opinion]:
        """An opinion per prompt, all of them read at once."""
        from asym_lit.verifiers.judge.decoding import Decoding  # imports transformers

        ids: list[list[int]] = [[] for _ in prompts]
        logprobs: list[list[list[float]]] = [[] for _ in prompts]
        decoding = Decoding(self.model, prompts, padding_token(self.tokenizer, self.ends))
        masks_2V = self.masks_2V.to(self.model.device)
        for _ in range(self.max_tokens):
            logprobs_BV = decoding.logits_BV.float().log_softmax(-1)[:, : masks_2V.shape[1]]
            best_B, next_B = logprobs_BV.max(-1)
            words = [logprobs_BV[:, mask].logsumexp(-1) for mask in masks_2V]
            seen_B3 = torch.stack([*words, best_B], -1).tolist()
            for row, token, seen in zip(decoding.rows, next_B.tolist(), seen_B3, strict=True):
                ids[row].append(token)
                logprobs[row].append(seen)
            decoding.done.update(row for row in decoding.rows if ids[row][-1] in self.ends)
            if len(decoding.done) == len(prompts) or len(ids[decoding.rows[0]]) == self.max_tokens:
                break
            decoding.advance(next_B)
        return [self._opinion(*reply) for reply in self._cut(ids, logprobs)]

    def _cut(self, ids: list[list[int]], logprobs: list[Any]) -> Iterator[tuple[list[int], list[Any]]]:
        """Replies up to their end: a finished one may have stayed in the batch for a while."""
        for row, seen in zip(ids, logprobs, strict=True):
            length = next((at for at, token in enumerate(row) if token in self.ends), len(row))
            yield row[:length], seen[:length]

    def _opinion(self, ids: list[int], logprobs: list[list[float]]) -> Opinion:
        """The reply, and the two log-probs at the first token after the marker that is neither blank nor special."""
        reply = ""
        for at, token in enumerate(ids):
            piece = self.tokenizer.decode([token])
            if self.marker in reply and piece.strip() and token not in self.special:
                text = response_text(self.tokenizer, ids, stopped=False)
                certainty = exp(min((step[2] for step in logprobs[:at]), default=0.0))
                return Opinion(text, logprobs[at][0], logprobs[at][1], certainty)
            reply += piece
        return Opinion(reply)


def as_chat(tokenizer: Any, text: str) -> str:
    """The text as one turn of a user, if the tokenizer has a chat template."""
    if not getattr(tokenizer, "chat_template", None):
        return text
    return tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True)
