"""What a study would show: the chance that a paired difference of pass@k is significant, before the study is made.

What it draws from: `populations`. The test itself: `paired`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import binom, nct, norm
from scipy.stats import t as student

from asym_lit.evaluation.degrees import degrees_of
from asym_lit.evaluation.paired import FEWEST_SEEDS, Difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.populations import NODES, WEIGHTS, Population
from asym_lit.types import InputError

GRID = 401
"""Chances at which the noise of n responses is computed; between them it is interpolated."""
DRAWS = 2_000
"""Of what a study with several seeds would take for its error."""


@dataclass(frozen=True)
class Design:
    """How large a study is."""

    problems: int
    responses: int
    """To each problem, of each seed of each arm."""
    seeds: int
    """Trained in each arm; with 1 the study is about those policies."""


@dataclass(frozen=True)
class Variances:
    """What makes up the variance of a paired difference of pass@k at some number of responses."""

    difference: float
    """The true one."""
    problems: float
    """Of true differences over problems, means over seeds."""
    noise: float
    """Of one problem, in both arms together: responses, and what a seed does to a problem alone."""
    seeds: float
    """Of a seed's mean over problems, in both arms together."""


def variances(population: Population, k: int, responses: int) -> Variances:
    """The parts, from the population.

    Args:
        population: What studies draw from.
        k: Budget.
        responses: n; at least k.

    Raises:
        InputError: If there are fewer responses than k.
    """
    chances = (np.arange(GRID) + 0.5) / GRID
    counts = np.arange(responses + 1)
    values = pass_at_k(np.full(responses + 1, responses), counts, k)
    likely = binom.pmf(counts, responses, chances[:, None])
    spread = likely @ values**2 - (likely @ values) ** 2
    logits = np.stack([population.first, population.second])[:, :, None] + population.seed_spread * NODES
    of_responses = np.average(np.interp(expit(logits), chances, spread).mean(1), axis=-1, weights=WEIGHTS)
    true = population.pass_at(k)
    mean = np.average(true, axis=-1, weights=WEIGHTS)
    over_seeds = np.average((true.mean(1) - mean.mean(1)[:, None]) ** 2, axis=-1, weights=WEIGHTS)
    alone = np.average((true - mean[:, :, None]) ** 2, axis=-1, weights=WEIGHTS).mean(1) - over_seeds
    paired = mean[0] - mean[1]
    noise, seeds = float((of_responses + np.maximum(alone, 0.0)).sum()), float(over_seeds.sum())
    return Variances(float(paired.mean()), float(paired.var()), noise, seeds)


def power_of(found: Variances, design: Design, level: float = 0.05) -> float:
    """The chance that the study's p is below the level, at one budget alone.

    `V = problems / P + noise / (P S) + seeds / S`. With one seed, a noncentral t. With several the test's own error and degrees
    of freedom vary much from study to study, so they are drawn: each part is chi-squared about what it estimates. Counted at
    what is expected, three seeds came out up to 10 points too strong.

    Args:
        found: Of the population at `design.responses`.
        design: Of the study.
        level: Of the test.

    Raises:
        InputError: If the study has two seeds, which the test refuses, or fewer than two problems.
    """
    p, s = design.problems, design.seeds
    if p < 2 or s < 1 or 1 < s < FEWEST_SEEDS:
        raise InputError(
            f"A study of {p} problems and {s} seeds; allowed: at least 2 problems, and 1 seed or at least {FEWEST_SEEDS}: two "
            "say too little of others."
        )
    # One seed is about these two policies: what seeds move altogether is then part of the difference, not of its error.
    variance = (found.problems + found.noise / s) / p + (found.seeds / s if s > 1 else 0.0)
    if variance <= 0:
        return 1.0 if found.difference else level
    away = found.difference / variance**0.5
    if s == 1:
        return float(np.clip(_beyond(float(student.ppf(1 - level / 2, p - 1)), p - 1, away), 0.0, 1.0))
    rng = np.random.default_rng(0)
    noise = found.noise / (p * s)
    each = (found.seeds / s + noise) / 2 * rng.chisquare(s - 1, (2, DRAWS)) / (s - 1)
    over_problems = (found.problems / p + noise) * rng.chisquare(p - 1, DRAWS) / (p - 1)
    parts = [(each[0], s - 1), (each[1], s - 1), (np.maximum(over_problems - noise, 0.0), p - 1)]
    said = np.sqrt(sum(part for part, _ in parts) / variance)
    bound = student.ppf(1 - level / 2, degrees_of(parts)) * said
    return float(np.mean(norm.sf(bound - away) + norm.cdf(-bound - away)))


def problems_needed(found: Variances, seeds: int, power: float = 0.8, level: float = 0.05, most: int = 1_000_000) -> int | None:
    """The fewest problems that show the difference with this chance; None if not even `most` do.

    Args:
        found: Of the population at some number of responses.
        seeds: In each arm.
        power: The chance.
        level: Of the test.
        most: Where to give up: training seeds that vary more than the difference are not made up for by problems.
    """
    low, high = 2, 4
    while power_of(found, Design(high, 1, seeds), level) < power:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(found, Design(middle, 1, seeds), level) >= power else (middle, high)
    return high


def least_difference(found: Difference, power: float = 0.8, level: float = 0.05) -> float:
    """The least true difference that a study with this standard error and these degrees would show with this chance.

    Args:
        found: Of the study.
        power: The chance.
        level: Of the test.

    Returns:
        NaN where the study gives no interval, 0 where nothing varied.
    """
    if not found.error > 0:
        return found.error
    bound = float(student.ppf(1 - level / 2, found.degrees))
    return found.error * float(brentq(lambda away: _beyond(bound, found.degrees, away) - power, 0.0, 20 * bound))


def _beyond(bound: float, degrees: float, away: float) -> float:
    """The chance of |t| above a bound, t noncentral; far out scipy gives NaN, where it is 1."""
    found = float(nct.sf(bound, degrees, abs(away)) + nct.cdf(-bound, degrees, abs(away)))
    return found if found == found else 1.0
