"""The metrics that need the answers themselves: majority votes and diversity, as torchmetrics.

Their mathematics is in `votes`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from asym_lit.evaluation.intervals import Estimate, bootstrap_mean
from asym_lit.evaluation.votes import ballot, distinct_at_k, maj_at_k


class AnswerMetric(Metric):
    """Means over problems of an estimate from the answers themselves.

    Answers stay where they were counted: what travels between processes is one number per problem.

    Args:
        k: Budget.
        level: Of the interval.
        seed: Of its bootstrap.
        kwargs: Of torchmetrics.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    per_problem: list[Tensor]

    def __init__(self, k: int = 1, level: float = 0.95, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k, self.level, self.seed = k, level, seed
        self.add_state("per_problem", default=[], dist_reduce_fx="cat")

    @abstractmethod
    def value(self, answers: Iterable[tuple[Hashable | None, bool]]) -> float:
        """The estimate of one problem."""

    def update(self, problems: Iterable[Iterable[tuple[Hashable | None, bool]]]) -> None:
        """Add problems.

        Args:
            problems: Of each problem its responses: the normalised answer (None if none was found), and whether it is right.
        """
        found = [self.value(answers) for answers in problems]
        self.per_problem.append(torch.tensor(found, dtype=torch.float64, device=self.device))

    def compute(self) -> Estimate:
        """Mean over all problems, with its interval."""
        state = self.per_problem
        joined = state if isinstance(state, Tensor) else torch.cat(state) if len(state) else torch.zeros(0)
        return bootstrap_mean(joined.cpu().numpy(), self.level, self.seed)


class MajAt(AnswerMetric):
    """maj@k: the most frequent of k answers is right; ties are split evenly."""

    def value(self, answers: Iterable[tuple[Hashable | None, bool]]) -> float:
        """maj@k of one problem."""
        return maj_at_k(ballot(answers), self.k)


class DistinctAt(AnswerMetric):
    """The number of different right answers among k responses."""

    def value(self, answers: Iterable[tuple[Hashable | None, bool]]) -> float:
        """Of one problem."""
        return distinct_at_k(ballot(answers), self.k)
