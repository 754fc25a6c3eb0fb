from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import kendalltau

from asym_lit.evaluation.visits import spread_p_value, std_beyond_luck, trends


def test_a_trend_by_hand_without_and_with_ties():
    # 0 1 2 3 4: S = 10, variance 5*4*15/18 = 16.667, z = 9/4.0825 = 2.2045
    z, p = trends(np.full(5, 4), np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 2, 2, 2, 2]]))
    assert z == pytest.approx([2.2045, -2.2045, 0], abs=1e-4)
    assert p == pytest.approx([0.02749, 0.02749, 1], abs=1e-5)
    # 0 0 1 1: S = 4, variance (4*3*13 - 2*(2*1*9))/18 = 120/18, z = 3/2.582
    assert trends(np.full(4, 1), np.array([[0, 0, 1, 1]]))[0] == pytest.approx([1.1619], abs=1e-4)


def test_the_variance_of_the_trend_is_that_over_all_orders():
    values = np.array([0, 0, 1, 2, 2, 2, 5])
    rng = np.random.default_rng(0)
    orders = np.array([rng.permutation(values) for _ in range(20000)])
    scores = np.array([np.sign(o[None, :] - o[:, None])[np.triu_indices(7, 1)].sum() for o in orders])
    # 7*6*19 = 798, less 2*1*9 and 3*2*11: 714 / 18
    assert scores.var() == pytest.approx(714 / 18, rel=0.03)
    z, _ = trends(np.full(7, 5), orders[:50])
    expected = np.sign(scores[:50]) * np.maximum(np.abs(scores[:50]) - 1, 0) / np.sqrt(714 / 18)
    assert z == pytest.approx(expected)


def test_a_trend_agrees_in_sign_with_kendalls_tau():
    rng = np.random.default_rng(1)
    correct = rng.integers(0, 9, (20, 15))
    z, _ = trends(np.full(15, 8), correct)
    taus = np.array([kendalltau(range(15), row).statistic for row in correct])
    assert np.all((np.sign(z) == np.sign(taus)) | (z == 0))


def exact_tail(samples, seen):
    """P(T >= seen's) over all ways to deal the right responses out."""
    total, weight, tail = sum(seen), 0, 0
    of = sum(c * c / n for c, n in zip(seen, samples, strict=True))
    for other in product(*(range(n + 1) for n in samples)):
        if sum(other) == total:
            ways = int(np.prod([comb(n, c) for n, c in zip(samples, other, strict=True)]))
            weight += ways
            tail += ways * (sum(c * c / n for c, n in zip(other, samples, strict=True)) >= of - 1e-9)
    return tail / weight


@pytest.mark.parametrize("seen", [(8, 0, 4, 1, 5), (4, 3, 4, 3, 4), (7, 6, 1, 2, 3), (0, 0, 3, 0, 0), (8, 8, 8, 4, 4)])
def test_the_tail_of_the_spread_is_near_the_exact_one(seen):
    found = spread_p_value(np.full(5, 8), np.array([seen]))[0]
    exact = exact_tail((8,) * 5, seen)
    assert found == pytest.approx(exact, abs=0.03)
    assert exact / 5 < found < 5 * exact or exact < 1e-6


def test_spread_raises_no_more_false_alarms_than_it_says():
    rng = np.random.default_rng(2)
    for p, samples in ((0.02, np.full(50, 8)), (0.5, np.full(50, 8)), (0.9, rng.integers(4, 9, 30))):
        found = spread_p_value(samples, rng.binomial(samples, p, (4000, len(samples))))
        assert 0.008 < (found <= 0.05).mean() < 0.06


def test_visits_that_cannot_differ_have_no_spread():
    assert spread_p_value(np.full(3, 8), np.array([[0, 0, 0], [8, 8, 8]])).tolist() == [1, 1]
    assert spread_p_value(np.array([8]), np.array([[3]])).tolist() == [1]


def test_luck_is_taken_out_of_the_spread():
    # shares 0 and 1 have no luck in them: var 0.5 with ddof 1
    assert std_beyond_luck(np.array([8, 8]), np.array([0, 8])) == pytest.approx(0.5**0.5)
    # shares .5 twice: luck .25 / 7 each is more than there is
    assert std_beyond_luck(np.array([8, 8]), np.array([4, 4])) == 0
    rng = np.random.default_rng(3)
    chances = rng.choice([0.3, 0.7], 20000)  # std 0.2
    assert std_beyond_luck(np.full(20000, 8), rng.binomial(8, chances)) == pytest.approx(0.2, abs=0.003)


@pytest.mark.parametrize(("samples", "correct"), [([8], [3]), ([8, 1], [3, 1])])
def test_without_two_visits_of_two_responses_luck_cannot_be_told(samples, correct):
    assert np.isnan(std_beyond_luck(np.array(samples), np.array(correct)))
