"""Degrees of freedom that make a test of 5 % raise 5 %."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import chi2
from scipy.stats import t as student
from scipy.stats.qmc import Sobol

from asym_lit.evaluation.degrees import degrees_of


def test_without_several_seeds_degrees_are_those_of_the_problems():
    assert degrees_of([(0.3, 79)]) == 79


def test_seeds_alone_count_themselves_and_problems_alone_count_themselves():
    assert degrees_of([(1.0, 2), (0.0, 149)]) == pytest.approx(2, rel=0.06)
    assert degrees_of([(1.0, 7), (0.0, 149)]) == pytest.approx(7, rel=0.06)
    assert degrees_of([(0.0, 4), (0.0, 4), (1.0, 149)]) > 60  # a bound of at most 2.00, where 1.98 would do


def test_the_order_of_the_arms_does_not_matter():
    assert degrees_of([(0.2, 2), (0.5, 6), (0.3, 99)]) == degrees_of([(0.5, 6), (0.2, 2), (0.3, 99)])
    assert degrees_of([(0.2, 4), (0.5, 4), (0.3, 99)]) == pytest.approx(degrees_of([(0.5, 4), (0.2, 4), (0.3, 99)]))


def test_many_may_be_counted_at_once():
    parts = [(np.array([0.1, 0.4]), 2), (np.array([0.2, 0.1]), 2), (np.array([0.3, 0.3]), 99)]
    first, second = degrees_of(parts)
    assert first == pytest.approx(float(degrees_of([(0.1, 2), (0.2, 2), (0.3, 99)])))
    assert second == pytest.approx(float(degrees_of([(0.4, 2), (0.1, 2), (0.3, 99)])))


@pytest.mark.parametrize(
    ("seeds", "problems", "allowed"),
    [
        ((3,), 150, (0.047, 0.053)),
        ((5,), 30, (0.047, 0.053)),
        ((20,), 1000, (0.047, 0.053)),
        ((3, 3), 150, (0.044, 0.057)),
        ((3, 3), 30, (0.044, 0.057)),
        ((3, 6), 1000, (0.044, 0.057)),
        ((4, 4), 150, (0.047, 0.053)),
        ((5, 5), 150, (0.047, 0.053)),
        ((4, 12), 150, (0.045, 0.055)),
        ((15, 20), 150, (0.045, 0.055)),
    ],
)
def test_whatever_the_true_shares_are_the_test_raises_five_percent(seeds, problems, allowed):
    free = [*(count - 1 for count in seeds), problems - 1]
    uniform = np.clip(Sobol(3, seed=1).random(2048), 1e-9, 1 - 1e-9)
    estimates = [chi2.ppf(uniform[:, i], f) / f for i, f in enumerate(free)]
    shares = np.array(np.meshgrid(*[np.linspace(0, 1, 6)] * (len(free) - 1))).reshape(len(free) - 1, -1).T
    for true in shares[shares.sum(1) <= 1]:
        parts = [part * one for part, one in zip([*true, 1 - true.sum()], estimates, strict=True)]
        bound = student.ppf(0.975, degrees_of(list(zip(parts, free, strict=True))))
        alarms = float((2 * ndtr(-bound * np.sqrt(sum(parts)))).mean())
        assert allowed[0] < alarms < allowed[1], (true, alarms)
