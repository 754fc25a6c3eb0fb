"""Many numbers become one: masked sums, row quantiles, statistics of groups.

All of them take masks as floats or bools of the same shape, and never divide by zero: an empty set gives 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.shapes import Bool, Float, Shaped


def masked_sum(values: Float[Tensor, "*shape"], mask: Shaped[Tensor, "*shape"], dim: int | None = None) -> Float[Tensor, "..."]:
    """Sum where the mask is set.

    Values outside the mask do not count, not even NaN or infinity: 0 * inf would be NaN.
    """
    kept = torch.where(mask.bool(), values, torch.zeros((), dtype=values.dtype, device=values.device))
    return kept.sum() if dim is None else kept.sum(dim)


def masked_mean(
    values: Float[Tensor, "*shape"], mask: Shaped[Tensor, "*shape"], dim: int | None = None
) -> Float[Tensor, "..."]:
    """Mean where the mask is set; 0 for an empty mask."""
    count = mask.to(values.dtype).sum() if dim is None else mask.to(values.dtype).sum(dim)
    return masked_sum(values, mask, dim) / count.clamp(min=1)


def row_quantile(values_BT: Float[Tensor, "B T"], mask_BT: Shaped[Tensor, "B T"], q: float) -> Float[Tensor, " B"]:
    """The q-quantile of each row over its masked entries, linear between neighbours, as `torch.quantile`.

    Args:
        values_BT: Any float tensor.
        mask_BT: Entries that count. A row without any gives infinity, so that nothing exceeds it.
        q: In [0, 1].

    Returns:
        One quantile per row, shape [B].
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q is {q}; allowed: 0 to 1.")
    infinity = torch.full((), torch.inf, dtype=values_BT.dtype, device=values_BT.device)
    ordered = torch.where(mask_BT.bool(), values_BT, infinity).sort(-1).values
    count = mask_BT.bool().sum(-1)
    rank = q * (count - 1).clamp(min=0).to(values_BT.dtype)
    low, high = rank.floor().long(), rank.ceil().long()
    at_low = ordered.gather(-1, low[:, None]).squeeze(-1)
    at_high = ordered.gather(-1, high[:, None]).squeeze(-1)
    # Not a + w (b - a) throughout: for an empty row both are infinite and the difference would be NaN.
    return torch.where(low == high, at_low, torch.lerp(at_low, at_high, rank - low.to(rank.dtype)))


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """Statistics of each group over its valid members, shape [P, 1]."""

    count: Float[Tensor, "P 1"]
    mean: Float[Tensor, "P 1"]
    std: Float[Tensor, "P 1"]
    """Unbiased (n - 1); 0 where fewer than two members are valid."""


def group_statistics(values_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> GroupStatistics:
    """Count, mean and unbiased standard deviation of each group.

    Args:
        values_PG: One number per rollout, one row per group.
        valid_PG: Rollouts that count.
    """
    weight = valid_PG.to(values_PG.dtype)
    count = weight.sum(-1, keepdim=True)
    # Counted from the least value, so that a uniform group has exactly its value as mean: in floats 7 x 0.1 / 7 is not
    # 0.1, and the rest, over a spread as small, would pass for an advantage.
    least = torch.where(valid_PG.bool(), values_PG, torch.inf).amin(-1, keepdim=True)
    least = torch.where(count > 0, least, 0)
    mean = least + masked_sum(values_PG - least, valid_PG, -1)[:, None] / count.clamp(min=1)
    square = masked_sum((values_PG - mean).square(), valid_PG, -1)[:, None]
    return GroupStatistics(count, mean, (square / (count - 1).clamp(min=1)).sqrt())
