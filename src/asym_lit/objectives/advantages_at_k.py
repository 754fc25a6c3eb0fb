"""Advantage estimators that aim at pass@k: the best of k responses, not the average one.

Those of the average are in `advantages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Literal

import torch
from torch import Tensor

from asym_lit.shapes import Bool, Float
from asym_lit.types import InputError

Baseline = Literal["none", "leave_one_out", "leave_one_out_minus_one"]


@dataclass(frozen=True)
class PassAtKGradient:
    """PKPO's advantage: an unbiased gradient of the expected best of k (arXiv 2505.15201).

    `n / C(n, k) * sum over the k-subsets I that hold i of (max_I r - b)`. The factor n makes up for the mean over the
    group that the loss takes. `b` is 0; the best of k among the others (`leave_one_out`, needs k < n); or the best of
    `I` without i (`leave_one_out_minus_one`, the least variance). For rewards of 0 and 1 the last gives wrong responses 0.

    Assumes independent rollouts. With a baseline, and k of 2 or more, a uniform group gets 0; without one, k times its reward.
    For rewards of 0 and 1 `leave_one_out_minus_one` gives 0 to all where fewer than k - 1 are wrong.

    Args:
        k: Budget; groups with fewer valid members get 0. At 1 the advantage is the reward, or RLOO's under `leave_one_out`.
        baseline: What is taken off.
    """

    k: int = 4
    baseline: Baseline = "leave_one_out_minus_one"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k is {self.k}; allowed: 1 or more (published: 4 and 8).")

    @property
    def min_group_size(self) -> int:
        """k, or one more where the baseline needs k others."""
        return self.k + (self.baseline == "leave_one_out")

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        advantages_PG = torch.zeros_like(rewards_PG)
        for rewards_G, valid_G, target_G in zip(rewards_PG, valid_PG, advantages_PG, strict=True):
            members = rewards_G[valid_G]
            if len(members) >= self.min_group_size:
                target_G[valid_G] = self._of_group(members)
        return advantages_PG

    def _of_group(self, rewards_G: Float[Tensor, " G"]) -> Float[Tensor, " G"]:
        n, k = len(rewards_G), self.k
        ordered_G, order_G = rewards_G.sort()
        score_G = _weights(n, k).to(ordered_G) @ ordered_G
        if self.baseline != "none":
            among_others = k if self.baseline == "leave_one_out" else k - 1
            others_GG = torch.stack([torch.cat([ordered_G[:i], ordered_G[i + 1 :]]) for i in range(n)])
            score_G = score_G - k / n * (others_GG @ _best_of(n - 1, among_others).to(ordered_G))
        return torch.empty_like(score_G).index_copy(0, order_G, n * score_G)


@lru_cache
def _weights(n: int, k: int) -> Float[Tensor, "{n} {n}"]:
    """[n, n]: row i gives sum over k-subsets holding i of their maximum, over C(n, k), for rewards in rising order."""
    table = torch.zeros(n, n, dtype=torch.float64)
    for i in range(n):
        table[i, i] = comb(i, k - 1) / comb(n, k)
        for j in range(i + 1, n):
            table[i, j] = comb(j - 1, k - 2) / comb(n, k) if k > 1 else 0.0
    return table


@lru_cache
def _best_of(n: int, k: int) -> Float[Tensor, " {n}"]:
    """[n]: weights of rewards in rising order in the mean over k-subsets of their maximum; k = 0 gives 0."""
    if k == 0:
        return torch.zeros(n, dtype=torch.float64)
    return torch.tensor([comb(i, k - 1) / comb(n, k) for i in range(n)], dtype=torch.float64)


@dataclass(frozen=True)
class PassAtKTraining:
    """Pass@k training's analytical advantage, for rewards of 0 and 1 (arXiv 2508.10751).

    With n members, c right: `R = 1 - C(n - c, k) / C(n, k)`, `s = sqrt(R (1 - R)) + eps`; right: `(1 - R) / s`; wrong:
    `(1 - R - C(n - c - 1, k - 1) / C(n - 1, k - 1)) / s`. Groups whose R is 0 or 1 get 0.

    Assumes independent rollouts. R is 0 where none is right and 1 where fewer than k are wrong. At k = 1 it is GRPO's
    advantage, with a standard deviation over n instead of n - 1.

    Args:
        k: Budget; groups with fewer valid members get 0.
        eps: Added to the standard deviation; released: 1e-6.
    """

    k: int = 4
    eps: float = 1e-6

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k is {self.k}; allowed: 1 or more.")

    @property
    def min_group_size(self) -> int:
        """k, and at least 2."""
        return max(self.k, 2)

    def __call__(self, rewards_PG: Float[Tensor, "P G"], valid_PG: Bool[Tensor, "P G"]) -> Float[Tensor, "P G"]:
        """Advantages, shape [P, G]."""
        if bool(((rewards_PG != 0) & (rewards_PG != 1) & valid_PG).any()):
            raise InputError(
                "PassAtKTraining is for rewards of 0 and 1; leave out reward shapers, and set correct: 1, incorrect: 0."
            )
        advantages_PG = torch.zeros_like(rewards_PG)
        for rewards_G, valid_G, target_G in zip(rewards_PG, valid_PG, advantages_PG, strict=True):
            n, right_G = int(valid_G.sum()), (rewards_G == 1) & valid_G
            if n >= self.min_group_size:
                right, wrong = self._of_counts(n, int(right_G.sum()))
                target_G[right_G], target_G[valid_G & ~right_G] = right, wrong
        return advantages_PG

    def _of_counts(self, n: int, c: int) -> tuple[float, float]:
        best = 1 - comb(n - c, self.k) / comb(n, self.k)
        scale = (best * (1 - best)) ** 0.5 + self.eps
        if best in (0.0, 1.0):
            return 0.0, 0.0
        return (1 - best) / scale, (1 - best - comb(n - c - 1, self.k - 1) / comb(n - 1, self.k - 1)) / scale
