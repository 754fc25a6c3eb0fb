"""A pilot's counts as a population: how chances are distributed, and how much an arm moves problems apart.

What is drawn from it: `populations`, `power`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.populations import Population, beta_fit, beta_population, shifted
from asym_lit.evaluation.power import variances

WIDEST = 6.0
"""Logits of spread; chances are then nearly all 0 or 1."""
Counts = tuple[np.ndarray, np.ndarray]
"""n and c of each problem."""


def pilot_population(base: Counts, arm: Counts | None, k: int, spread: float, seed_spread: float) -> Population:
    """The population that a pilot is likeliest of, without a difference yet.

    Chances are Beta by `beta_fit` of the base. With a second arm, problems' spread is the one under which paired differences
    vary as they did, responses' noise taken off; without, it is what is given.

    Args:
        base: Counts of the arm that others are held against.
        arm: Of another one on the same problems, in the same order; None without.
        k: Budget at which differences are looked at.
        spread: In logits; for a pilot of one arm.
        seed_spread: Likewise, of training seeds.

    Raises:
        InputError: If the pilot has too few problems, or fewer responses than k.
    """
    a, b = beta_fit(*base)
    if arm is not None:
        spread = _spread_of(base, arm, a, b, k)
    return beta_population(a, b, spread, seed_spread)


def spread_of(population: Population) -> float:
    """Logits by which an arm's problems are moved apart."""
    return float((population.first - population.second).std())


def _spread_of(base: Counts, arm: Counts, a: float, b: float, k: int) -> float:
    paired = pass_at_k(*arm, k) - pass_at_k(*base, k)
    n = int(min(base[0].min(), arm[0].min()))

    def off(spread: float) -> float:
        found = variances(shifted(beta_population(a, b, spread, 0.0), k, float(paired.mean())), k, n)
        return found.problems + found.noise - float(paired.var(ddof=1))

    if off(0.0) >= 0:
        return 0.0
    return WIDEST if off(WIDEST) <= 0 else float(brentq(off, 0.0, WIDEST, xtol=1e-3))
