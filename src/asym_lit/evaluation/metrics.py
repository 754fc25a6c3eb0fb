"""The metric family, for any loop: torchmetrics that collect problems over batches and processes.

Each is fed the counts of whole problems and computes an `Estimate`: a mean over problems with its interval.
Numbers of responses may differ by problem. pass@k over a grid of k stands in `pass_at_k.py` as `PassAtKMetric`; what needs
the answers themselves in `answer_metrics.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from asym_lit.evaluation.estimators import avg_at_k, coverage, g_pass_at_k, mg_pass_at_k, pass_hat_k
from asym_lit.evaluation.intervals import Estimate, Method, beta_pass_at_k, bootstrap_mean
from asym_lit.evaluation.pass_at_k import flat_counts, pass_at_k
from asym_lit.types import InputError


class ProblemMetric(Metric):
    """Means over problems of an estimate from (responses, right ones).

    Args:
        k: Budget.
        level: Of the interval.
        seed: Of its bootstrap.
        kwargs: Of torchmetrics.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    samples: list[Tensor]
    correct: list[Tensor]

    def __init__(self, k: int = 1, level: float = 0.95, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k, self.level, self.seed = k, level, seed
        self.add_state("samples", default=[], dist_reduce_fx="cat")
        self.add_state("correct", default=[], dist_reduce_fx="cat")

    def update(self, samples: Sequence[int], correct: Sequence[int]) -> None:
        """Add problems.

        Raises:
            InputError: If no unbiased estimate exists for one of them.
        """
        self.values(np.asarray(samples), np.asarray(correct))
        self.samples.append(torch.tensor(list(samples), dtype=torch.int64, device=self.device))
        self.correct.append(torch.tensor(list(correct), dtype=torch.int64, device=self.device))

    @abstractmethod
    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """The estimate of each problem."""

    def compute(self) -> Estimate:
        """Mean over all problems, with its interval."""
        values = self.values(np.array(flat_counts(self.samples)), np.array(flat_counts(self.correct)))
        return bootstrap_mean(values, self.level, self.seed)


class PassAt(ProblemMetric):
    """pass@k at one k.

    Args:
        k: Budget.
        interval: `bootstrap` over problems, or `beta`: a posterior for these very problems.
        level: Of the interval.
        seed: Of the bootstrap.
        kwargs: Of torchmetrics.
    """

    def __init__(self, k: int = 1, interval: Method = "bootstrap", level: float = 0.95, seed: int = 0, **kwargs: Any) -> None:
        if interval not in ("bootstrap", "beta"):
            raise InputError(f"interval is {interval!r}; allowed: 'bootstrap' or 'beta'.")
        super().__init__(k, level, seed, **kwargs)
        self.interval = interval

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """pass@k of each problem."""
        return pass_at_k(samples, correct, self.k)

    def compute(self) -> Estimate:
        """Mean over all problems, with its interval; the posterior's own mean under `beta`."""
        if self.interval == "bootstrap":
            return super().compute()
        return beta_pass_at_k(flat_counts(self.samples), flat_counts(self.correct), self.k, self.level)


class PassHat(ProblemMetric):
    """pass^k: all of k responses are right."""

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """pass^k of each problem."""
        return pass_hat_k(samples, correct, self.k)


class AvgAt(ProblemMetric):
    """avg@k: the share of right responses."""

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """avg@k of each problem."""
        return avg_at_k(samples, correct, self.k)


class Coverage(ProblemMetric):
    """The share of problems with at least one right response among all that were drawn."""

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """1 or 0 for each problem."""
        return coverage(samples, correct)


class GPassAt(ProblemMetric):
    """G-Pass@k: at least a share tau of k responses are right.

    Args:
        k: Budget.
        tau: The share.
        level: Of the interval.
        seed: Of its bootstrap.
        kwargs: Of torchmetrics.
    """

    def __init__(self, k: int = 1, tau: float = 0.5, level: float = 0.95, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(k, level, seed, **kwargs)
        self.tau = tau

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """G-Pass@k of each problem."""
        return g_pass_at_k(samples, correct, self.k, self.tau)


class MGPassAt(ProblemMetric):
    """mG-Pass@k: the mean of G-Pass@k over shares above one half."""

    def values(self, samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """mG-Pass@k of each problem."""
        return mg_pass_at_k(samples, correct, self.k)
