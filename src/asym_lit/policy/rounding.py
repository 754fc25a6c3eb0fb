"""Updates that a coarser dtype does not see: bfloat16 keeps 8 bits of a weight, and less than 1/512 of it rounds away."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def rounded_away(
    before: Iterable[tuple[str, Tensor]], now: Iterable[tuple[str, Tensor]], dtype: torch.dtype
) -> tuple[int, int]:
    """How many weights have changed, and how many of those are the same in another dtype.

    Args:
        before: Weights by name.
        now: The same ones, in any order.
        dtype: Of who reads them.
    """
    old, changed, same = dict(before), 0, 0
    for name, value in now:
        was, value = old[name].detach().cpu(), value.detach().cpu()
        moved = was != value
        changed += int(moved.sum())
        same += int((moved & (was.to(dtype) == value.to(dtype))).sum())
    return changed, same
