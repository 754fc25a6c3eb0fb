"""What a study draws from: problems with their chances, in two arms, and how arms and seeds move them.

A problem's chance p is of a Beta distribution, or of a pilot's posterior. The second arm's is `logit p + shift + spread z`, and
each training seed adds `seed_spread z` to all problems of its arm. What studies of it would show: `power`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import betaln, expit, logit

from asym_lit.evaluation.pass_at_k import checked_counts
from asym_lit.types import InputError

PROBLEMS = 4_000
"""Drawn for a population; moments of it are then known to about 1.5 %."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
"""Of the normal distribution of seeds."""
FEWEST = 10
"""Problems of a pilot: a Beta distribution of fewer is a guess."""


@dataclass(frozen=True)
class Population:
    """Problems' chances in logits, in two arms, and what training seeds vary."""

    first: np.ndarray
    """Shape [problems]: of the arm that is held against the other."""
    second: np.ndarray
    seed_spread: float
    """Standard deviation of a seed's shift of its arm, in logits."""

    def pass_at(self, k: int) -> np.ndarray:
        """pass@k of each problem, shape [2, problems, nodes]: first and second arm, at each node of the seeds' distribution."""
        logits = np.stack([self.first, self.second])[:, :, None] + self.seed_spread * NODES
        return 1.0 - expit(-logits) ** k

    def difference(self, k: int) -> float:
        """True pass@k of the first arm less that of the second, mean over problems and seeds."""
        first, second = np.average(self.pass_at(k).mean(1), axis=-1, weights=WEIGHTS)
        return float(first - second)


def beta_fit(samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray) -> tuple[float, float]:
    """The Beta distribution under which counts are likeliest (beta-binomial, maximum likelihood).

    Args:
        samples: n, responses per problem.
        correct: c, right ones among them.

    Raises:
        InputError: If there are fewer than 10 problems.
    """
    n, c = checked_counts(samples, correct, 1, "a Beta distribution")
    if len(n) < FEWEST:
        raise InputError(f"The pilot has {len(n)} problems; allowed: at least {FEWEST}, to tell how chances are distributed.")

    def surprise(logs: np.ndarray) -> float:
        a, b = np.exp(np.clip(logs, -7, 7))
        return -float(np.sum(betaln(a + c, b + n - c) - betaln(a, b)))

    found = minimize(surprise, np.zeros(2), method="Nelder-Mead")
    a, b = np.exp(np.clip(found.x, -7, 7))
    return float(a), float(b)


def beta_population(a: float, b: float, spread: float, seed_spread: float, seed: int = 0) -> Population:
    """Problems with chances of Beta(a, b), without a difference yet; see `shifted`.

    Args:
        a: Of the Beta distribution.
        b: Likewise.
        spread: What an arm's problems vary beyond the shift of all, in logits.
        seed_spread: What training seeds vary, in logits.
        seed: Of the draw.

    Raises:
        InputError: If a number is out of range.
    """
    for name, value, least in (("a", a, 1e-3), ("b", b, 1e-3), ("spread", spread, 0.0), ("seed_spread", seed_spread, 0.0)):
        if not least <= value < 1e4:
            raise InputError(f"{name} is {value}; allowed: {least:g} to 10,000.")
    rng = np.random.default_rng(seed)
    # Even ranks, shuffled: moments of the population are then those of the distribution, but for the tails.
    chances = _beta_ranks(a, b)
    first = logit(np.clip(chances, 1e-9, 1 - 1e-9))
    return Population(first + spread * rng.permutation(_normal_ranks()), first, seed_spread)


def shifted(population: Population, k: int, difference: float) -> Population:
    """The population whose first arm is moved, by the same logits for all problems, until pass@k differs by so much.

    Args:
        population: What is moved.
        k: Budget.
        difference: Of pass@k, first less second.

    Raises:
        InputError: If no shift gives such a difference: the second arm has no room for it.
    """

    def off(shift: float) -> float:
        return replace(population, first=population.first + shift).difference(k) - difference

    if off(-40.0) > 0 or off(40.0) < 0:
        second = np.average(population.pass_at(k)[1].mean(0), weights=WEIGHTS)
        raise InputError(
            f"difference is {difference} at pass@{k}, where the second arm has {second:.3f}; allowed: {-second:.3f} to "
            f"{1 - second:.3f}."
        )
    return replace(population, first=population.first + brentq(off, -40.0, 40.0, xtol=1e-6))


def _beta_ranks(a: float, b: float) -> np.ndarray:
    from scipy.stats import beta

    found: np.ndarray = beta.ppf((np.arange(PROBLEMS) + 0.5) / PROBLEMS, a, b)
    return found


def _normal_ranks() -> np.ndarray:
    from scipy.stats import norm

    found: np.ndarray = norm.ppf((np.arange(PROBLEMS) + 0.5) / PROBLEMS)
    return found
