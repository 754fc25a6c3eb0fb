"""Two arms on the same problems, with training seeds as a second level; and many such tests at once.

One arm alone: `intervals`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import logit
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from asym_lit.evaluation.degrees import degrees_of
from asym_lit.types import InputError

Correction = Literal["holm", "fdr", "none"]
FEWEST_SEEDS = 3
"""Of an arm with several, for an interval: with two, no rule we know of raises 4 to 6 % false alarms (Welch's: 5 to 16)."""
CEILING, SEEDS_AT_CEILING = 0.97, 8
"""With fewer seeds of the one arm whose seeds vary, and its mean share of solved problems above: no interval. Seeds scatter so
askew there that Student's t raises 7 to 8 % of false alarms with three. Against other seeds it is cautious: 0 to 3 %."""
SURE = 1.28
"""Standard errors beyond the noise from which what problems vary counts: of nothing, 0.18 of one is counted on average, 0.4
with 0. That was 4 to 7 % of the variance at large k, where noise is most of it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the first arm has more than the second, averaged over problems and seeds."""

    mean: float
    low: float
    high: float
    p: float
    """Two-sided; NaN with a single problem or too few seeds, and the bounds likewise."""
    degrees: float
    """Of freedom; 0 with a single problem."""
    error: float = float("nan")
    """Standard; NaN where there is no interval."""

    @property
    def few_seeds(self) -> bool:
        """Whether an arm has too few seeds to say how others would come out, and more than one policy to speak of."""
        return bool(np.isnan(self.p)) and self.degrees > 0


def paired_difference(
    first: Sequence[Sequence[float]] | np.ndarray,
    second: Sequence[Sequence[float]] | np.ndarray,
    level: float = 0.95,
    second_untrained: bool = False,
) -> Difference:
    """The difference of two arms' means, with an interval for other problems and, given several, other seeds.

    Problems are crossed with seeds. `V = sum over arms of V_seeds + max(V_problems - sum over arms of V_both, 0)`: what an
    arm's seeds vary in their means, which holds the noise of responses too, plus what problems vary in the paired
    differences beyond that noise (two-way clustering, Cameron, Gelbach and Miller 2011). An arm with one seed adds no
    `V_seeds` and no `V_both`: its noise stays in `V_problems`. With one seed in both, interval and p are about these two
    trained policies, not the methods.

    Interval and p come from Student's t with the degrees of freedom of `degrees_of`. An arm with two seeds is refused, and so
    is one with fewer than eight near the ceiling, a mean above 0.97, where its seeds alone vary: p and bounds are NaN. The
    seeds of a second arm that was not trained are draws of one policy, and are averaged first.

    Args:
        first: Shape [seeds, problems]: one estimate for each, problems in the same order.
        second: Likewise; seeds need not be as many, nor the same.
        level: Of the interval.
        second_untrained: The second arm is the base policy: its seeds are draws of one policy.

    Raises:
        InputError: If the arms have different problems.
    """
    arms = [np.atleast_2d(np.asarray(arm, dtype=np.float64)) for arm in (first, second)]
    problems = arms[0].shape[1]
    if arms[1].shape[1] != problems or not problems:
        raise InputError(
            f"The arms have {problems} and {arms[1].shape[1]} problems; a paired difference needs the same ones, at least one."
        )
    if second_untrained:
        arms[1] = arms[1].mean(0, keepdims=True)
    mean, unknown = float((arms[0].mean(0) - arms[1].mean(0)).mean()), float("nan")
    if problems < 2 or says_too_little(arms):
        return Difference(mean, unknown, unknown, unknown, float(problems > 1))
    parts = [(float(part), free) for part, free in variance_parts(arms)]
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0, float(problems - 1), 0.0)
    degrees, error = float(degrees_of(parts)), variance**0.5
    width = float(student.ppf((1 + level) / 2, degrees)) * error
    return Difference(mean, mean - width, mean + width, float(2 * student.sf(abs(mean) / error, degrees)), degrees, error)


def says_too_little(arms: Sequence[np.ndarray]) -> bool:
    """Whether arms, of shape [seeds, problems], have too few seeds for an interval at one budget."""
    several = [arm for arm in arms if len(arm) > 1]
    near = len(several) == 1 and bool(several[0].mean() > CEILING) and are_shares(arms)
    return any(len(arm) < (SEEDS_AT_CEILING if near else FEWEST_SEEDS) for arm in several)


def are_shares(arms: Sequence[np.ndarray]) -> bool:
    """Whether all values lie from 0 to 1, as a pass@k does."""
    return all(float(arm.min()) >= 0 and float(arm.max()) <= 1 for arm in arms)


def few_seeds_notes(seeds: Mapping[str, int]) -> list[str]:
    """What a reader must know of arms with two seeds.

    Args:
        seeds: By arm.
    """
    few = [name for name, count in seeds.items() if 1 < count < FEWEST_SEEDS]
    if not few:
        return []
    return [
        f"Two seeds: {', '.join(few)}. That is too few to say how others would come out: at one budget alone no interval and "
        "no p-value is given. The band over every k takes seeds into account as far as two can tell; in simulated studies it "
        "held in 93 to 98 %, not 95 %. Make a third seed."
    ]


def variance_parts(arms: Sequence[np.ndarray]) -> list[tuple[np.ndarray, int]]:
    """What makes up the variance of a difference of means: `V_seeds` of each arm with several, then that of problems, last.

    Args:
        arms: One or two, each of shape [seeds, problems, ...]; one stands for its difference from nothing.

    Returns:
        Each part, of shape [...], and its degrees of freedom. Their sum is the squared standard error.
    """
    problems = arms[0].shape[1]
    paired = arms[0].mean(0) - (arms[1].mean(0) if len(arms) > 1 else 0.0)
    over_problems = paired.var(0, ddof=1) / problems
    several = [arm for arm in arms if len(arm) > 1]
    seeds = [(arm.mean(1).var(0, ddof=1) / len(arm), len(arm) - 1) for arm in several]
    if len(several) == 1 and len(arms) > 1 and are_shares(arms):
        seeds = [(_in_logits(several[0], np.asarray(sum(arm.mean((0, 1)) for arm in arms) / 2), seeds[0][0]), seeds[0][1])]
    noise = np.asarray(sum(map(seed_noise, several)))
    beyond_noise = np.maximum(over_problems - noise, 0.0)
    if len(several) == 2:  # of an arm with one seed `noise` knows nothing, so its own lies in what is beyond, and counts
        beyond_noise = np.where(beyond_noise > SURE * np.sqrt(2 / (problems - 1)) * noise, beyond_noise, 0.0)
    whole = beyond_noise + sum(part for part, _ in seeds)
    # But for rounding, the means of seeds are all alike: they say nothing of other seeds.
    alike = whole <= 1e-12 * over_problems
    return [
        *((np.where(alike, 0.0, part), free) for part, free in seeds),
        (np.where(alike, over_problems, beyond_noise), problems - 1),
    ]


def _in_logits(arm: np.ndarray, middle: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """Variance of an arm's mean by its seeds, taken in logits and put back halfway to what it is held against.

    What seeds vary moves logits, so near the ceiling an arm above the other scatters less than one below, and a test with its
    own scatter raised 7 % of false alarms at 0.95 with three seeds. Beyond 0.03 and 0.97 logits of few problems say nothing.

    Args:
        arm: Shape [seeds, problems, ...].
        middle: Between the means of both arms, shape [...].
        plain: The variance of the means, which stands beyond.
    """
    least = 0.25 / arm.shape[1]
    slope = middle * (1 - middle)
    spread = logit(np.clip(arm.mean(1), least, 1 - least)).var(0, ddof=1) / len(arm)
    found: np.ndarray = np.where((middle > 1 - CEILING) & (middle < CEILING), slope**2 * spread, plain)
    return found


def seed_noise(arm: np.ndarray) -> np.ndarray:
    """Variance of an arm's mean that comes from neither problems nor seeds alone: `V_both`.

    Args:
        arm: Shape [seeds, problems, ...], two seeds at least.
    """
    seeds, problems = arm.shape[:2]
    residual = arm - arm.mean(0) - arm.mean(1, keepdims=True) + arm.mean((0, 1))
    found: np.ndarray = (residual**2).sum((0, 1)) / ((seeds - 1) * (problems - 1) * problems * seeds)
    return found


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
