"""How many threads of a CPU a policy is quickest with: tried on two of its layers, with random weights.

Small policies are slower with more, for threads wait for each other at every operation; large ones are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import torch

from asym_lit.policy.size import small_policy
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

Threads = int | Literal["auto"]
HELP = "CPU threads of each process: a number, 0 for torch's choice, auto for what a short trial finds quickest."
ROUNDS, WORDS = 5, 4096
GAIN = 0.9
"""More threads must take at most so much of the time of one: what is won by less is lost when something else runs beside."""
MOST_TOKENS, MOST_WORK = 1024, 1 << 31
"""Of the trial: tokens, and tokens times weights, so that it takes a second or two."""


def set_threads(threads: Threads) -> None:
    """Take a number of threads; `auto` and 0 leave it as it is.

    Raises:
        InputError: If it is below 0.
    """
    if isinstance(threads, int) and threads < 0:
        raise InputError(f"threads is {threads}; allowed: 0 (torch's choice), more, or auto.")
    if isinstance(threads, int) and threads:
        torch.set_num_threads(threads)


@dataclass(frozen=True, slots=True)
class ThreadTrial:
    """What was tried, and what is quickest."""

    seconds: dict[int, float]
    """Median of a forward and a backward pass, by threads."""

    @property
    def chosen(self) -> int:
        """Fewest threads that none beats by a tenth."""
        best = min(self.seconds)
        for number, taken in sorted(self.seconds.items()):
            if taken <= GAIN * self.seconds[best]:
                best = number
        return best

    @property
    def words(self) -> str:
        """For people."""
        others = [
            f"{number} take {taken / self.seconds[self.chosen]:.2f} times as long"
            for number, taken in sorted(self.seconds.items())
            if number != self.chosen
        ]
        return f"{self.chosen}" + (f" ({', '.join(others)})" if others else "")


def try_threads(config: PretrainedConfig, tokens: int, numbers: Sequence[int]) -> ThreadTrial:
    """Time a forward and a backward pass with each number of threads, in turn.

    Args:
        config: Of the policy; nothing is loaded.
        tokens: Of a micro-batch.
        numbers: Of threads; the one that torch has is left as it was.

    Raises:
        Exception: Whatever a class raises that cannot be made with two layers.
    """
    before = torch.get_num_threads()
    if len(numbers) < 2:
        return ThreadTrial(dict.fromkeys(numbers, 0.0))
    model = small_policy(config, torch.float32, WORDS).train()
    weights = sum(parameter.numel() for parameter in model.parameters())
    width = max(16, min(tokens, MOST_TOKENS, MOST_WORK // weights))
    ids_1S = torch.ones(1, min(width, getattr(config, "max_position_embeddings", None) or width), dtype=torch.long)
    rows = ids_1S.expand(max(1, width // ids_1S.shape[1]), -1)
    taken: dict[int, list[float]] = {number: [] for number in numbers}
    try:
        for turn in range(ROUNDS + 1):
            for number in numbers:
                torch.set_num_threads(number)
                start = perf_counter()
                model(input_ids=rows, use_cache=False).logits.sum().backward()
                if turn:  # the first one makes threads and buffers
                    taken[number].append(perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return ThreadTrial({number: median(times) for number, times in taken.items()})
