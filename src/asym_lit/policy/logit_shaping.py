"""What a policy does with the logits of its LM head before the softmax: a scale, a soft cap, a shorter vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class LogitShaping:
    """`cap * tanh(scale * logit / cap)`, or `scale * logit` without a cap; the temperature divides what comes out.

    Cohere multiplies by its `logit_scale`, Granite divides by its `logits_scaling`, HyperCLOVA X multiplies by one of that
    name, and Gemma 2 caps at 30: names in configs do not say it, so `read_head` measures it.
    """

    scale: float = 1.0
    cap: float | None = None
    vocabulary: int | None = None
    """Only the first so many tokens exist: the logits of all beyond count as -inf. None for all rows of the head."""

    def __call__(self, logits: Tensor) -> Tensor:
        """All of it at once, on logits [..., V]; tokens beyond the vocabulary are cut off."""
        logits = logits[..., : self.vocabulary]
        return logits * self.scale if self.cap is None else (logits * (self.scale / self.cap)).tanh() * self.cap

    def within(self, vocabulary: int | None) -> LogitShaping:
        """The same, with no more tokens than that; None for as many as before."""
        known = [number for number in (self.vocabulary, vocabulary) if number is not None]
        return replace(self, vocabulary=min(known, default=None))
