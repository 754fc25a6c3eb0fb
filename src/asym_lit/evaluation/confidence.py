"""Does a policy know what it knows? How its own confidence in a response agrees with whether the response is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asym_lit.types import InputError


@dataclass(frozen=True)
class ConfidenceBin:
    """Responses of like confidence."""

    responses: int
    confidence: float
    """Mean."""
    right: float
    """Share."""


@dataclass(frozen=True)
class Calibration:
    """Of a policy's confidence."""

    brier: float
    """`mean (f - y)^2` (Brier 1950): 0 is best, 1/4 is what 1/2 for everything gets."""
    expected_error: float
    """Expected calibration error: mean over responses of |share right - mean confidence| of their bin."""
    over: float
    """Mean confidence less share right: above 0 it is too sure of itself."""
    ranking: float
    """Chance that a right response has more confidence than a wrong one, ties half (area under ROC); NaN if all are alike."""
    bins: list[ConfidenceBin]


def calibration(confidence: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray, bins: int = 10) -> Calibration:
    """How confidences agree with verdicts, over responses in bins of equally many.

    Bins of equal width leave most of them empty where a policy says 0.99 of nearly everything (arXiv 1909.10155); equal
    confidences are never parted, so bins may be fewer and unlike. The expected error is biased upward by the noise of bins: a
    perfectly calibrated policy has about `sqrt(2 / pi) mean sqrt(p (1 - p) bins / N)`.

    Args:
        confidence: f of each response, in [0, 1]: such as the share of votes of its answer, or exp of its mean log-prob.
        right: Verdict of each.
        bins: How many.

    Raises:
        InputError: If there is no response, numbers differ or a confidence is no chance.
    """
    f, y = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if f.shape != y.shape or not f.size or f.ndim != 1 or bins < 1:
        raise InputError(
            f"{f.size} confidences of {y.size} verdicts in {bins} bins; allowed: one of each, and one bin at least."
        )
    if not np.all((f >= 0) & (f <= 1)):
        bad = int(np.flatnonzero(~((f >= 0) & (f <= 1)))[0])
        raise InputError(f"confidence {bad} is {f[bad]}; allowed: 0 to 1. Take exp of log-probs.")
    if not np.all((y == 0) | (y == 1)):
        raise InputError("A verdict is neither right (1) nor wrong (0); leave out undecided responses.")
    edges = np.unique(np.quantile(f, np.arange(1, bins) / bins, method="inverted_cdf"))
    place = np.searchsorted(edges, f, side="left")
    parts = [(f[place == i], y[place == i]) for i in np.unique(place)]
    found = [ConfidenceBin(len(part), float(part.mean()), float(of.mean())) for part, of in parts]
    error = sum(one.responses * abs(one.right - one.confidence) for one in found) / f.size
    return Calibration(float(((f - y) ** 2).mean()), error, float(f.mean() - y.mean()), _ranking(f, y), found)


def _ranking(f: np.ndarray, y: np.ndarray) -> float:
    """Mann and Whitney's statistic over the number of pairs."""
    from scipy.stats import rankdata

    right, wrong = int(y.sum()), int((1 - y).sum())
    if not right or not wrong:
        return float("nan")
    return float((rankdata(f)[y == 1].sum() - right * (right + 1) / 2) / (right * wrong))
