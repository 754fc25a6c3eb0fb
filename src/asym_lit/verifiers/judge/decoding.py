"""Greedy replies of a causal language model in batches: the cache grows in place, and finished replies leave the batch.

What is read off them is in `reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from asym_lit.growing_cache import let_grow
from asym_lit.model_caches import arguments_of, cache_argument, may_be_padded, select_rows
from asym_lit.types import InputError

COMPACT_BELOW = 0.8
"""Finished replies leave the batch once fewer than this share is left: copying the cache has its price."""


class Decoding:
    """Cache and logits of the replies that are being written.

    Args:
        model: A causal language model, in evaluation mode.
        prompts: Token ids of what is read; of one length if the model does not bear padding.
        pad: The padding token.
    """

    def __init__(self, model: Any, prompts: Sequence[list[int]], pad: int) -> None:
        self.model = model
        self.rows = list(range(len(prompts)))
        """Whose replies are in the batch, in its order."""
        self.done: set[int] = set()
        """Whose replies are finished; to be filled by the caller."""
        argument = cache_argument(model)
        if argument is None:
            raise InputError(f"The judge is a {type(model).__name__}, which takes no cache that is known; take another one.")
        self.argument, self.named, self.padded = argument, arguments_of(model), self.pads(model)
        self.cache = DynamicCache(config=model.config)
        let_grow(self.cache)
        width = max(len(prompt) for prompt in prompts)
        ids_BS = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=model.device)
        mask = [[0] * (width - len(p)) + [1] * len(p) for p in prompts]
        self.mask_BS = torch.tensor(mask, device=model.device)
        self.logits_BV = self._forward(ids_BS, (self.mask_BS.cumsum(-1) - 1).clamp(min=0))

    @staticmethod
    def pads(model: Any) -> bool:
        """Whether prompts of different length may be read together."""
        return may_be_padded(DynamicCache(config=model.config), model.config)

    def advance(self, next_B: Tensor) -> None:
        """Feed the last tokens; drop finished replies first, if they are many."""
        going = [at for at, row in enumerate(self.rows) if row not in self.done]
        if len(going) < COMPACT_BELOW * len(self.rows):
            keep = torch.tensor(going, device=next_B.device)
            select_rows(self.cache, keep)
            self.mask_BS, next_B = self.mask_BS[keep], next_B[keep]
            self.rows = [self.rows[at] for at in going]
        self.mask_BS = torch.cat([self.mask_BS, self.mask_BS.new_ones(len(next_B), 1)], -1)
        self.logits_BV = self._forward(next_B[:, None], self.mask_BS.sum(-1, keepdim=True) - 1)

    def _forward(self, ids_BS: Tensor, places_BS: Tensor) -> Tensor:
        told = {"attention_mask": self.mask_BS, "position_ids": places_BS, "logits_to_keep": 1}
        if not self.padded:
            del told["attention_mask"]
        out = self.model(
            input_ids=ids_BS,
            use_cache=True,
            **{self.argument: self.cache},
            **{name: value for name, value in told.items() if name in self.named},
        )
        return out.logits[:, -1]
