import numpy as np
import pytest
from scipy.stats import t as student

from asym_lit.evaluation.intervals import beta_pass_at_k, bootstrap_mean
from asym_lit.evaluation.paired import adjusted, paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.types import InputError


def test_the_bootstrap_of_a_mean_has_the_width_of_its_standard_error():
    found = bootstrap_mean([0.0, 1.0] * 100)
    assert found.mean == 0.5
    # 1.96 sqrt(.25 / 200) = .0693
    assert (found.low, found.high) == (pytest.approx(0.4307, abs=0.006), pytest.approx(0.5693, abs=0.006))
    assert np.isnan(bootstrap_mean([0.5]).low)
    with pytest.raises(InputError, match="no problems"):
        bootstrap_mean([])


@pytest.mark.parametrize("k", [1, 8])
def test_bootstrap_intervals_cover_the_truth(k):
    """300 data sets of 150 problems x 16 responses; the benchmark `evaluation_calibration.py` takes 2,000."""
    rng = np.random.default_rng(k)
    p = rng.beta(0.6, 1.4, (300, 150))
    truth = (1 - (1 - rng.beta(0.6, 1.4, 4_000_000)) ** k).mean()
    hits = 0
    for row in rng.binomial(16, p):
        found = bootstrap_mean(pass_at_k([16] * 150, row, k))
        hits += found.low <= truth <= found.high
    # 3 standard errors of 95 % among 300: 3.8 %
    assert 0.912 <= hits / 300 <= 0.988


def test_posterior_intervals_cover_what_these_problems_are_worth():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(500):
        p = rng.uniform(size=100)
        found = beta_pass_at_k([8] * 100, rng.binomial(8, p), 4)
        hits += found.low <= (1 - (1 - p) ** 4).mean() <= found.high
    assert 0.92 <= hits / 500 <= 0.98


def test_the_posterior_of_one_right_of_two():
    # a = b = 2: E[pass@2] = 1 - B(2, 4) / B(2, 2) = 1 - (1/20) / (1/6) = 0.7
    assert beta_pass_at_k([2], [1], 2).mean == pytest.approx(0.7)
    with pytest.raises(InputError, match="as few as 2 responses"):
        beta_pass_at_k([2], [1], 3)


def test_a_paired_difference_is_that_of_problems():
    found = paired_difference([[0.2, 0.4, 0.6]], [[0.1, 0.1, 0.6]])
    # differences .1, .3, 0: mean .1333, sd .1528, error .0882, t(2) at 97.5 % = 4.303: +- .3795
    assert (found.mean, found.low, found.high) == pytest.approx((0.1333, -0.2461, 0.5128), abs=1e-4)
    assert found.p == pytest.approx(0.2697, abs=1e-4)
    assert found.degrees == 2


def test_seeds_that_differ_widen_the_interval_and_cost_degrees_of_freedom():
    rng = np.random.default_rng(0)
    problems = rng.uniform(size=200)
    same = [problems + rng.normal(0, 0.05, 200) for _ in range(3)]
    apart = [row + shift for row, shift in zip(same, (-0.1, 0.0, 0.1), strict=True)]
    base = [problems + rng.normal(0, 0.05, 200) for _ in range(3)]
    calm, wild = paired_difference(same, base), paired_difference(apart, base)
    assert wild.mean == pytest.approx(calm.mean)
    # seed means differ by .1 (sd): error .1 / sqrt(3) = .058; t(2) = 4.3
    assert wild.high - wild.low == pytest.approx(2 * 4.303 * 0.058, rel=0.05)
    assert calm.high - calm.low < 0.05
    assert 2 <= wild.degrees < 3


def test_what_seeds_vary_and_what_problems_vary_add_up():
    # Seed means .3, .5: V_seeds = .02 / 2 = .01. Paired by problem 0, .4: V_problems = .08 / 2 = .04. No noise: V = .05.
    # Degrees .05^2 / (.01^2 / 3 + .04^2 / 3) - 2 = 2.412
    found = paired_difference([[0.1, 0.5], [0.3, 0.7]], [[0.2, 0.2], [0.2, 0.2]])
    assert (found.mean, found.degrees) == pytest.approx((0.2, 2.4118), abs=1e-4)
    assert found.p == pytest.approx(2 * student.sf(0.2 / 0.05**0.5, 2.4118), abs=1e-4)


def test_against_the_base_policy_degrees_are_fewer():
    # As above, by the plain rule: .05^2 / (.01^2 / 1 + .04^2 / 1) = 1.471
    found = paired_difference([[0.1, 0.5], [0.3, 0.7]], [[0.2, 0.2], [0.2, 0.2]], second_untrained=True)
    assert (found.mean, found.degrees) == pytest.approx((0.2, 1.4706), abs=1e-4)
    one_seed = [[[0.2, 0.4, 0.6]], [[0.1, 0.1, 0.6]]]  # one part alone: both rules give its own degrees
    assert paired_difference(*one_seed, second_untrained=True) == paired_difference(*one_seed)


def test_problems_count_only_beyond_the_noise_that_seeds_hold_already():
    # Seed means .3, .4: V_seeds = .005 / 2 = .0025. Residuals +-.15: V_both = .09 / 4 = .0225, more than V_problems =
    # .005 / 2, of .1 and .2. Error .05, t = 3, with 1 degree p = 1 - 2 / pi * atan 3.
    found = paired_difference([[0.1, 0.5], [0.5, 0.3]], [[0.2, 0.2]])
    assert (found.mean, found.degrees, found.p) == pytest.approx((0.15, 1.0, 0.2048), abs=1e-4)


def test_where_seed_means_are_all_alike_problems_decide():
    # Seed means .3, .3, paired .05 and .15: error sqrt(.005 / 2) = .05, t = 2, with 1 degree p = 1 - 2 / pi * atan 2.
    found = paired_difference([[0.1, 0.5], [0.4, 0.2]], [[0.2, 0.2]])
    assert (found.mean, found.degrees, found.p) == pytest.approx((0.1, 1.0, 0.2952), abs=1e-4)


def test_arms_alike_differ_in_nothing_and_arms_with_other_problems_are_refused():
    assert paired_difference([[0.5, 0.1]], [[0.5, 0.1]]).p == 1.0
    assert paired_difference([[0.5, 0.5]], [[0.4, 0.4]]).p == 0.0
    assert np.isnan(paired_difference([[0.5]], [[0.4]]).p)
    with pytest.raises(InputError, match="3 and 2 problems"):
        paired_difference([[0.1, 0.2, 0.3]], [[0.1, 0.2]])


@pytest.mark.parametrize(("seeds", "spread"), [(1, 0.0), (3, 0.3), (3, 0.0)])
def test_the_paired_test_raises_false_alarms_as_often_as_it_says(seeds, spread):
    """600 pairs of arms that differ in nothing; the benchmark `evaluation_calibration.py` takes 2,000."""
    rng = np.random.default_rng(seeds)
    alarms = 0
    for _ in range(600):
        easy = rng.normal(-1.5, 1.5, 100)
        logits = easy + rng.normal(0, 0.3, (2, seeds, 100)) + rng.normal(0, spread, (2, seeds, 1))
        right = rng.binomial(32, 1 / (1 + np.exp(-logits)))
        values = pass_at_k(np.full(right.size, 32), right.ravel(), 4).reshape(right.shape)
        alarms += paired_difference(values[0], values[1]).p < 0.05
    # 3 standard errors of 5 % among 600: 2.7 %
    assert 0.023 <= alarms / 600 <= 0.077


def test_the_test_against_the_base_policy_raises_no_more_false_alarms_than_it_says():
    rng = np.random.default_rng(7)
    alarms = {False: 0, True: 0}
    for _ in range(600):
        # Shares, not logits: what seeds vary does not move their mean. The base has the same chance for every seed.
        chances = rng.uniform(0.2, 0.8, 100)
        trained = np.clip(chances + rng.normal(0, 0.05, (3, 100)) + rng.normal(0, 0.01, (3, 1)), 0, 1)
        first, base = rng.binomial(32, trained) / 32, rng.binomial(32, np.tile(chances, (3, 1))) / 32
        for untrained in alarms:
            alarms[untrained] += paired_difference(first, base, second_untrained=untrained).p < 0.05
    assert alarms[True] / 600 <= 0.077
    assert alarms[True] < alarms[False]  # the finer rule, made for two trained arms, raises more


def test_holm_multiplies_by_how_many_are_left_and_never_falls():
    # sorted .01 x 4, .02 x 3, .03 x 2, .5 x 1 -> .04, .06, .06, .5
    assert adjusted([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert adjusted([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def test_false_discovery_control_and_no_correction():
    # .01 x 4 / 1, .02 x 4 / 2, .03 x 4 / 3, .5 -> .04, .04, .04, .5
    assert adjusted([0.02, 0.5, 0.01, 0.03], "fdr") == pytest.approx([0.04, 0.5, 0.04, 0.04])
    assert adjusted([0.02, 0.5], "none") == [0.02, 0.5]


def test_a_test_that_could_not_be_made_is_not_counted():
    assert adjusted([0.02, float("nan"), 0.04]) == pytest.approx([0.04, float("nan"), 0.04], nan_ok=True)
    assert adjusted([]) == []
