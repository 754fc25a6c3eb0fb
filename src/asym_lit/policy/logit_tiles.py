"""The logits of an LM head, tile by tile: some tokens over some of the vocabulary at a time, all in one buffer.

What is read off them is in `chunked_head`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from asym_lit.policy.linear_products import takes_wide, wide_product
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.shapes import Float

LOWEST_LOGIT = -1e30
"""Stands for -inf, by which the bias of a head may forbid a token: `0 * -inf` would make the entropy NaN."""


@dataclass(frozen=True)
class TileSettings:
    """What both passes must agree on."""

    temperature: float
    elements: int
    """Most logits in a tile."""
    dtype: torch.dtype
    """Of the logits and of all sums."""
    operand_dtype: torch.dtype
    """Of what is multiplied: `dtype`, or less on a GPU, where half-precision matrices multiply into fp32, or where it was asked
    for: a CPU rounds such products to it, which halves their time and moves logits of 16 by up to 0.03."""
    shaping: LogitShaping = LogitShaping()
    """What happens to the logits before the temperature divides them."""
    adds_gradients: bool = False
    """Add the gradient by the weight to its `.grad`, and hand autograd none (`gradient_places.py`)."""

    @staticmethod
    def of(
        hidden_NH: Float[Tensor, "N H"],
        weight_VH: Float[Tensor, "V H"],
        temperature: float,
        shaping: LogitShaping,
        elements: int,
        asked: torch.dtype | None = None,
    ) -> TileSettings:
        """As the dtypes of the operands, their device and autocast say, or as it was asked for."""
        operand_dtype = torch.promote_types(hidden_NH.dtype, weight_VH.dtype)
        dtype = torch.promote_types(operand_dtype, torch.float32)
        if asked is not None:
            operand_dtype = asked
        elif not hidden_NH.is_cuda:
            operand_dtype = dtype
        elif torch.is_autocast_enabled("cuda"):
            operand_dtype = torch.get_autocast_dtype("cuda")
        return TileSettings(temperature, elements, dtype, operand_dtype, shaping)


class LogitTiles:
    """Logits `shaping(hidden @ weight.T + bias) / temperature`, tile by tile.

    Args:
        hidden_NH: Hidden states.
        weight_VH: Of the head.
        bias_V: Of the head, if it has one.
        settings: Temperature, shaping, size and dtypes.
    """

    def __init__(
        self,
        hidden_NH: Float[Tensor, "N H"],
        weight_VH: Float[Tensor, "V H"],
        bias_V: Float[Tensor, " V"] | None,
        settings: TileSettings,
    ) -> None:
        self.dtype, self.operand_dtype = settings.dtype, settings.operand_dtype
        self.temperature, self.shaping = settings.temperature, settings.shaping
        self.hidden_NH, self.weight_VH = hidden_NH.to(self.operand_dtype), weight_VH
        self.bias_V = None if bias_V is None else bias_V.to(self.dtype).clamp(min=LOWEST_LOGIT)
        tokens, vocabulary = len(hidden_NH), min(len(weight_VH), settings.shaping.vocabulary or len(weight_VH))
        self.vocabulary = vocabulary
        # Higher than wide: the weight is read once for each part of the tokens, and there are far fewer tokens than words.
        self.height = max(1, min(tokens, max(2 * isqrt(settings.elements), settings.elements // vocabulary)))
        self.width = max(1, min(vocabulary, settings.elements // self.height))
        self.is_wide = takes_wide(self.hidden_NH, weight_VH.numel())
        self._memory: dict[str, Tensor] = {}

    def columns(self) -> Iterator[tuple[slice, Tensor]]:
        """Parts of the vocabulary, each with its rows of the weight."""
        for start in range(0, self.vocabulary, self.width):
            part = slice(start, min(start + self.width, self.vocabulary))
            yield part, self.weight_VH[part].to(self.operand_dtype)

    def rows(self) -> Iterator[slice]:
        """Parts of the tokens."""
        for start in range(0, len(self.hidden_NH), self.height):
            yield slice(start, min(start + self.height, len(self.hidden_NH)))

    def logits(
        self, rows: slice, columns: slice, weight_VH: Float[Tensor, "V H"], with_slope: bool = False
    ) -> Float[Tensor, "N V"]:
        """The logits of some tokens for a part of the vocabulary; overwritten by the next ones.

        Args:
            rows: The tokens.
            columns: The part of the vocabulary.
            weight_VH: Its rows of the head's weight.
            with_slope: Leave the derivative of a soft cap, `1 - tanh(.)^2`, in the buffer "slope".
        """
        hidden_NH = self.hidden_NH[rows]
        if self.is_wide:
            tile_NV = wide_product(hidden_NH, weight_VH.t())
        elif self.operand_dtype == self.dtype:
            tile_NV = torch.mm(hidden_NH, weight_VH.t(), out=self.buffer("logits", len(hidden_NH), len(weight_VH)))
        else:
            tile_NV = raised_product(hidden_NH, weight_VH.t(), self.dtype)
        if self.bias_V is not None:
            tile_NV.add_(self.bias_V[columns])
        scale, cap = self.shaping.scale, self.shaping.cap
        if cap is not None:
            tile_NV.mul_(scale / cap).tanh_()
            if with_slope:
                torch.addcmul(tile_NV.new_ones(()), tile_NV, tile_NV, value=-1, out=self.buffer("slope", *tile_NV.shape))
            return tile_NV.mul_(cap / self.temperature)
        if scale != 1:
            return tile_NV.mul_(scale / self.temperature)
        return tile_NV if self.temperature == 1 else tile_NV.div_(self.temperature)

    def buffer(self, name: str, height: int, width: int) -> Float[Tensor, "{height} {width}"]:
        """Room for a tile, the same on each call of that name."""
        if name not in self._memory:
            self._memory[name] = self.hidden_NH.new_empty(self.height * self.width, dtype=self.dtype)
        return self._memory[name][: height * width].view(height, width)

    def add_product(self, total: Float[Tensor, "I J"], left: Float[Tensor, "I M"], right: Float[Tensor, "M J"]) -> None:
        """`total += left @ right`, accumulated in the dtype of the total."""
        if self.is_wide:
            total.add_(wide_product(left, right))
        elif total.dtype == left.dtype:
            total.addmm_(left, right)
        else:
            total.add_(raised_product(left, right, total.dtype))


def raised_product(left: Float[Tensor, "I M"], right: Float[Tensor, "M J"], dtype: torch.dtype) -> Float[Tensor, "I J"]:
    """A product of half-precision matrices in another dtype; a CPU rounds it on the way."""
    return torch.mm(left, right, out_dtype=dtype) if left.is_cuda else torch.mm(left, right).to(dtype)
