"""pass@k over every budget at once, and bands that hold at all k together; what is read off them is in `bands`.

One k at a time: `paired`. Where the values come from: `pass_at_k`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2, norm
from scipy.stats import t as student

from asym_lit.evaluation.bands import ROUNDING, Band, EveryK
from asym_lit.evaluation.paired import seed_noise, variance_parts
from asym_lit.evaluation.pass_at_k import checked_counts
from asym_lit.types import InputError

DOUBT = 0.3
"""Chance that what seeds vary is more than what degrees of freedom are counted at."""
DOUBT_OF_TWO = 0.25
"""The same chance for an arm of two seeds: at 0.3, two seeds against the base policy held the truth at every k in 92.3 %."""
DRAWS = 20_000
"""Of the process over k; the chance that a band misses is then known to 0.3 points."""


def pass_at_every_k(samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray, most: int) -> np.ndarray:
    """Unbiased pass@k of each problem (arXiv 2107.03374) at every k from 1, as `pass_at_k` one after another.

    Args:
        samples: n, responses per problem; each at least `most`.
        correct: c, right ones among them.
        most: Largest k.

    Returns:
        Shape [problems, most].

    Raises:
        InputError: If a problem has fewer than `most` responses.
    """
    n, c = checked_counts(samples, correct, most, f"pass@1 to pass@{most}")
    # Problems share their counts: 10,000 of them with 128 responses have 129 different rows.
    different, which = np.unique(np.stack([n, c], axis=1), axis=0, return_inverse=True)
    all_n, wrong, i = different[:, :1], different[:, :1] - different[:, 1:], np.arange(most)
    values = 1.0 - np.cumprod(np.clip(wrong - i, 0, None) / (all_n - i), axis=1)
    found: np.ndarray = values[which.reshape(-1)]
    return found


def over_every_k(
    arm: str, reference: str, first: Sequence[np.ndarray], second: Sequence[np.ndarray], level: float = 0.95, draws: int = DRAWS
) -> EveryK:
    """Both curves and their difference, each with its band.

    Args:
        arm: Name of the first.
        reference: Name of the second.
        first: By seed, shape [problems, k].
        second: Likewise, problems in the same order; seeds need not be as many.
        level: Of each band.
        draws: Of the process over k.
    """
    a, b = np.stack(first), np.stack(second)
    mine, theirs = (simultaneous_band(one, level=level, draws=draws) for one in (a, b))
    return EveryK(arm, reference, mine, theirs, simultaneous_band(a, b, level, draws))


def simultaneous_band(
    first: np.ndarray, second: np.ndarray | None = None, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Band:
    """A sup-t band over every k, by a Gaussian multiplier bootstrap over problems and, given several, seeds.

    The mean at k has the standard error s(k) of `paired_difference`. With multipliers g, standard normal, a draw is
    `Z(k) = (sum_i g_i r_i(k) + sum_s g_s m_s(k)) / s(k)`: r_i is problem i's paired difference less the mean, m_s the mean of
    seed s less that of its arm, both scaled to their parts of the variance. The band is `mean -+ t(k) s(k)`: the level q of
    `max over k of |Z|` (Montiel Olea and Plagborg-Moller 2019) gives one tail for all k, and t(k) is Student's quantile for
    that tail with Satterthwaite's degrees of freedom at k, counted with care where seeds are few. At one k alone and with one
    seed it is the plain interval.

    Sums of Gaussian multipliers are Gaussian with the covariance of the rows, so Z is drawn from that: no draw touches the
    problems, and 10,000 of them cost as little as ten.

    Args:
        first: Shape [seeds, problems, k].
        second: Likewise, to be subtracted; None for the curve of `first` alone.
        level: Chance that the band holds at all k.
        draws: Of Z.
        seed: Of the draws.

    Raises:
        InputError: If the arms have different problems or budgets, or there is no problem.
    """
    arms = [first] if second is None else [first, second]
    if first.shape[1:] != arms[-1].shape[1:] or not first.shape[1]:
        raise InputError(
            f"The arms have {first.shape[1]} problems at {first.shape[2]} budgets, and {arms[-1].shape[1]} at "
            f"{arms[-1].shape[2]}; a band needs the same ones, and at least one problem."
        )
    paired = first.mean(0) - (0.0 if second is None else second.mean(0))
    mean, least = paired.mean(0), 0.0 if second is None else -1.0
    plain = float(norm.ppf((1 + level) / 2))
    if len(paired) < 2:
        nothing = np.full_like(mean, np.nan)
        return Band(mean, nothing, nothing, level, plain)
    parts, degrees = _careful_parts(arms)
    variance = np.asarray(sum(parts))
    moving = np.flatnonzero(variance > ROUNDING**2)
    error = np.zeros_like(mean)
    critical = plain
    if moving.size:
        error[moving] = np.sqrt(variance[moving])
        rows = _rows(arms, paired, parts[-1])[:, moving] / error[moving]
        critical = max(plain, float(np.quantile(_suprema(rows.T @ rows, draws, seed), level)))
        error[moving] *= student.isf(norm.sf(critical), degrees[moving])
    return Band(mean, np.clip(mean - error, least, 1.0), np.clip(mean + error, least, 1.0), level, critical)


def _careful_parts(arms: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """`variance_parts`, with doubt where seeds are few, and Satterthwaite's degrees of freedom, each of shape [k].

    Seeds that happened to look alike make a band narrow and count many degrees of freedom at once. So degrees are counted as if
    seeds varied by the upper bound `V_seeds f / chi2(0.3, f)`, which the truth passes in 30 %: with the estimate itself, three
    seeds against the base policy held the truth at every k in 91 to 93 %. And two seeds are never taken to vary less than
    their noise alone would have them: 85 % without, for one degree of freedom is nearly 0 too often.
    """
    parts = variance_parts(arms)
    several = [arm for arm in arms if len(arm) > 1]
    lacking = [
        np.maximum(seed_noise(arm) - part, 0.0) for arm, (part, free) in zip(several, parts[:-1], strict=True) if free == 1
    ]
    last, most = parts[-1][0] + sum(lacking), parts[-1][1]
    upper = [(part * free / chi2.ppf(DOUBT if free > 1 else DOUBT_OF_TWO, free), free) for part, free in parts[:-1]] + [
        (last, most)
    ]
    whole = np.asarray(sum(part for part, _ in upper))
    shares = [(np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0), free) for part, free in upper]
    weight = np.asarray(sum(share**2 / free for share, free in shares))
    degrees = np.divide(1.0, weight, out=np.full_like(weight, most), where=weight > 0)
    return [*(part for part, _ in parts[:-1]), last], degrees


def _rows(arms: Sequence[np.ndarray], paired: np.ndarray, beyond_noise: np.ndarray) -> np.ndarray:
    """What the multipliers multiply: seeds, then problems, of shape [rows, k]; squares of a column add up to its variance."""
    problems = len(paired)
    over_problems = paired.var(0, ddof=1) / problems
    share = np.sqrt(np.divide(beyond_noise, over_problems, out=np.zeros_like(over_problems), where=over_problems > 0))
    means = [arm.mean(1) for arm in arms if len(arm) > 1]
    seeds = [(mean - mean.mean(0)) / np.sqrt(len(mean) * (len(mean) - 1)) for mean in means]
    return np.concatenate([*seeds, (paired - paired.mean(0)) / np.sqrt(problems * (problems - 1)) * share])


def _suprema(correlations: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """The largest |Z| over k of each draw, where Z is Gaussian with these correlations."""
    values, vectors = np.linalg.eigh(correlations)
    kept = values > 1e-9 * values[-1]  # neighbours among budgets are nearly the same: 128 of them have about 20 directions
    roots = (vectors[:, kept] * np.sqrt(values[kept])).T
    rng = np.random.default_rng(seed)
    pieces = [min(1000, draws - start) for start in range(0, draws, 1000)]
    return np.concatenate([np.abs(rng.standard_normal((size, len(roots))) @ roots).max(1) for size in pieces])
