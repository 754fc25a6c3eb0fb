"""All responses to a problem in one row of [P, G], where a curriculum gave some problems several groups.

So baselines, success rates and ranks are over all of them. Rows with fewer responses than the longest are filled up with
responses that are not there: they have no tokens, are not valid, and enter no statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from asym_lit.types import Experience


class JoinedGroups:
    """Where the rollouts of a step stand in such rows.

    Args:
        sizes: Responses to each problem of this rank, in the order of the rollouts.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.size = max(sizes)
        self.count = len(sizes)
        self._rows = [i * self.size + j for i, size in enumerate(sizes) for j in range(size)]
        """Of each rollout, its place among those that are there and those that are not."""
        self.is_even = len(self._rows) == self.count * self.size
        """True if all problems have as many responses, so that no row is filled up."""

    def joined(self, experience: Experience) -> Experience:
        """The same rollouts with whole problems as groups; the experience itself if its groups are that already."""
        if self.is_even:
            return experience if experience.group_size == self.size else replace(experience, group_size=self.size)
        index = torch.tensor(self._rows, device=experience.mask_BT.device)
        changed: dict[str, Any] = {"group_size": self.size}
        for item in fields(experience):
            value = getattr(experience, item.name)
            if isinstance(value, Tensor):
                whole = value.new_zeros((self.count * self.size, *value.shape[1:]))
                changed[item.name] = whole.index_copy(0, index, value)
        return replace(experience, **changed)

    def apart(self, values: Tensor) -> Tensor:
        """What was found for the joined rollouts, in the order of the step's own; shape [B, ...]."""
        return values if self.is_even else values[torch.tensor(self._rows, device=values.device)]
