"""Caches with room behind their last token: a new token is written there, instead of all others being joined to it anew.

A cache of transformers joins its keys and values with those of a new token into new tensors, every layer at every token:
an eighth of the time to write responses of 48 tokens, a fifth at 256. Here they stand in a larger tensor, of which the
layer holds a part; where that is full, all is copied into another one, a quarter larger. The numbers are the same.

Layers of keys and values alone, with a window or without, are exchanged. Others, such as recurrent states, stay what they are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from asym_lit.shapes import Float, Int

ROOM, LEAST_ROOM = 0.25, 32
"""Of a new tensor, as a share of the tokens it starts with, and in tokens. With a quarter each token is copied four times
in all, however long a response becomes; doubling would hold half of a cache for nothing."""
SMALL = 8192
"""Bytes of a head's tokens in a row below which they are joined as ever: attention jumps from head to head, and finds near
what was joined just before, so nothing is won by then."""
BLOCK = 32
"""Rows that are moved at once when others leave."""


class Shelf:
    """Keys, or values, of one layer: a larger tensor and how much of it is filled."""

    def __init__(self) -> None:
        self.space: Tensor | None = None
        self.filled: Tensor | None = None
        self.end = 0

    def join(self, kept: Tensor, new: Float[Tensor, "B H S D"], window: int | None = None) -> tuple[Tensor, Tensor]:
        """Tokens with new ones behind them.

        Args:
            kept: What the layer holds, [B, H, N, D], or an empty tensor. It is copied unless it is the part that was
                given last, so a layer may be cut, selected from or emptied by whoever holds it.
            new: Further tokens.
            window: Hold this many tokens only; None for all.

        Returns:
            All tokens, [B, H, N + S, D], and those to hold: both are parts of the larger tensor.
        """
        kept = kept if kept.numel() else new[:, :, :0]
        count = kept.shape[-2] + new.shape[-2]
        held = count if window is None else min(count, window)
        if _small(count, kept):
            joined = torch.cat([kept, new], -2)
            return joined, joined[:, :, count - held :]
        if kept is not self.filled or self.space is None or self.end + new.shape[-2] > self.space.shape[-2]:
            self._allot(kept, len(kept), new.shape[-2]).copy_(kept)
        assert self.space is not None
        self.space[:, :, self.end : self.end + new.shape[-2]] = new
        self.end += new.shape[-2]
        self.filled = self.space[:, :, self.end - held : self.end]
        return self.space[:, :, self.end - count : self.end], self.filled

    def select(self, kept: Float[Tensor, "B H N D"], rows_R: Int[Tensor, " R"]) -> Tensor:
        """Rows of what the layer holds, in their order.

        Some of those that stood there, in their order, move up in their place: a new tensor of many megabytes costs more
        than the copying, for the system has to clear its pages first.
        """
        rows_R = rows_R.to(kept.device)
        if _small(kept.shape[-2], kept):
            return kept.index_select(0, rows_R)
        if kept is not self.filled or self.space is None or not bool((rows_R[1:] > rows_R[:-1]).all()):
            return torch.index_select(kept, 0, rows_R, out=self._allot(kept, len(rows_R), 0))
        for start in range(0, len(rows_R), BLOCK):
            block = rows_R[start : start + BLOCK]
            kept[start : start + len(block)] = kept.index_select(0, block)  # never a row that is still to be moved
        self.space, self.filled = self.space[: len(rows_R)], kept[: len(rows_R)]
        return self.filled

    def _allot(self, kept: Float[Tensor, "B H N D"], rows: int, coming: int) -> Tensor:
        """The part to be filled of a new tensor for as many tokens as are kept, with room for those that come."""
        room = coming + max(LEAST_ROOM, int(ROOM * (kept.shape[2] + coming)))
        self.space, self.end = kept.new_empty(rows, kept.shape[1], kept.shape[2] + room, kept.shape[3]), kept.shape[2]
        self.filled = self.space[:, :, : self.end]
        return self.filled


def _small(tokens: int, kept: Tensor) -> bool:
    return tokens * kept.shape[-1] * kept.itemsize < SMALL


class Growing(DynamicLayer):
    """A layer of a cache that keeps its keys and values on shelves."""

    def __init__(self, layer: DynamicLayer) -> None:
        vars(self).update(vars(layer))
        self.shelves = Shelf(), Shelf()

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Keys and values of all tokens, the new ones last."""
        return self._join(key_states, value_states, None)

    def _join(self, key_states: Tensor, value_states: Tensor, window: int | None) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None and self.values is not None
        keys, self.keys = self.shelves[0].join(self.keys, key_states, window)
        values, self.values = self.shelves[1].join(self.values, value_states, window)
        return keys, values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows, in this order."""
        if self.keys is not None and self.values is not None and self.keys.numel():
            self.keys = self.shelves[0].select(self.keys, indices)
            self.values = self.shelves[1].select(self.values, indices)

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Likewise."""
        self.batch_select_indices(beam_idx)


class GrowingWindow(Growing, DynamicSlidingWindowLayer):
    """Likewise, of the tokens that a window of attention can still see."""

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Keys and values of the window before the new tokens, and of these."""
        self.cumulative_length += key_states.shape[-2]
        return self._join(key_states, value_states, self.sliding_window - 1)


GROWING: dict[type, type[Growing]] = {DynamicLayer: Growing, DynamicSlidingWindowLayer: GrowingWindow}


def let_grow(cache: Any) -> bool:
    """Exchange the layers of a cache that can be kept on shelves; whether there is any."""
    layers = getattr(cache, "layers", None)
    if not isinstance(layers, list):
        return False
    found = False
    for place, layer in enumerate(layers):
        kind = GROWING.get(type(layer))
        if kind is not None and not getattr(layer, "record_past", False):
            layers[place] = kind(layer)
            found = True
    return found
