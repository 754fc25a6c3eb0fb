"""Two arms on the same problems, with training seeds as a second level; and many such tests at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from asym_lit.types import InputError

Correction = Literal["holm", "fdr", "none"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the first arm has more than the second, averaged over problems and seeds."""

    mean: float
    low: float
    high: float
    p: float
    """Two-sided; NaN with a single problem."""
    degrees: float
    """Of freedom."""


def paired_difference(
    first: Sequence[Sequence[float]] | np.ndarray, second: Sequence[Sequence[float]] | np.ndarray, level: float = 0.95
) -> Difference:
    """The difference of two arms' means, with an interval for other problems and, given several, other seeds.

    Problems are crossed with seeds. `V = V_problems + sum over arms of max(V_seeds - V_both, 0)`: the variance of the mean
    over problems of paired differences holds the noise of responses too; what the seeds' own means vary beyond that noise
    is added (two-way clustering, Cameron, Gelbach and Miller 2011). Interval and p come from Student's t with
    Satterthwaite's degrees of freedom. With one seed an arm, both are about these two trained policies, not the methods.

    Args:
        first: Shape [seeds, problems]: one estimate for each, problems in the same order.
        second: Likewise; seeds need not be as many, nor the same.
        level: Of the interval.

    Raises:
        InputError: If the arms have different problems.
    """
    arms = [np.atleast_2d(np.asarray(arm, dtype=np.float64)) for arm in (first, second)]
    problems = arms[0].shape[1]
    if arms[1].shape[1] != problems or not problems:
        raise InputError(
            f"The arms have {problems} and {arms[1].shape[1]} problems; a paired difference needs the same ones, at least one."
        )
    paired = arms[0].mean(0) - arms[1].mean(0)
    mean = float(paired.mean())
    if problems < 2:
        return Difference(mean, float("nan"), float("nan"), float("nan"), 0.0)
    parts = [(float(paired.var(ddof=1)) / problems, problems - 1)]
    parts += [(_seed_variance(arm), len(arm) - 1) for arm in arms if len(arm) > 1]
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0, float(problems - 1))
    degrees = variance**2 / sum(part**2 / free for part, free in parts)
    error = variance**0.5
    width = float(student.ppf((1 + level) / 2, degrees)) * error
    return Difference(mean, mean - width, mean + width, float(2 * student.sf(abs(mean) / error, degrees)), degrees)


def _seed_variance(arm: np.ndarray) -> float:
    """Variance of an arm's mean that comes from its training seeds alone: theirs, less the noise within problems."""
    seeds, problems = arm.shape
    residual = arm - arm.mean(0) - arm.mean(1, keepdims=True) + arm.mean()
    noise = float((residual**2).sum()) / ((seeds - 1) * (problems - 1) * problems * seeds)
    return max(float(arm.mean(1).var(ddof=1)) / seeds - noise, 0.0)


def adjusted(p_values: Sequence[float], correction: Correction = "holm") -> list[float]:
    """p-values corrected for how many there are; NaN stays NaN and is not counted.

    Args:
        p_values: Of all tests that are read together.
        correction: `holm`: the chance of any false alarm stays at the level (Holm 1979); `fdr`: the expected share of false
            ones among alarms does (Benjamini and Hochberg 1995); `none`.
    """
    values = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    if correction == "none" or not known.size:
        return [float(value) for value in values]
    if correction == "fdr":
        values[known] = false_discovery_control(values[known], method="bh")
    else:
        order = known[np.argsort(values[known])]
        stepped = values[order] * np.arange(order.size, 0, -1)
        values[order] = np.clip(np.maximum.accumulate(stepped), 0, 1)
    return [float(value) for value in values]
