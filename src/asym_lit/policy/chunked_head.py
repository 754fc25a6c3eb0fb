"""The LM head and what is read off its logits, tile by tile: the autograd function behind `token_scores`.

The backward pass makes the tiles again: what is kept in between grows with the tokens, not with tokens times vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from asym_lit.policy.gradient_places import gradient_of, is_plain
from asym_lit.policy.logit_tiles import LOWEST_LOGIT, LogitTiles, TileSettings
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import Needs


class _Statistics:
    """What is known of each token's distribution from the tiles so far; `shifted` is the logit less the largest one."""

    def __init__(self, tiles: LogitTiles, targets_N: Int[Tensor, " N"], needs: Needs) -> None:
        self.tiles, self.targets_N, self.needs = tiles, targets_N, needs
        self.max_N = tiles.hidden_NH.new_full(targets_N.shape, LOWEST_LOGIT, dtype=tiles.dtype)
        self.target_N = self.max_N.clone()
        self.sum_N = torch.zeros_like(self.max_N)
        """Sum of exp(shifted)."""
        self.weighted_N = torch.zeros_like(self.max_N)
        """Sum of shifted * exp(shifted)."""
        self.squares_N = torch.zeros_like(self.max_N)
        """Sum of exp(2 shifted)."""
        self.top_NK = self.max_N.new_full((len(targets_N), needs.top_n), -torch.inf)
        self.top_ids_NK = targets_N.new_zeros(self.top_NK.shape)
        for columns, weight_VH in tiles.columns():
            for rows in tiles.rows():
                self._add(rows, columns.start, tiles.logits(rows, columns, weight_VH))

    def _add(self, rows: slice, first: int, tile_NV: Float[Tensor, "N V"]) -> None:
        """A tile whose first column is that token of the vocabulary; overwrites it."""
        width = tile_NV.shape[1]
        place_N = self.targets_N[rows] - first
        here_N = (place_N >= 0) & (place_N < width)
        target_N = tile_NV.gather(1, place_N.clamp(0, width - 1)[:, None]).squeeze(1)
        self.target_N[rows] = torch.where(here_N, target_N, self.target_N[rows])
        self._rank(rows, first, tile_NV)
        old_max_N, old_sum_N = self.max_N[rows].clone(), self.sum_N[rows].clone()
        max_N = self.max_N[rows].clamp_(min=tile_NV.amax(-1))
        fallen_N = old_max_N - max_N
        shifted_NV = tile_NV.sub_(max_N[:, None])
        if self.needs.entropy:
            exp_NV = torch.exp(shifted_NV, out=self.tiles.buffer("exp", *tile_NV.shape))
            weighted_N = shifted_NV.mul_(exp_NV).sum(-1)
            self.weighted_N[rows] += fallen_N * old_sum_N
            self.weighted_N[rows] = self.weighted_N[rows] * fallen_N.exp() + weighted_N
        else:
            exp_NV = shifted_NV.exp_()
        self.sum_N[rows] = old_sum_N * fallen_N.exp() + exp_NV.sum(-1)
        if self.needs.squares:
            self.squares_N[rows] = self.squares_N[rows] * (2 * fallen_N).exp() + exp_NV.square_().sum(-1)

    def _rank(self, rows: slice, first: int, tile_NV: Float[Tensor, "N V"]) -> None:
        top_n = self.needs.top_n
        if top_n:
            top_NK, ids_NK = tile_NV.topk(min(top_n, tile_NV.shape[1]), -1)
            best = torch.cat([self.top_NK[rows], top_NK], -1).topk(top_n, -1)
            self.top_NK[rows] = best.values
            self.top_ids_NK[rows] = torch.cat([self.top_ids_NK[rows], ids_NK + first], -1).gather(-1, best.indices)


class ChunkedHead(torch.autograd.Function):
    """Log-probs of given and of the likeliest tokens, entropies, rank-1 flags, squares, from hidden states and the LM head.

    The backward pass makes the logits of each tile again and turns them into their own gradient in place. With p the
    distribution, v a token and H the entropy:

        d log p(v) / dz = e_v - p        dH / dz = -p (log p + H)
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden_NH: Float[Tensor, "N H"],
        weight_VH: Float[Tensor, "V H"],
        bias_V: Float[Tensor, " V"] | None,
        targets_N: Int[Tensor, " N"],
        settings: TileSettings,
        needs: Needs,
    ) -> tuple[
        Float[Tensor, " N"],
        Float[Tensor, " N"] | None,
        Float[Tensor, "N K"] | None,
        Bool[Tensor, " N"] | None,
        Float[Tensor, " N"] | None,
    ]:
        """Scores of N tokens.

        Args:
            ctx: Autograd's.
            hidden_NH: Hidden states that predict the tokens.
            weight_VH: Of the head.
            bias_V: Of the head, if it has one.
            targets_N: The tokens.
            settings: Of the tiles: temperature, shaping, size and dtypes.
            needs: What to compute beside the log-prob.

        Returns:
            Log-probs [N], entropies [N], log-probs of the likeliest tokens [N, K], rank-1 flags [N], sums of squared
            probabilities [N]; None where not needed.
        """
        ctx.settings = settings
        tiles = LogitTiles(hidden_NH, weight_VH, bias_V, settings)
        found = _Statistics(tiles, targets_N, needs)
        log_sum_N = found.sum_N.log()
        entropy_N = log_sum_N - found.weighted_N / found.sum_N if needs.entropy else None
        rank1_N = found.target_N >= found.max_N if needs.rank1 else None
        top_NK = found.top_NK - found.max_N[:, None] - log_sum_N[:, None] if needs.top_n else None
        ctx.save_for_backward(hidden_NH, weight_VH, bias_V, targets_N, found.top_ids_NK, found.max_N, found.sum_N, entropy_N)
        ctx.set_materialize_grads(False)
        squares_N = found.squares_N / found.sum_N.square() if needs.squares else None
        fixed = (None if needs.entropy_gradient else entropy_N, rank1_N, squares_N)
        ctx.mark_non_differentiable(*(values for values in fixed if values is not None))
        return found.target_N - found.max_N - log_sum_N, entropy_N, top_NK, rank1_N, squares_N

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *by_scores: Tensor | None) -> tuple[Tensor | None, ...]:
        """Gradients by hidden states, weight and bias, from those by the scores."""
        hidden_NH, weight_VH, bias_V, *_ = ctx.saved_tensors
        tiles = LogitTiles(hidden_NH, weight_VH, bias_V, ctx.settings)
        slope = _Slope(ctx, tiles, *by_scores[:3])
        wanted = ctx.needs_input_grad
        by_hidden_NH = torch.zeros_like(hidden_NH, dtype=tiles.dtype) if wanted[0] else None
        adds = wanted[1] and ctx.settings.adds_gradients and is_plain(weight_VH)
        by_weight_VH = gradient_of(weight_VH) if adds else torch.zeros_like(weight_VH) if wanted[1] else None
        by_bias_V = torch.zeros_like(bias_V, dtype=tiles.dtype) if bias_V is not None and wanted[2] else None
        for columns, part_VH in tiles.columns():
            by_part_VH = None if by_weight_VH is None else by_weight_VH[columns].to(tiles.dtype)
            for rows in tiles.rows():
                by_logits_NV = slope.at(rows, columns, part_VH)
                if by_bias_V is not None:
                    by_bias_V[columns] += by_logits_NV.sum(0)
                operand_NV = by_logits_NV.to(tiles.operand_dtype)
                if by_hidden_NH is not None:
                    tiles.add_product(by_hidden_NH[rows], operand_NV, part_VH)
                if by_part_VH is not None:
                    tiles.add_product(by_part_VH, operand_NV.t(), tiles.hidden_NH[rows])
            if by_weight_VH is not None and by_part_VH is not None and by_weight_VH.dtype != tiles.dtype:
                by_weight_VH[columns] = by_part_VH
        by_hidden_NH = None if by_hidden_NH is None else by_hidden_NH.to(hidden_NH.dtype)
        by_bias_V = None if by_bias_V is None else by_bias_V.to(bias_V.dtype)
        return by_hidden_NH, None if adds else by_weight_VH, by_bias_V, None, None, None


class _Slope:
    """Gradients by logits, tile by tile, from the gradients by scores.

    All of a tile is `p * (factor * shifted + offset)`, plus what falls on the sampled token and on the candidates; all of
    that times the derivative of a soft cap.
    """

    def __init__(
        self,
        ctx: Any,
        tiles: LogitTiles,
        by_logprob_N: Float[Tensor, " N"] | None,
        by_entropy_N: Float[Tensor, " N"] | None,
        by_top_NK: Float[Tensor, "N K"] | None,
    ) -> None:
        targets_N, top_ids_NK, self.max_N, sum_N, entropy_N = ctx.saved_tensors[3:]
        self.tiles = tiles
        by_logprob_N = torch.zeros_like(sum_N) if by_logprob_N is None else by_logprob_N
        by_top_NK = sum_N.new_zeros(top_ids_NK.shape) if by_top_NK is None else by_top_NK
        self.ids_NK = torch.cat([targets_N[:, None], top_ids_NK], -1)
        scale = tiles.shaping.scale
        self.by_ids_NK = torch.cat([by_logprob_N[:, None], by_top_NK], -1) * scale / tiles.temperature
        self.offset_N = -self.by_ids_NK.sum(-1) / sum_N
        self.factor_N: Float[Tensor, " N"] | None = None
        if by_entropy_N is not None:
            self.factor_N = -by_entropy_N * scale / tiles.temperature / sum_N
            self.offset_N += self.factor_N * (entropy_N - sum_N.log())

    def at(self, rows: slice, columns: slice, weight_VH: Float[Tensor, "V H"]) -> Float[Tensor, "N V"]:
        """The gradient by the head's own logits, of one tile; overwritten by the next one."""
        shifted_NV = self.tiles.logits(rows, columns, weight_VH, with_slope=True).sub_(self.max_N[rows, None])
        if self.factor_N is None:
            slope_NV = shifted_NV.exp_().mul_(self.offset_N[rows, None])
        else:
            exp_NV = torch.exp(shifted_NV, out=self.tiles.buffer("exp", *shifted_NV.shape))
            slope_NV = shifted_NV.mul_(self.factor_N[rows, None]).add_(self.offset_N[rows, None]).mul_(exp_NV)
        place_NK = self.ids_NK[rows] - columns.start
        width = slope_NV.shape[1]
        here_NK = (place_NK >= 0) & (place_NK < width)
        by_ids_NK = torch.where(here_NK, self.by_ids_NK[rows], 0)
        slope_NV.scatter_add_(1, place_NK.clamp(0, width - 1), by_ids_NK)
        if self.tiles.shaping.cap is not None:
            slope_NV.mul_(self.tiles.buffer("slope", *slope_NV.shape))
        return slope_NV
