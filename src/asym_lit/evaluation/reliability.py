"""How reliably problems are solved: Cover@tau, bounded, for an indicator of an unknown chance has no unbiased estimate.

Estimates that n and c decide without bias (pass@k, pass^k, G-Pass@k): `pass_at_k`, `estimators`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, binom, norm

from asym_lit.evaluation.estimators import Counts
from asym_lit.evaluation.pass_at_k import checked_counts
from asym_lit.types import InputError


@dataclass(frozen=True)
class Cover:
    """Cover@tau of one set of problems, from three sides."""

    plug_in: float
    """Share of problems with `c / n >= tau`: what papers print. Biased, to either side."""
    posterior: float
    """Expected share under the prior, given the counts."""
    low: float
    """Of the posterior's 95 % interval, for these very problems."""
    high: float
    sure: float
    """Lower bound without a prior: holds with 95 % whatever the chances are."""
    possible: float
    """Upper bound likewise."""


def cover_at(
    samples: Counts, correct: Counts, tau: float, level: float = 0.95, prior: tuple[float, float] = (1.0, 1.0)
) -> Cover:
    """Cover@tau, the share of problems solved with a chance of at least tau (arXiv 2510.08325): `mean of 1[p >= tau]`.

    No unbiased estimate exists: the mean of any function of c is a polynomial in p, and the indicator is none. So there is

    - the plug-in, `mean of 1[c / n >= tau]`;
    - the posterior under a Beta prior: each problem is covered with chance `q = P(p >= tau | c) = 1 - I_tau(a + c, b + n - c)`;
      the share has mean `mean q` and variance `sum q (1 - q) / N^2`, and a normal interval. At tau = 1 it is 0: no number of
      responses shows that none would be wrong;
    - bounds without a prior. Take a threshold of each problem's own n, the least c with `P(C >= c | tau) <= h`. A problem below
      tau passes it with at most h, so the share M that passes has `mean M <= cover + (1 - cover) h`, and by Hoeffding's
      inequality `cover >= (M - h - e) / (1 - h)` with `e = sqrt(log(2 / (1 - level)) / 2N)`; the best h of a fixed grid is
      taken, and e is paid for all of them. The upper bound is that of the problems not covered.

    Args:
        samples: n, responses per problem.
        correct: c, right ones among them.
        tau: Above 0, at most 1; at 1 a problem must be right without fail.
        level: Of interval and bounds.
        prior: Of p; (1, 1) is uniform.

    Raises:
        InputError: If tau is out of range, or there is no problem.
    """
    if not 0 < tau <= 1:
        raise InputError(f"tau is {tau}; allowed: above 0 and at most 1.")
    n, c = checked_counts(samples, correct, 1, f"Cover@{tau:g}")
    if not n.size:
        raise InputError("There are no problems to average over.")
    chance = beta.sf(tau, prior[0] + c, prior[1] + n - c)
    mean, width = float(chance.mean()), float(norm.ppf((1 + level) / 2) * np.sqrt((chance * (1 - chance)).sum()) / n.size)
    # The bound of the covered asks how rare c is at tau from below; that of the others, from above.
    sure = _bound(binom.sf(c - 1, n, tau), level)
    others = _bound(binom.cdf(c, n, tau), level)
    plug_in = float(np.mean(c >= tau * n - 1e-9))
    return Cover(plug_in, mean, max(mean - width, 0.0), min(mean + width, 1.0), sure, 1.0 - others)


GRID = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Chances h, fixed before looking: the best of all h would be chosen by the data."""


def _bound(p_values: np.ndarray, level: float) -> float:
    """Lower bound for the share of problems whose p-value is not one of chance: of the others, at most h lie at or below h."""
    slack = np.sqrt(np.log(2 * len(GRID) / (1 - level)) / (2 * len(p_values)))
    return float(max(0.0, *((np.mean(p_values <= h) - h - slack) / (1 - h) for h in GRID)))
