"""Decoding: the random numbers, the cache and the logits of the responses that are being written.

Which token is drawn is in `sampling`.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import Sampling

Rows = list[tuple[Request, int]]
"""Responses to be written: the request, and which of its samples."""

COMPACT_BELOW = 0.75
"""Finished rows are dropped from the cache once fewer than this share is left: copying the cache has its price."""


def uniforms(rows: Rows, sampling: Sampling) -> Float[Tensor, "{len(rows)} {sampling.max_tokens}"]:
    """The random numbers of each row, [rows, max_tokens]: a request's generator fills its whole group, in order."""
    parts = []
    for request, members in groupby(rows, key=lambda row: row[0]):
        generator = torch.Generator().manual_seed(request.seed)
        table = torch.rand(sampling.n, sampling.max_tokens, generator=generator)
        parts.append(table[[sample for _, sample in members]])
    return torch.cat(parts)


class DecodingLoop:
    """The cache and the logits of the rows that are still being written."""

    def __init__(self, model: Any, host: EngineHost, rows: Rows) -> None:
        self.model = model
        unique = [request for request, _ in groupby(rows, key=lambda row: row[0])]
        prompt_of_row = torch.tensor([i for i, (_, g) in enumerate(groupby(rows, key=lambda r: r[0])) for _ in g])
        prompt_of_row = prompt_of_row.to(host.device)
        width = max(len(request.prompt.token_ids) for request in unique)
        ids = [[host.pad_token_id] * (width - len(r.prompt.token_ids)) + list(r.prompt.token_ids) for r in unique]
        mask = [[0] * (width - len(r.prompt.token_ids)) + [1] * len(r.prompt.token_ids) for r in unique]
        mask_PS = torch.tensor(mask, device=host.device)
        out = model(
            input_ids=torch.tensor(ids, device=host.device),
            attention_mask=mask_PS,
            position_ids=(mask_PS.cumsum(-1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
        )
        self.cache = out.past_key_values
        self.cache.batch_select_indices(prompt_of_row)
        self.logits_BV: Float[Tensor, "B V"] = out.logits[prompt_of_row, -1]
        self.mask_BS = mask_PS[prompt_of_row]
        self.alive_R = torch.arange(len(rows), device=host.device)

    def advance(self, next_B: Int[Tensor, " B"], stopped_R: Bool[Tensor, " R"]) -> None:
        """Feed the drawn tokens; drop finished rows first, if they are many."""
        going_B = ~stopped_R[self.alive_R]
        if int(going_B.sum()) < COMPACT_BELOW * len(next_B):
            keep = going_B.nonzero().squeeze(-1)
            self.cache.batch_select_indices(keep)
            self.alive_R, self.mask_BS, next_B = self.alive_R[keep], self.mask_BS[keep], next_B[keep]
        self.mask_BS = torch.cat([self.mask_BS, self.mask_BS.new_ones(len(next_B), 1)], -1)
        out = self.model(
            input_ids=next_B[:, None],
            attention_mask=self.mask_BS,
            position_ids=self.mask_BS.sum(-1, keepdim=True) - 1,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.logits_BV = out.logits[:, -1]
