import numpy as np
import pytest
from scipy.stats import t as student

from asym_lit.evaluation.degrees import degrees_of
from asym_lit.evaluation.intervals import beta_pass_at_k, bootstrap_mean
from asym_lit.evaluation.paired import adjusted, few_seeds_notes, paired_difference, variance_parts
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
    # Seed means 2, 4, 6: V_seeds = 4 / 3. Paired by problem 0, 4: V_problems = 8 / 2. No noise: V = 5.3333.
    found = paired_difference([[0.0, 4.0], [2.0, 6.0], [4.0, 8.0]], [[2.0, 2.0]])
    assert (found.mean, found.error) == pytest.approx((2.0, (16 / 3) ** 0.5))
    assert found.p == pytest.approx(2 * student.sf(2 / (16 / 3) ** 0.5, found.degrees))
    assert found.degrees == pytest.approx(float(degrees_of([(4 / 3, 2), (4.0, 1)])))


def test_near_the_ceiling_fewer_than_eight_seeds_give_no_interval_against_what_does_not_vary():
    near = [[1.0, 1.0, 0.9], [1.0, 0.98, 1.0], [1.0, 1.0, 0.99]]  # a mean of 0.986
    below = [[1.0, 1.0, 0.85]] * 3  # 0.95
    assert paired_difference(near, [[0.9, 0.9, 0.9]], second_untrained=True).few_seeds
    assert paired_difference([[0.9, 0.9, 0.9]], near).few_seeds
    assert not paired_difference(near, below).few_seeds  # against other seeds it is cautious
    assert not paired_difference(below, [[1.0, 1.0, 1.0]], second_untrained=True).few_seeds  # a base policy may be as good
    assert not paired_difference([*near, *near, *near], [[0.9, 0.9, 0.9]]).few_seeds
    assert not paired_difference([[5.0, 1.0, 0.9], *near[1:]], [[0.9, 0.9, 0.9]]).few_seeds  # no shares, so no ceiling


def test_what_the_seeds_of_one_arm_vary_is_taken_in_logits():
    # Seed means .8, .9, .95: logits 1.3863, 2.1972, 2.9444, a variance of .60728. The middle between .88333 and .98333 is
    # .93333, its slope .06222: V_seeds = .06222^2 * .60728 / 3 = .000784, where the means themselves give .001944. No noise:
    # all problems are alike.
    arm = np.array([[0.8], [0.9], [0.95]]).repeat(40, axis=1)
    found = paired_difference(arm, [[0.98333] * 40])
    assert found.error == pytest.approx(0.000784**0.5, rel=1e-3)
    counts = paired_difference(10 * arm, [[9.8333] * 40])  # no shares: as they are
    assert counts.error == pytest.approx(10 * 0.001944**0.5, rel=1e-3)


def test_seeds_of_a_base_policy_are_draws_of_one_policy():
    arm = [[0.0, 0.4], [0.2, 0.6], [0.4, 0.8]]
    found = paired_difference(arm, [[0.1, 0.2], [0.3, 0.2], [0.2, 0.2]], second_untrained=True)
    alone = paired_difference(arm, [[0.2, 0.2]])
    assert (found.low, found.p, found.degrees) == pytest.approx((alone.low, alone.p, alone.degrees))
    one_seed = [[[0.2, 0.4, 0.6]], [[0.1, 0.1, 0.6]]]  # one part alone: both rules give its own degrees
    assert paired_difference(*one_seed, second_untrained=True) == paired_difference(*one_seed)


def test_problems_count_only_beyond_the_noise_that_seeds_hold_already():
    # Seed means 3, 4, 3.5: V_seeds = .25 / 3. Residuals +-2, +-1 and +-1: V_both = 2 (4 + 1 + 1) / 12 = 1, more than
    # V_problems = 0: both problems are 1.5 above. Error .2887, t = 5.196, with 2 degrees p = 1 - t / sqrt(2 + t^2) = .0351; the
    # table counts 2.02 for them.
    found = paired_difference([[1.0, 5.0], [5.0, 3.0], [4.5, 2.5]], [[2.0, 2.0]])
    assert (found.mean, found.degrees, found.p) == pytest.approx((1.5, 2.0207, 0.0343), abs=1e-4)


def test_what_problems_vary_counts_from_where_it_is_more_than_noise_may_make():
    # Nine problems' own spread is known to sqrt(2 / 8) of it: the noise must be passed by 1.28 of that, 0.64.
    rng = np.random.default_rng(0)
    residuals = np.stack([row - row.mean() for row in rng.normal(size=(3, 9))])
    residuals -= residuals.mean(0)
    shift = np.arange(9) - 4.0
    noise = float((residuals**2).sum() / (2 * 8 * 9 * 3))
    for beyond, counted in ((0.6, False), (0.7, True)):
        own = shift * ((1 + beyond) * noise * 9 / shift.var(ddof=1)) ** 0.5
        arm = np.arange(3)[:, None] + residuals + own
        parts = variance_parts([arm, np.zeros((3, 9))])
        assert float(parts[-1][0]) == pytest.approx(beyond * noise if counted else 0.0)
        alone = variance_parts([arm, np.zeros((1, 9))])  # the noise of the one seed would lie in it
        assert float(alone[-1][0]) == pytest.approx(beyond * noise)


def test_where_seed_means_are_all_alike_problems_decide():
    # Seed means .3, paired .05 and .15: error sqrt(.005 / 2) = .05, t = 2, with 1 degree p = 1 - 2 / pi * atan 2.
    found = paired_difference([[0.1, 0.5], [0.4, 0.2], [0.25, 0.35]], [[0.2, 0.2]])
    assert (found.mean, found.degrees, found.p) == pytest.approx((0.1, 1.0, 0.2952), abs=1e-4)


def test_two_seeds_are_too_few_for_an_interval_unless_they_are_draws_of_one_policy():
    two, one = [[0.1, 0.5, 0.3], [0.3, 0.7, 0.2]], [[0.2, 0.2, 0.2]]
    for arms in ((two, one), (one, two), (two, two), (two, [*two, two[0]])):
        found = paired_difference(*arms)
        assert found.few_seeds and all(map(np.isnan, (found.low, found.high, found.p)))
    assert paired_difference(two, one).mean == pytest.approx(0.15)
    assert not paired_difference(one, two, second_untrained=True).few_seeds
    alone = paired_difference([[0.5]], [[0.4]])
    assert np.isnan(alone.p) and not alone.few_seeds  # a single problem is another matter
    (note,) = few_seeds_notes({"a": 1, "b": 2, "c": 3})
    assert note.startswith("Two seeds: b.")


def test_arms_alike_differ_in_nothing_and_arms_with_other_problems_are_refused():
    assert paired_difference([[0.5, 0.1]], [[0.5, 0.1]]).p == 1.0
    assert paired_difference([[0.5, 0.5]], [[0.4, 0.4]]).p == 0.0
    assert np.isnan(paired_difference([[0.5]], [[0.4]]).p)
    with pytest.raises(InputError, match="3 and 2 problems"):
        paired_difference([[0.1, 0.2, 0.3]], [[0.1, 0.2]])


@pytest.mark.parametrize(("seeds", "spread"), [(1, 0.0), (3, 0.3), (5, 0.0)])
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


def test_the_test_against_the_base_policy_raises_as_many_false_alarms_as_it_says():
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(600):
        # Shares, not logits: what seeds vary does not move their mean. The base has the same chance for every seed.
        chances = rng.uniform(0.2, 0.8, 100)
        trained = np.clip(chances + rng.normal(0, 0.05, (3, 100)) + rng.normal(0, 0.01, (3, 1)), 0, 1)
        first, base = rng.binomial(32, trained) / 32, rng.binomial(32, np.tile(chances, (3, 1))) / 32
        alarms += paired_difference(first, base, second_untrained=True).p < 0.05
    assert 0.023 <= alarms / 600 <= 0.077


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
