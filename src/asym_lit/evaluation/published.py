"""What a published table of means can show: bands for differences of pass@k without counts per problem.

A table says pass@k of two arms on M problems, nothing of single problems. How sure a difference is hangs on how many
problems the arms differ on, so bands are made under four assumptions of it, from the least to the most favourable. All are
about other problems like these and other responses; that another training run may end elsewhere, no table of one run holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, t

from asym_lit.evaluation.simultaneous import pass_at_every_k
from asym_lit.types import InputError


class Assumption(StrEnum):
    """How two arms lie to each other on the problems of a set."""

    OPPOSED = "opposed"
    """As many problems as the two means allow are right in one arm alone. No set of problems varies more: `E d^2 <= E |d| <=
    min(a + b, 2 - a - b)` for d in [-1, 1]."""
    INDEPENDENT = "independent"
    """Problems are solved whole, in each arm without regard to the other."""
    MEASURED = "measured"
    """Problems vary, and go together in both arms, as counts of a base model and its RL child do."""
    NESTED = "nested"
    """Problems are solved whole, and one arm solves all that the other does. At k = n, where a problem is right or is
    not, no set varies less; below it, differences that are spread evenly over problems may."""


@dataclass(frozen=True)
class PublishedPair:
    """Two cells of a table: pass@k of an arm and of what it is held against."""

    benchmark: str
    problems: int
    arm: float
    """Share, 0 to 1."""
    reference: float
    k: int
    samples: int
    """n, responses to a problem."""

    def __post_init__(self) -> None:
        if not (0 <= self.arm <= 1 and 0 <= self.reference <= 1):
            raise InputError(f"{self.benchmark}: pass@{self.k} is {self.arm} and {self.reference}; allowed: shares, 0 to 1.")
        if self.problems < 2 or not 1 <= self.k <= self.samples:
            raise InputError(
                f"{self.benchmark}: {self.problems} problems, k = {self.k} of n = {self.samples}; allowed: 2 problems or more, "
                "k from 1 to n."
            )

    @property
    def difference(self) -> float:
        """Of the arm, less the reference."""
        return self.arm - self.reference


@dataclass(frozen=True)
class Spread:
    """How problems vary in two measured arms at one k."""

    arm: float
    """Variance of the problems' pass@k in units of `P (1 - P)`, which it has where problems are solved whole."""
    reference: float
    correlation: float


def measured_spreads(reference: np.ndarray, arm: np.ndarray) -> list[Spread]:
    """How two arms with counts vary and go together, at every k from 1 to n.

    Args:
        reference: n and c of each problem [P, 2].
        arm: Of the same problems.
    """
    most = int(min(reference[:, 0].min(), arm[:, 0].min()))
    tables = [pass_at_every_k(one[:, 0], one[:, 1], most) for one in (arm, reference)]
    shares = [table.var(0) / (table.mean(0) * (1 - table.mean(0))) for table in tables]
    together = [float(np.corrcoef(tables[0][:, k], tables[1][:, k])[0, 1]) for k in range(most)]
    return [Spread(float(a), float(b), rho) for a, b, rho in zip(*shares, together, strict=True)]


def difference_band(
    pair: PublishedPair, assumption: Assumption, spreads: Sequence[Spread], level: float = 0.95
) -> tuple[float, float]:
    """The band of a difference under an assumption.

    Where problems are solved whole, Tango's score interval (1998) of a paired difference of shares; it lies across 0 exactly
    where McNemar's test, without correction, finds nothing. `measured` is that too where k is more than half of n, with as
    many problems apart as the correlation of the measured arms at their own n makes; below, it is Student's interval with their
    variance at the same k, or at half of their n where k is larger.

    Args:
        pair: The two cells.
        assumption: Of how the arms lie to each other.
        spreads: Of measured arms, at k = 1, 2, ...
        level: Of the band.
    """
    a, b, m = pair.arm, pair.reference, pair.problems
    if assumption == Assumption.MEASURED and 2 * pair.k <= pair.samples:
        at = spreads[min(pair.k, max(len(spreads) // 2, 1)) - 1]
        of_arm, of_reference = at.arm * a * (1 - a), at.reference * b * (1 - b)
        variance = of_arm + of_reference - 2 * at.correlation * sqrt(of_arm * of_reference)
        reach = float(t.ppf((1 + level) / 2, m - 1)) * sqrt(variance / (m - 1))
        return max(a - b - reach, -1.0), min(a - b + reach, 1.0)
    together = spreads[-1].correlation * sqrt(a * (1 - a) * b * (1 - b))
    apart = {
        Assumption.OPPOSED: min(a + b, 2 - a - b),
        Assumption.INDEPENDENT: a * (1 - b) + b * (1 - a),
        Assumption.MEASURED: max(a * (1 - b) + b * (1 - a) - 2 * together, abs(a - b)),
        Assumption.NESTED: abs(a - b),
    }[assumption]
    return tango((apart + a - b) / 2 * m, (apart - a + b) / 2 * m, m, level)


def tango(gained: float, lost: float, problems: float, level: float = 0.95) -> tuple[float, float]:
    """Tango's score interval of `(gained - lost) / problems` (Statistics in Medicine 17, 1998).

    A difference d is in it where `|gained - lost - M d| <= z sqrt(M (2 q + d (1 - d)))`, with q the likeliest share of lost
    problems given d, the larger root of `2 M q^2 + B q - lost d (1 - d)`, `B = -gained - lost + (2 M - gained + lost) d`.

    Args:
        gained: Problems that the first alone solves; need not be whole, for means of pass@k are not.
        lost: That the second alone solves.
        problems: M.
        level: Of the interval.
    """
    z, estimate = float(norm.ppf((1 + level) / 2)), (gained - lost) / problems

    def beyond(d: float) -> float:
        middle = -gained - lost + (2 * problems - gained + lost) * d
        root = sqrt(max(middle**2 + 8 * problems * lost * d * (1 - d), 0.0))
        q = (root - middle) / (4 * problems)
        return (gained - lost - problems * d) ** 2 - z**2 * problems * max(2 * q + d * (1 - d), 0.0)

    low = -1.0 if beyond(-1.0) <= 0 else brentq(beyond, -1.0, estimate)
    high = 1.0 if beyond(1.0) <= 0 else brentq(beyond, estimate, 1.0)
    return float(low), float(high)


def mean_band(pairs: Sequence[PublishedPair], bands: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Mean difference over sets of problems, with a band from those of the sets.

    Sets are apart, so distances from the differences to the ends of their bands add as squares do (MOVER, Zou and Donner
    2008).

    Args:
        pairs: One a set.
        bands: Of their differences.

    Returns:
        Mean, low, high.
    """
    differences = np.array([pair.difference for pair in pairs])
    low, high = (np.sqrt(np.sum((differences - np.array(ends)) ** 2)) for ends in zip(*bands, strict=True))
    mean, count = float(differences.mean()), len(pairs)
    return mean, mean - float(low) / count, mean + float(high) / count


class Standing(StrEnum):
    """What becomes of a claim under the four assumptions."""

    STANDS = "stands"
    """Shown under all of them."""
    DEPENDS = "depends"
    """Shown under some."""
    NOISE = "within noise"
    """Shown under none."""
    AGAINST = "against it"
    """The table has the other sign, shown under one of them at least."""


def standing(bands: Mapping[Assumption, tuple[float, float]], above: bool) -> Standing:
    """Of a claim that a difference is above 0, or below it.

    Args:
        bands: By assumption.
        above: Which.
    """
    shown = [low > 0 if above else high < 0 for low, high in bands.values()]
    other = [high < 0 if above else low > 0 for low, high in bands.values()]
    if all(shown):
        return Standing.STANDS
    if any(other):
        return Standing.AGAINST
    return Standing.DEPENDS if any(shown) else Standing.NOISE


def least_shown(problems: int, reference: float, assumption: Assumption, spreads: Sequence[Spread], k: int, n: int) -> float:
    """The least difference above a reference that a set of problems can show under an assumption, in steps of 0.001.

    Args:
        problems: M.
        reference: Its pass@k.
        assumption: Of how the arms lie to each other.
        spreads: Of measured arms.
        k: Budget.
        n: Responses to a problem.

    Returns:
        It; NaN where not even a perfect arm would be shown.
    """
    for step in range(1, round(1000 * (1 - reference)) + 1):
        pair = PublishedPair("", problems, min(reference + step / 1000, 1.0), reference, k, n)
        if difference_band(pair, assumption, spreads)[0] > 0:
            return step / 1000
    return float("nan")
