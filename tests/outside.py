"""An objective from outside of the package, as a user would write it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from asym_lit.objectives import Objective, grpo


@dataclass(frozen=True)
class MedianCentred:
    """`r - median`, so that the typical response is left alone."""

    min_group_size = 2

    def __call__(self, rewards_PG: Tensor, valid_PG: Tensor) -> Tensor:
        return torch.where(valid_PG, rewards_PG - rewards_PG.median(-1, keepdim=True).values, 0)


def median_grpo(clip: float = 0.2) -> Objective:
    """GRPO with the median for a baseline."""
    return replace(grpo(clip), estimator=MedianCentred())
