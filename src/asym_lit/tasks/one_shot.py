"""One-shot training: a single problem, chosen from a pool, by chance or by how earlier training went on it.

The rule by standard deviation is that of Wang et al. (arXiv 2504.20571), which the study of model-task alignment
(arXiv 2508.21188) leaves open: problems whose accuracy moved most while a policy was trained on the pool come first.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np

from asym_lit.tasks.history import read_history
from asym_lit.types import InputError, Prompt, Split, Task

Rule = Literal["std", "random", "nearest_half"]


@dataclass(frozen=True)
class Pool:
    """The first training problems of a task; its evaluation problems are left as they are.

    Args:
        task: Where the problems come from.
        size: How many of them.
    """

    task: Task
    size: int = 64

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InputError(f"size is {self.size}; allowed: 1 or more.")

    @property
    def name(self) -> str:
        """That of the task."""
        return self.task.name

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split."""
        found = self.task.prompts(split)
        if split != "train":
            return found
        if len(found) < self.size:
            raise InputError(f"size is {self.size}, but {self.name} has {len(found)} training problems; write {len(found)}.")
        return found[: self.size]


@dataclass(frozen=True)
class OneShot:
    """One training problem of a task; its evaluation problems are left as they are.

    Args:
        task: Where the problem comes from.
        rule: `std`: the largest standard deviation of historical accuracy; `nearest_half`: the mean of it nearest to one
            half; `random`: by the seed.
        history: `history.parquet` of a run on the pool, written by the TrainingHistory callback, or a `.json` object with the
            accuracies of each problem by its uid: its problems are the pool. Not needed by `random`, whose pool is then the
            whole training split. Where its names are rows of a file, `ledger` ranks them, and `Problems.keep` takes one.
        rank: 1 for the first by the rule, 2 for the second.
        seed: Of the random choice.
    """

    task: Task
    rule: Rule = "std"
    history: str = ""
    rank: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rule not in ("std", "random", "nearest_half"):
            raise InputError(f"rule is {self.rule!r}; allowed: std, random, nearest_half.")
        if self.rule != "random" and not self.history:
            raise InputError(
                f"rule is {self.rule!r} and history is missing; write the history.parquet of a run with the TrainingHistory "
                "callback, or rule: random."
            )
        if self.rank < 1:
            raise InputError(f"rank is {self.rank}; allowed: 1 or more.")

    @property
    def name(self) -> str:
        """That of the task."""
        return self.task.name

    @cached_property
    def choice(self) -> Mapping[str, Any]:
        """The chosen problem, and from what: rule, rank, pool, its accuracies, and the history's hash."""
        past = read_history(Path(self.history)) if self.history else {}
        pool = [p.uid for p in self.task.prompts("train") if not past or p.uid in past]
        if len(pool) < self.rank:
            raise InputError(
                f"rank is {self.rank}, but {len(pool)} training problems of {self.name} are in the pool {self.history!r}; was "
                "that history written on the same task?"
            )
        chosen = self._ordered(pool, past)[self.rank - 1]
        mark = blake2b(Path(self.history).read_bytes(), digest_size=8).hexdigest() if self.history else None
        head = {"uid": chosen, "rule": self.rule, "rank": self.rank, "pool": len(pool), "history": self.history or None}
        return {**head, "history_hash": mark, "accuracies": past.get(chosen, [])}

    def _ordered(self, pool: Sequence[str], past: Mapping[str, Sequence[float]]) -> list[str]:
        if self.rule == "random":
            return random.Random(f"one_shot/{self.seed}").sample(list(pool), len(pool))
        if self.rule == "std":
            return sorted(pool, key=lambda uid: (-float(np.std(past[uid])), uid))
        return sorted(pool, key=lambda uid: (abs(float(np.mean(past[uid])) - 0.5), uid))

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split; one, for training."""
        found = self.task.prompts(split)
        return [p for p in found if p.uid == self.choice["uid"]][:1] if split == "train" else found
