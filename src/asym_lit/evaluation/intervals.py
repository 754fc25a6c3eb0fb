"""How sure we are of a mean over problems: a bootstrap clustered by problem, and a Bayesian posterior.

Differences of two arms are in `paired`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import betaln
from scipy.stats import bootstrap, norm

from asym_lit.evaluation.pass_at_k import RESAMPLES, checked_counts
from asym_lit.types import InputError

Method = Literal["bootstrap", "beta"]


@dataclass  # not frozen: torchmetrics copies what compute() returns field by field
class Estimate:
    """A mean over problems with its interval."""

    mean: float
    low: float
    high: float
    """NaN with a single problem."""
    problems: int

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return asdict(self)


def bootstrap_mean(values: Sequence[float] | np.ndarray, level: float = 0.95, seed: int = 0) -> Estimate:
    """The mean of one value per problem, with a percentile bootstrap over problems.

    Problems are the clusters: all responses to a drawn problem come along, so the interval holds for the population that
    the problems are a sample of, and does not shrink as responses are added to the same problems.

    Args:
        values: One unbiased estimate per problem.
        level: Of the interval.
        seed: Of the resampling.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        raise InputError("There are no problems to average over.")
    low = high = float("nan")
    if values.size > 1:
        found = bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        low, high = float(found.low), float(found.high)
    return Estimate(float(values.mean()), low, high, int(values.size))


def beta_pass_at_k(
    samples: Sequence[int] | np.ndarray,
    correct: Sequence[int] | np.ndarray,
    k: int,
    level: float = 0.95,
    prior: tuple[float, float] = (1.0, 1.0),
) -> Estimate:
    """pass@k under a Beta prior for each problem's chance p (arXiv 2510.04265).

    With `a, b` = prior plus right and wrong counts: `E[1 - (1 - p)^k] = 1 - B(a, b + k) / B(a, b)`, its variance from
    `B(a, b + 2k) / B(a, b)`, and a normal interval of their mean, cut to [0, 1]. It is about *these* problems: problems are
    not taken as a sample. The uniform prior pulls sets of hard problems upward, the more the larger k is beside n.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.
        level: Of the interval.
        prior: Of p; (1, 1) is uniform.

    Raises:
        InputError: If a problem has fewer than k responses: the answer would be the prior's.
    """
    n, c = checked_counts(samples, correct, k, f"pass@{k}")
    if not n.size:
        raise InputError("There are no problems to average over.")
    a, b = prior[0] + c, prior[1] + n - c
    missed = np.exp(betaln(a, b + k) - betaln(a, b))
    variance = np.exp(betaln(a, b + 2 * k) - betaln(a, b)) - missed**2
    mean, width = float((1 - missed).mean()), float(norm.ppf((1 + level) / 2) * np.sqrt(variance.sum()) / n.size)
    return Estimate(mean, max(mean - width, 0.0), min(mean + width, 1.0), int(n.size))
