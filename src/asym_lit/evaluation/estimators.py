"""What n responses with c right ones say of k: unbiased estimates for each problem, in float64.

`pass_at_k` stands beside, in `pass_at_k.py`; what needs the answers themselves (majority, diversity) in `votes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import hypergeom

from asym_lit.evaluation.pass_at_k import checked_counts
from asym_lit.types import InputError

Counts = Sequence[int] | np.ndarray


def pass_hat_k(samples: Counts, correct: Counts, k: int) -> np.ndarray:
    """pass^k, the chance that all of k responses are right: `C(c, k) / C(n, k)` (arXiv 2406.12045), per problem.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.

    Raises:
        InputError: If a problem has fewer than k responses: no unbiased estimate exists then.
    """
    n, c = checked_counts(samples, correct, k, f"pass^{k}")
    i = np.arange(k)[:, None]
    return np.prod(np.clip(c - i, 0, None) / (n - i), axis=0)


def g_pass_at_k(samples: Counts, correct: Counts, k: int, tau: float) -> np.ndarray:
    """G-Pass@k, the chance that at least `ceil(tau k)` of k responses are right (arXiv 2412.13147), per problem.

    `sum_j C(c, j) C(n - c, k - j) / C(n, k)` over `j >= ceil(tau k)`. pass@k as tau goes to 0; pass^k at tau = 1.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.
        tau: Share of the k responses that must be right, above 0, at most 1.

    Raises:
        InputError: If a problem has fewer than k responses, or tau is out of range.
    """
    if not 0 < tau <= 1:
        raise InputError(f"tau is {tau}; allowed: above 0 and at most 1 (pass@k is the limit at 0, pass^k is 1).")
    return _at_least(samples, correct, k, math.ceil(tau * k - 1e-9), f"G-Pass@{k}")


def mg_pass_at_k(samples: Counts, correct: Counts, k: int) -> np.ndarray:
    """mG-Pass@k, the mean of G-Pass@k over tau in (1/2, 1] (arXiv 2412.13147), per problem.

    `(2 / k) sum_i G-Pass@k at i / k` over `i = ceil(k / 2) + 1 ... k`; 0 at k = 1, where there is no such i.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.

    Raises:
        InputError: If a problem has fewer than k responses.
    """
    checked_counts(samples, correct, k, f"mG-Pass@{k}")
    needed = range(math.ceil(k / 2) + 1, k + 1)
    total = sum((_at_least(samples, correct, k, i, f"mG-Pass@{k}") for i in needed), np.zeros(len(samples)))
    return 2 / k * total


def avg_at_k(samples: Counts, correct: Counts, k: int = 1) -> np.ndarray:
    """avg@k, the expected share of right ones among k responses: `c / n`, per problem; the same for every k up to n.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.

    Raises:
        InputError: If a problem has fewer than k responses.
    """
    n, c = checked_counts(samples, correct, k, f"avg@{k}")
    return c / n


def coverage(samples: Counts, correct: Counts) -> np.ndarray:
    """1 for each problem with a right response, 0 for the others: pass@n at the very n that was drawn.

    Args:
        samples: n, responses per problem; the same for all, for coverage grows with n.
        correct: c, right ones among them.

    Raises:
        InputError: If problems have different numbers of responses.
    """
    n, c = checked_counts(samples, correct, 1, "coverage")
    if n.size and n.min() != n.max():
        raise InputError(
            f"Coverage of problems with {n.min()} to {n.max()} responses; allowed: the same number for all, for more "
            f"responses cover more. Ask for pass@{n.min()}."
        )
    return (c > 0).astype(np.float64)


def _at_least(samples: Counts, correct: Counts, k: int, needed: int, what: str) -> np.ndarray:
    """The chance that k of n responses, drawn without replacement, hold at least `needed` of the c right ones."""
    n, c = checked_counts(samples, correct, k, what)
    return np.clip(hypergeom.sf(needed - 1, n, c, k), 0.0, 1.0)
