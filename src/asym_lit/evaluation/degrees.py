"""Degrees of freedom of a difference of two arms, so that its test raises 5 % false alarms however few seeds there are.

What the parts are: `paired`. How the weights were found: `scripts/solve_degrees.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

TABLE = Path(__file__).with_name("degrees.json")
"""Weights by degrees of both arms' seeds: a 0 for an arm whose seeds do not vary."""
MOST = 9
"""Degrees of an arm's seeds that are in the table; more are looked up as so many."""
FLOOR = 0.5
"""Seeds that look alike in both arms count as at most twice the degrees of Satterthwaite's rule. Without a floor two arms of
three seeds that happened to vary the same would be tested as if their variance were known."""
POWERS = 4
"""Terms of lower degree make up the polynomial."""


def degrees_of(parts: Sequence[tuple[Any, int]]) -> np.ndarray:
    """Degrees of freedom of a sum of variances, as a test of 5 % wants them.

    With one seed in both arms, those of the problems. Otherwise `1 / x` with `x = floor + (top - floor) sigmoid(w . features)`
    of the shares that the parts have of the whole. Satterthwaite's rule, `x = sum of share^2 / f`, takes the estimated shares
    for the true ones: three seeds of one arm raise up to 9 % false alarms at 5 % with it. The weights w were solved for:
    whatever the true shares are, normal seeds raise 4.4 to 5.6 % with three seeds in one arm and several in the other, 4.7 to
    5.2 % elsewhere.

    Args:
        parts: Of `variance_parts`; that of problems is last. Numbers, or arrays of one shape, which the degrees have too. Two
            degrees, three seeds, are the fewest.
    """
    (*seeds, (_, of_problems)) = parts
    whole = sum(part for part, _ in parts)
    if not seeds:
        return np.full_like(np.asarray(whole, dtype=np.float64), of_problems)
    shares = sorted(((np.asarray(part / whole), free) for part, free in seeds), key=lambda one: one[1])
    (one, first), (two, second) = (*shares, (np.zeros_like(shares[0][0]), 0))[:2]
    floor, top = bounds(one, two, first, second, of_problems)
    first, second = min(first, MOST), min(second, MOST)
    logits = features(one, two, first, second) @ np.array(_table()[f"{first},{second}"])
    found: np.ndarray = 1 / (floor + (top - floor) / (1 + np.exp(-logits)))
    return found


def bounds(one: np.ndarray, two: np.ndarray, first: int, second: int, of_problems: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that `1 / degrees` may be.

    Args:
        one: Share of the first arm's seeds in the variance.
        two: Of the second's.
        first: Degrees of the first arm's seeds.
        second: Of the second's, no fewer; 0 if they do not vary.
        of_problems: Degrees of the part of problems.
    """
    of_seeds = one**2 / first + (two**2 / second if second else 0.0)
    floor = FLOOR * of_seeds + (1 - one - two) ** 2 / of_problems
    return floor, np.maximum(floor, 1 / first)


def features(one: np.ndarray, two: np.ndarray, first: int, second: int) -> np.ndarray:
    """Products of powers of the shares, of shape [..., terms]; in what the arms have together where they have as many seeds."""
    if not second:
        return np.stack([one**a for a in range(POWERS)], -1)
    x, y = (one + two, 4 * one * two) if first == second else (one, two)
    return np.stack([x**a * y**b for a in range(POWERS + (first != second)) for b in range(POWERS + (first != second) - a)], -1)


@cache
def _table() -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(TABLE.read_text("utf-8"))
    return found
