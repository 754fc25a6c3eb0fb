"""pass@k: the chance that at least one of k responses is right, and how sure we are of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap
from torch import Tensor
from torchmetrics import Metric

from asym_lit.types import InputError

RESAMPLES = 2000


def powers_of_two(n: int) -> list[int]:
    """1, 2, 4 ... up to n."""
    return [2**i for i in range(n.bit_length()) if 2**i <= n]


def checked_counts(
    samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray, k: int, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """n and c of each problem as whole numbers, where an unbiased estimate at k exists.

    Args:
        samples: n, responses per problem.
        correct: c, right ones among them.
        k: Budget.
        what: Name of the estimate, for the message.

    Raises:
        InputError: If a problem has fewer than k responses, or counts that cannot be.
    """
    n, c = np.asarray(samples, dtype=np.int64), np.asarray(correct, dtype=np.int64)
    if k < 1 or (n.size and n.min() < k):
        raise InputError(
            f"{what} of problems with as few as {n.min() if n.size else 0} responses; allowed: k from 1 to the number of "
            "responses, for no unbiased estimate exists beyond. Raise evaluation.n or lower k."
        )
    if np.any((c < 0) | (c > n)):
        raise InputError("There are more right responses than responses, or fewer than none.")
    return n, c


def pass_at_k(samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray, k: int) -> np.ndarray:
    """Unbiased pass@k of each problem: `1 - C(n - c, k) / C(n, k)` (arXiv 2107.03374), in float64.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.

    Returns:
        One value per problem.

    Raises:
        InputError: If a problem has fewer than k responses: no unbiased estimate exists then.
    """
    n, c = checked_counts(samples, correct, k, f"pass@{k}")
    # The product of (n - c - i) / (n - i) over i < k: it reaches 0 by itself where n - c < k.
    i = np.arange(k)[:, None]
    return 1.0 - np.prod(np.clip(n - c - i, 0, None) / (n - i), axis=0)


@dataclass  # not frozen: torchmetrics copies what compute() returns field by field
class PassAtKCurve:
    """pass@k of one evaluation set, with 95 % intervals by bootstrap over problems."""

    problems: int
    samples: int
    """Fewest responses to any problem."""
    ks: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    """NaN with a single problem."""

    @property
    def area(self) -> float:
        """Area under pass@k against log k, by trapezoids, over its width: each doubling of k weighs the same."""
        width = np.log2(self.ks[-1] / self.ks[0])
        return float(np.trapezoid(self.mean, np.log2(self.ks)) / width) if width else self.mean[0]

    def metrics(self, prefix: str) -> dict[str, float]:
        """Scalars by metric name: `prefix/pass@k` and its bounds, and `prefix/pass@k_area`."""
        found = {f"{prefix}/pass@k_area": self.area}
        for i, k in enumerate(self.ks):
            found[f"{prefix}/pass@{k}"] = self.mean[i]
            found[f"{prefix}_interval/pass@{k}_low"] = self.low[i]
            found[f"{prefix}_interval/pass@{k}_high"] = self.high[i]
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return asdict(self)


def pass_at_k_curve(samples: Sequence[int], correct: Sequence[int], ks: Sequence[int], seed: int = 0) -> PassAtKCurve:
    """Means over problems with percentile bootstrap intervals; problems are resampled, for they are what varies.

    Args:
        samples: Responses per problem.
        correct: Right ones among them.
        ks: Budgets.
        seed: Of the resampling.
    """
    if not len(samples):
        raise InputError("There are no problems to average over.")
    mean, low, high = [], [], []
    for k in ks:
        values = pass_at_k(samples, correct, k)
        mean.append(float(values.mean()))
        bounds = (float("nan"), float("nan"))
        if len(values) > 1:
            interval = bootstrap(
                (values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(seed)
            ).confidence_interval
            bounds = (float(interval.low), float(interval.high))
        low.append(bounds[0])
        high.append(bounds[1])
    return PassAtKCurve(len(samples), int(min(samples)), list(ks), mean, low, high)


class PassAtKMetric(Metric):
    """Collects (responses, right ones) per problem on all processes; computes a `PassAtKCurve`.

    Args:
        ks: Budgets; those above the fewest responses are refused when computed.
        seed: Of the bootstrap.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    samples: list[Tensor]
    correct: list[Tensor]

    def __init__(self, ks: Sequence[int], seed: int = 0) -> None:
        super().__init__()
        self.ks, self.seed = list(ks), seed
        self.add_state("samples", default=[], dist_reduce_fx="cat")
        self.add_state("correct", default=[], dist_reduce_fx="cat")

    def update(self, samples: Sequence[int], correct: Sequence[int]) -> None:
        """Add problems."""
        self.samples.append(torch.tensor(list(samples), dtype=torch.int64, device=self.device))
        self.correct.append(torch.tensor(list(correct), dtype=torch.int64, device=self.device))

    def compute(self) -> PassAtKCurve:
        """The curve over all problems."""
        return pass_at_k_curve(flat_counts(self.samples), flat_counts(self.correct), self.ks, self.seed)


def flat_counts(state: list[Tensor] | Tensor) -> list[int]:
    """A state of counts as one list; torchmetrics keeps a list of tensors, or one tensor once it has been gathered."""
    if not len(state):
        return []
    joined = state if isinstance(state, Tensor) else torch.cat(state)
    values: list[int] = joined.tolist()
    return values
