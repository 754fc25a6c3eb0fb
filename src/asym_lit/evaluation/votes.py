"""What the answers themselves say: majority votes with fair ties, and how many different right answers there are.

As torchmetrics they are in `answer_metrics`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import binom

from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.types import InputError


@dataclass(frozen=True, slots=True)
class Ballot:
    """The answers to one problem, counted."""

    right: tuple[int, ...]
    """Responses per different right answer, most frequent first."""
    wrong: tuple[int, ...]
    """Responses per different wrong answer, most frequent first."""
    silent: int = 0
    """Responses in which no answer was found: they cast no vote."""

    @property
    def samples(self) -> int:
        """All responses."""
        return sum(self.right) + sum(self.wrong) + self.silent


def ballot(answers: Iterable[tuple[Hashable | None, bool]]) -> Ballot:
    """Counts answers.

    Args:
        answers: Of each response its answer (None if none was found) and whether it is right. Equal answers are one
            vote; make them equal (normalise them) before.

    Raises:
        InputError: If the same answer is called right and wrong, or a response without an answer right.
    """
    counted = Counter(answers)
    silent = counted.pop((None, False), 0)
    if (None, True) in counted:
        raise InputError("A response without an answer is called right; give its answer, so that it can be counted.")
    if len({answer for answer, _ in counted}) < len(counted):
        raise InputError("The same answer is called right in one response and wrong in another.")
    right = sorted((count for (_, ok), count in counted.items() if ok), reverse=True)
    wrong = sorted((count for (_, ok), count in counted.items() if not ok), reverse=True)
    return Ballot(tuple(right), tuple(wrong), silent)


def maj_at_k(votes: Ballot, k: int) -> float:
    """maj@k (cons@k): the chance that the most frequent answer of k responses is right; ties are split evenly.

    Unbiased and exact: the expectation over all ways to draw k of the n responses without replacement, in which an
    answer that ties with t - 1 others counts 1 / t. Nothing voted for counts 0.

    The draw is written as n independent coins of probability k / n, given that k of them show heads: every factor of the
    generating function below is then a probability, and nothing overflows.

    Args:
        votes: The answers to one problem.
        k: Budget, at most the number of responses.

    Raises:
        InputError: If there are fewer than k responses: no unbiased estimate exists then.
    """
    n = votes.samples
    if not 1 <= k <= n:
        raise InputError(
            f"maj@{k} of a problem with {n} responses; allowed: k from 1 to {n}, for no unbiased estimate exists beyond."
        )
    if k == n:
        top = max([*votes.right, *votes.wrong], default=0)
        tied = votes.right.count(top) + votes.wrong.count(top)
        return votes.right.count(top) / tied if top else 0.0
    total = 0.0
    for size, times in Counter(votes.right).items():
        others = [*votes.wrong, *votes.right]
        others.remove(size)
        total += times * sum(_wins(size, others, votes.silent, k, n, top) for top in range(1, min(size, k) + 1))
    return float(total / binom.pmf(k, n, k / n))


def _wins(size: int, others: Sequence[int], silent: int, k: int, n: int, top: int) -> float:
    """Chance that an answer of `size` responses has `top` votes and none has more, each tie of t weighed 1 / t."""
    heads = k / n
    ways = np.zeros((k + 1, k // top + 1))  # [votes drawn, answers tied with it]
    ways[top, 0] = _heads(size, top, heads)[top]
    free = silent + sum(count for count in others if count < top)  # these can neither tie nor win: draw them as one
    for count, tie in [(free, False), *((count, True) for count in others if count >= top)]:
        most = top if tie else min(count, k)
        after = np.zeros_like(ways)
        for drawn, weight in enumerate(_heads(count, most, heads)):
            if tie and drawn == top:
                after[drawn:, 1:] += weight * ways[: k + 1 - drawn, :-1]
            else:
                after[drawn:] += weight * ways[: k + 1 - drawn]
        ways = after
    return float((ways[k] / np.arange(1, ways.shape[1] + 1)).sum())


@lru_cache(maxsize=4096)
def _heads(count: int, most: int, heads: float) -> list[float]:
    """Chances of 0 to `most` heads of `count` coins."""
    chances: list[float] = binom.pmf(np.arange(most + 1), count, heads).tolist()
    return chances


def distinct_at_k(votes: Ballot, k: int) -> float:
    """The expected number of different right answers among k responses; unbiased.

    Each right answer, given a times of n, is among k with chance `1 - C(n - a, k) / C(n, k)`.

    Args:
        votes: The answers to one problem.
        k: Budget, at most the number of responses.

    Raises:
        InputError: If there are fewer than k responses.
    """
    if not votes.right:
        pass_at_k([votes.samples], [0], k)
        return 0.0
    return float(pass_at_k([votes.samples] * len(votes.right), votes.right, k).sum())
