"""Mixture: one stream of demonstrations from several tasks. Prompts are not mixed but joined, task by task."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from asym_lit.types import DemonstratedTask, InputError, Prompt, Split


@dataclass(frozen=True)
class Mixture:
    """Several tasks in one; each demonstration is of a task drawn by its share.

    Args:
        tasks: What is mixed.
        shares: Of demonstrations, one number per task; they are divided by their sum.
        name: Of the whole; prompts keep the name of their own task.
    """

    tasks: list[DemonstratedTask]
    shares: list[float]
    name: str = "mixture"

    def __post_init__(self) -> None:
        if not self.tasks or len(self.shares) != len(self.tasks):
            raise InputError(f"shares has {len(self.shares)} numbers for {len(self.tasks)} tasks; write one for each task.")
        if min(self.shares) < 0 or not 0 < math.fsum(self.shares) < math.inf:
            raise InputError(f"shares is {self.shares}; allowed: finite numbers of 0 or more, not all of them 0.")

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of all tasks, task by task; shares are about demonstrations alone."""
        return [prompt for task in self.tasks for prompt in task.prompts(split)]

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th demonstration of an endless training stream: the index-th one of the task that is drawn for it."""
        drawn = random.Random(f"{self.name}/{seed}/{index}").choices(self.tasks, self.shares)
        return drawn[0].demonstration(seed, index)
