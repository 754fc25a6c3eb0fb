from math import sqrt

import numpy as np
import pytest

from asym_lit.evaluation.published import (
    Assumption,
    PublishedPair,
    Spread,
    Standing,
    difference_band,
    least_shown,
    mean_band,
    measured_spreads,
    standing,
    tango,
)
from asym_lit.types import InputError

SPREADS = [Spread(0.7, 0.7, 0.9), Spread(1.0, 1.0, 0.8)]
WHOLE = (Assumption.OPPOSED, Assumption.INDEPENDENT, Assumption.NESTED)


def test_tangos_interval_of_one_pair_apart_among_44():
    # the contact lenses of Tango 1998: 0.023 [-0.060, 0.118]
    assert tango(1, 0, 44) == pytest.approx((-0.0600, 0.1184), abs=1e-3)
    assert tango(0, 1, 44) == pytest.approx((-0.1184, 0.0600), abs=1e-3)


def test_tangos_interval_excludes_0_where_mcnemars_statistic_passes_its_quantile():
    # (b - c)^2 / (b + c) against 1.96^2 = 3.8415: 4 to 0 gives 4, 3 to 0 gives 3, 10 to 3 gives 3.77, 11 to 3 gives 4.57
    assert tango(4, 0, 30)[0] > 0 and tango(3, 0, 30)[0] < 0
    assert tango(10, 3, 500)[0] < 0 < tango(11, 3, 500)[0]
    low, high = tango(20, 20, 200)
    assert low == pytest.approx(-high)
    assert high == pytest.approx(1.96 * sqrt(40) / 200, rel=0.03)


@pytest.mark.parametrize(("a", "b", "m"), [(0.7, 0.6, 30), (0.97, 0.93, 500), (0.1, 0.02, 40), (0.5, 0.5, 272)])
def test_bands_go_from_the_least_favourable_assumption_to_the_most(a, b, m):
    pair = PublishedPair("set", m, a, b, 8, 8)
    widths = [np.diff(difference_band(pair, one, SPREADS))[0] for one in WHOLE]
    assert widths == sorted(widths, reverse=True)
    for one in Assumption:
        low, high = difference_band(pair, one, SPREADS)
        assert -1 <= low <= a - b <= high <= 1


def test_no_set_of_whole_problems_has_a_wider_band_than_opposed_or_a_narrower_one_than_nested():
    rng = np.random.default_rng(0)
    for _ in range(50):
        arm, reference = rng.random((2, 60)) < rng.random((2, 1))
        gained, lost = int((arm & ~reference).sum()), int((reference & ~arm).sum())
        pair = PublishedPair("set", 60, float(arm.mean()), float(reference.mean()), 4, 4)
        true = np.diff(tango(gained, lost, 60))[0]
        most, least = (np.diff(difference_band(pair, one, SPREADS))[0] for one in (Assumption.OPPOSED, Assumption.NESTED))
        assert least - 1e-9 <= true <= most + 1e-9


def test_the_measured_band_by_hand():
    # variance 0.7 * (.25 + .24) - 2 * .9 * .7 * sqrt(.25 * .24); Student's 0.975 quantile at 99 degrees is 1.98422
    pair = PublishedPair("set", 100, 0.6, 0.5, 1, 8)
    reach = 1.98422 * sqrt((0.7 * 0.49 - 1.26 * sqrt(0.06)) / 99)
    assert difference_band(pair, Assumption.MEASURED, SPREADS) == pytest.approx((0.1 - reach, 0.1 + reach), abs=1e-5)


def test_above_half_of_n_the_measured_arms_correlation_says_how_many_problems_are_apart():
    # .6 * .5 + .5 * .4 = .5 apart if independent, less twice .8 * sqrt(.24 * .25)
    apart = 0.5 - 1.6 * sqrt(0.06)
    expected = tango(100 * (apart + 0.1) / 2, 100 * (apart - 0.1) / 2, 100)
    for k, n in ((1, 1), (8, 8), (5, 8), (256, 300)):
        band = difference_band(PublishedPair("set", 100, 0.6, 0.5, k, n), Assumption.MEASURED, SPREADS)
        assert band == pytest.approx(expected)
    at_half = difference_band(PublishedPair("set", 100, 0.6, 0.5, 4, 8), Assumption.MEASURED, SPREADS)
    assert at_half == difference_band(PublishedPair("set", 100, 0.6, 0.5, 1, 8), Assumption.MEASURED, SPREADS) != expected


def test_at_k_equal_to_n_no_assumption_is_narrower_than_nested():
    for a, b in ((0.8, 0.7), (0.99, 0.7), (0.02, 0.01)):
        bands = {one: difference_band(PublishedPair("set", 40, a, b, 8, 8), one, SPREADS) for one in Assumption}
        assert all(low <= bands[Assumption.NESTED][0] and high >= bands[Assumption.NESTED][1] for low, high in bands.values())


def test_spreads_are_those_of_the_counts():
    # at k = n = 2 problems are right or not: variance P (1 - P); at k = 1 shares 0, .5, 1, 1 have mean .625, variance .171875
    reference = np.array([[2, 0], [2, 1], [2, 2], [2, 2]])
    first, last = measured_spreads(reference, reference)
    assert (first.arm, first.correlation) == pytest.approx((0.171875 / (0.625 * 0.375), 1))
    assert (last.arm, last.reference) == pytest.approx((1, 1))


def test_a_mean_over_sets_is_surer_than_each():
    pairs = [PublishedPair("set", 100, 0.6, 0.5, 8, 8)] * 4
    band = difference_band(pairs[0], Assumption.NESTED, SPREADS)
    mean, low, high = mean_band(pairs, [band] * 4)
    assert mean == pytest.approx(0.1)
    assert (mean - low, high - mean) == pytest.approx(((0.1 - band[0]) / 2, (band[1] - 0.1) / 2))  # 4 sets: half as wide
    assert mean_band(pairs[:1], [band]) == pytest.approx((0.1, *band))


def test_a_claim_stands_where_every_assumption_shows_it():
    above, across, below = (0.01, 0.2), (-0.1, 0.2), (-0.2, -0.01)
    opposed, nested = Assumption.OPPOSED, Assumption.NESTED
    assert standing({opposed: above, nested: above}, above=True) == Standing.STANDS
    assert standing({opposed: across, nested: above}, above=True) == Standing.DEPENDS
    assert standing({opposed: across, nested: across}, above=True) == Standing.NOISE
    assert standing({opposed: across, nested: below}, above=True) == Standing.AGAINST
    assert standing({opposed: below, nested: below}, above=False) == Standing.STANDS


def test_thirty_problems_show_four_at_best():
    # nested at k = n: McNemar's 4 of 4 is 4 > 3.84, and 3.85 of 30 problems is 0.1283
    assert least_shown(30, 0.5, Assumption.NESTED, SPREADS, 8, 8) == pytest.approx(0.129)
    # opposed, 0.5 + d against 0.5: apart are 30 (1 - d), so 30 d > 1.96 sqrt(30 (1 - d)), first at d = 0.3: 9 > 8.98
    assert least_shown(30, 0.5, Assumption.OPPOSED, SPREADS, 8, 8) == pytest.approx(0.3)
    assert np.isnan(least_shown(30, 0.95, Assumption.NESTED, SPREADS, 8, 8))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((30, 1.2, 0.5, 1, 8), "allowed: shares"),
        ((1, 0.5, 0.5, 1, 8), "2 problems or more"),
        ((30, 0.5, 0.5, 9, 8), "k from 1 to n"),
    ],
)
def test_cells_that_cannot_be_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        PublishedPair("set", *given)
