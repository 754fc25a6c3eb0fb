"""Statistics of one problem's visits: a trend, a spread beyond luck. What they say of a run is in `histories`."""

from __future__ import annotations

import numpy as np
from scipy.stats import gamma, norm


def trends(samples: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mann's and Kendall's rank test of a trend over visits, two-sided.

    S counts pairs of visits that rise less those that fall. With nothing but chance in their order it has mean 0 and variance
    `(V (V-1) (2V+5) - sum over ties t (t-1) (2t+5)) / 18` (Kendall 1975); z is S, one step nearer to 0, over its root. Equal
    numbers of responses make it exact but for the normal tail; with a few less at some visits it is near.

    Args:
        samples: Responses [V].
        correct: Right ones, [R, V] for R histories of the same visits.

    Returns:
        z [R], which is 0 where all visits are alike, and p [R], which is 1 there.
    """
    shares = correct / samples
    visits = shares.shape[1]
    later = np.triu(np.ones((visits, visits), dtype=bool), 1)
    steps = np.sign(shares[:, None, :] - shares[:, :, None])
    score = (steps * later).sum((1, 2))
    # A run of t equal visits has t^2 equal pairs: of (2t+5)(t-1) each member gets its share, so no runs need to be named.
    alike = (steps == 0).sum(2)
    variance = (visits * (visits - 1) * (2 * visits + 5) - ((alike - 1) * (2 * alike + 5)).sum(1)) / 18
    z = np.sign(score) * np.maximum(np.abs(score) - 1, 0) / np.sqrt(np.where(variance > 0, variance, 1))
    return z, 2 * norm.sf(np.abs(z))


def spread_p_value(samples: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """The chance that visits of one chance vary as much, given how many responses were right in all.

    Pearson's statistic is, but for constants, `T = sum of c_v^2 / n_v`. Given the total its first two moments are exact, by
    the factorial moments of the multivariate hypergeometric, `E prod (c_v)_r = (K)_R / (N)_R prod (n_v)_r`. A gamma with these
    moments gives the tail, begun at the least that T can be with whole c_v: their squares are at least `(2q+1) c - q (q+1)`.

    Args:
        samples: Responses n_v, [V].
        correct: Right ones c_v, [R, V].

    Returns:
        p [R]; 1 where there is one visit, or all or none are right.
    """
    n, total = samples.astype(np.float64), float(samples.sum())
    right = correct.sum(1).astype(np.float64)
    moment = np.ones_like(right)
    f = []
    for r in range(4):  # (K)_R / (N)_R for R = 1 to 4; 0 where more are asked for than there are
        moment = moment * (right - r) / max(total - r, 1)
        f.append(np.maximum(moment, 0))
    visits = len(n)
    mean = f[1] * (n - 1).sum() + f[0] * visits
    fourth = (n - 1) * (n - 2) * (n - 3) / n * f[3][:, None] + 6 * (n - 1) * (n - 2) / n * f[2][:, None]
    fourth = fourth + 7 * (n - 1) / n * f[1][:, None] + f[0][:, None] / n
    less = (n - 1).sum()
    pairs = f[3] * (less**2 - ((n - 1) ** 2).sum()) + f[2] * 2 * (visits - 1) * less + f[1] * visits * (visits - 1)
    variance = fourth.sum(1) + pairs - mean**2
    each = np.floor(right / visits)
    least = ((2 * each + 1) * right - each * (each + 1) * visits) / n.max()
    seen = (correct**2 / n).sum(1) - 1 / n.max()  # T goes by steps of 2 / n: the tail begins half a step below
    varies = (variance > 1e-9 * np.maximum(mean, 1) ** 2) & (mean > least)
    room = np.where(varies, mean - least, 1.0)
    scale = np.where(varies, variance, 1.0) / room
    p = gamma.sf(np.maximum(seen - least, 0), room / scale, scale=scale)
    return np.where(varies, p, 1.0)


def std_beyond_luck(samples: np.ndarray, correct: np.ndarray) -> float:
    """Standard deviation of a problem's chance over visits.

    The variance of the shares less what responses of a chance add to it, `a (1 - a) / (n - 1)` at a visit with share a, which
    is unbiased; 0 where that is more.

    Args:
        samples: Responses [V].
        correct: Right ones [V].

    Returns:
        It; NaN with one visit, or where a visit has one response.
    """
    if len(samples) < 2 or samples.min() < 2:
        return float("nan")
    shares = correct / samples
    luck = float(np.mean(shares * (1 - shares) / (samples - 1)))
    return float(np.sqrt(max(float(shares.var(ddof=1)) - luck, 0.0)))
