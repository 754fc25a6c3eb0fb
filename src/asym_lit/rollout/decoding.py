"""Decoding: the random numbers, the cache and the logits of the responses that are being written.

Which token is drawn is in `sampling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from asym_lit.model_caches import arguments_of, select_rows
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import Sampling

Rows = list[tuple[Request, int]]
"""Responses to be written: the request, and which of its samples."""

COMPACT_BELOW = 0.9
"""Finished rows are dropped from the cache once fewer than this share is left: copying the cache has its price, that of a
step or two of a tenth of the rows."""


def uniforms(rows: Rows, sampling: Sampling) -> Float[Tensor, "{len(rows)} {sampling.max_tokens}"]:
    """The random numbers of each row, [rows, max_tokens]: a request's generator fills its whole group, in order."""
    parts = []
    for request, members in groupby(rows, key=lambda row: row[0]):
        generator = torch.Generator().manual_seed(request.seed)
        table = torch.rand(sampling.n, sampling.max_tokens, generator=generator)
        parts.append(table[[sample for _, sample in members]])
    return torch.cat(parts)


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What may be done with the cache of a model; `cache_trial.py` finds it out."""

    argument: str = "cache"
    """Under which it is handed over and given back."""
    select: str | None = "batch_select_indices"
    """The method that takes rows out of it; None if there is none that works: then each row reads its own prompt, and
    finished rows stay."""
    pads: bool = True
    """Prompts of different length may be read together, the shorter ones padded on the left."""
    grows: bool = True
    """New keys and values may be written behind the others, where a layer holds nothing else; see `growing_cache.py`."""


class DecodingLoop:
    """The cache and the logits of the rows that are still being written.

    Args:
        model: A causal language model, in evaluation mode.
        host: Knows the device and the padding token.
        rows: Responses to be written; those of a request stand together.
        use: What the model's cache can bear. Without padding all prompts must be of one length.
    """

    def __init__(self, model: Any, host: EngineHost, rows: Rows, use: CacheUse) -> None:
        self.model, self.use = model, use
        self.named = arguments_of(model)
        unique = [request for request, _ in groupby(rows, key=lambda row: row[0])]
        prompt_of_row = torch.tensor([i for i, (_, g) in enumerate(groupby(rows, key=lambda r: r[0])) for _ in g])
        prompt_of_row = prompt_of_row.to(host.device)
        width = max(len(request.prompt.token_ids) for request in unique)
        ids = [[host.pad_token_id] * (width - len(r.prompt.token_ids)) + list(r.prompt.token_ids) for r in unique]
        mask = [[0] * (width - len(r.prompt.token_ids)) + [1] * len(r.prompt.token_ids) for r in unique]
        ids_PS, mask_PS = torch.tensor(ids, device=host.device), torch.tensor(mask, device=host.device)
        assert use.pads or bool(mask_PS.all())
        if use.select is None:
            ids_PS, mask_PS = ids_PS[prompt_of_row], mask_PS[prompt_of_row]
        self.mask_BS = mask_PS
        self.logits_BV: Float[Tensor, "B V"]
        self._forward(ids_PS, (mask_PS.cumsum(-1) - 1).clamp(min=0), None)
        if use.grows:
            from asym_lit.growing_cache import let_grow  # imports transformers

            let_grow(self.cache)
        if use.select is not None:
            select_rows(self.cache, prompt_of_row, use.select)
            self.logits_BV, self.mask_BS = self.logits_BV[prompt_of_row], mask_PS[prompt_of_row]
        self.alive_R = torch.arange(len(rows), device=host.device)

    def advance(self, next_B: Int[Tensor, " B"], stopped_R: Bool[Tensor, " R"]) -> None:
        """Feed the drawn tokens; drop finished rows first, if they are many."""
        going_B = ~stopped_R[self.alive_R]
        if self.use.select is not None and int(going_B.sum()) < COMPACT_BELOW * len(next_B):
            keep = going_B.nonzero().squeeze(-1)
            select_rows(self.cache, keep, self.use.select)
            self.alive_R, self.mask_BS, next_B = self.alive_R[keep], self.mask_BS[keep], next_B[keep]
        self.mask_BS = torch.cat([self.mask_BS, self.mask_BS.new_ones(len(next_B), 1)], -1)
        self._forward(next_B[:, None], self.mask_BS.sum(-1, keepdim=True) - 1, self.cache)

    def _forward(self, ids_BS: Int[Tensor, "B S"], places_BS: Int[Tensor, "B S"], cache: Any) -> None:
        """The model over new tokens, told what it knows the name of."""
        arguments: dict[str, Any] = {"input_ids": ids_BS, "use_cache": True}
        if cache is not None:
            arguments[self.use.argument] = cache
        # Places are always told: some hybrid classes count them by a layer that has none, and stay at 0.
        told: dict[str, Any] = {"position_ids": places_BS, "logits_to_keep": 1}
        if self.use.pads:
            told["attention_mask"] = self.mask_BS
        arguments.update((name, value) for name, value in told.items() if name in self.named)
        out = self.model(**arguments)
        self.cache, self.logits_BV = getattr(out, self.use.argument), out.logits[:, -1]
