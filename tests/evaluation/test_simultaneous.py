import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from asym_lit.evaluation.paired import paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.simultaneous import over_every_k, pass_at_every_k, simultaneous_band
from asym_lit.types import InputError


def drawn(rng, problems=60, n=16, chances=(0.6, 1.4)):
    """pass@k of every k, shape [problems, n]."""
    return pass_at_every_k(np.full(problems, n), rng.binomial(n, rng.beta(*chances, problems)), n)


def test_every_k_at_once_is_pass_at_k_one_after_another():
    samples, correct = np.array([16, 20, 16, 16]), np.array([0, 3, 16, 1])
    found = pass_at_every_k(samples, correct, 16)
    for k in range(1, 17):
        assert found[:, k - 1] == pytest.approx(pass_at_k(samples, correct, k), abs=1e-14)
    with pytest.raises(InputError, match="as few as 16 responses"):
        pass_at_every_k(samples, correct, 17)


def test_at_one_k_alone_the_band_is_the_plain_interval_of_the_paired_difference():
    rng = np.random.default_rng(0)
    first, second = drawn(rng)[:, :1], drawn(rng)[:, :1]
    band = simultaneous_band(first[None], second[None])
    plain = paired_difference(first.T, second.T)
    assert band.critical == pytest.approx(1.96, abs=0.02)  # 20,000 draws of one |Z|
    assert (band.mean[0], band.low[0], band.high[0]) == pytest.approx((plain.mean, plain.low, plain.high), abs=2e-3)


def test_the_band_is_wider_than_the_intervals_of_each_k_and_narrower_than_bonferroni():
    rng = np.random.default_rng(1)
    first, second = drawn(rng), drawn(rng)
    band = simultaneous_band(first[None], second[None])
    assert 1.96 < band.critical < 2.96  # 2.955 is the normal quantile for 0.05 / 16
    for i in range(16):
        plain = paired_difference(first[:, i], second[:, i])
        assert band.low[i] < plain.low and plain.high < band.high[i]


def test_budgets_that_say_the_same_cost_nothing_and_independent_ones_what_sidak_says():
    rng = np.random.default_rng(2)
    one = rng.normal(0, 0.1, (4000, 1))
    assert simultaneous_band(np.repeat(one, 8, axis=1)[None]).critical == pytest.approx(1.96, abs=0.03)
    apart = simultaneous_band(rng.normal(0, 0.1, (1, 4000, 8)))
    assert apart.critical == pytest.approx(2.727, abs=0.03)  # (1 - 2 sf(z))^8 = 0.95


def test_the_direct_draw_is_the_multiplier_bootstrap_over_problems():
    rng = np.random.default_rng(3)
    values = drawn(rng, problems=40, n=8)
    rows = values - values.mean(0)
    multipliers = rng.standard_normal((20_000, 40))
    process = multipliers @ rows / 40 / (values.std(0, ddof=1) / np.sqrt(40))
    by_hand = np.quantile(np.abs(process).max(1), 0.95)
    # The multipliers leave the variance at 39/40 of the unbiased one.
    assert simultaneous_band(values[None]).critical == pytest.approx(by_hand / np.sqrt(39 / 40), rel=0.02)


def test_the_band_holds_the_whole_truth_as_often_as_it_says():
    rng, n, a, b = np.random.default_rng(4), 16, 0.6, 1.4
    truth = pass_at_every_k(np.full(200_000, n), rng.binomial(n, rng.beta(a, b, 200_000)), n).mean(0)
    held, held_by_each = 0, 0
    for _ in range(400):
        values = drawn(rng, 100, n, (a, b))
        band = simultaneous_band(values[None], draws=2000)
        held += bool(np.all((band.low <= truth) & (truth <= band.high)))
        width = 1.984 * values.std(0, ddof=1) / 10
        held_by_each += bool(np.all(np.abs(values.mean(0) - truth) <= width))
    assert 0.92 <= held / 400 <= 0.98  # 0.95, with three standard errors of 0.011
    assert held_by_each / 400 < held / 400  # intervals of each k alone miss somewhere more often


def test_problems_that_all_moved_alike_give_the_exact_difference():
    first, second = np.tile([0.5, 0.75], (9, 1)), np.tile([0.25, 0.75], (9, 1))
    band = simultaneous_band(first[None], second[None])
    assert band.mean.tolist() == band.low.tolist() == band.high.tolist() == [0.25, 0.0]
    assert (band.gain, band.loss, band.first_loss) == ([1], [], [])


def test_the_same_share_of_other_numbers_of_responses_is_no_gain():
    band = simultaneous_band(
        pass_at_every_k(np.full(30, 49), np.full(30, 7), 1)[None], pass_at_every_k(np.full(30, 7), np.full(30, 1), 1)[None]
    )
    assert (band.gain, band.loss, band.first_loss) == ([], [], [])  # 7/49 and 1/7 round apart


def test_seeds_that_differ_widen_the_band_and_copies_of_one_seed_do_not():
    rng = np.random.default_rng(5)
    base, arm = drawn(rng), drawn(rng)
    alone = simultaneous_band(arm[None], base[None])
    copies = simultaneous_band(np.stack([arm] * 3), base[None])
    assert copies.low == pytest.approx(alone.low, abs=1e-3)
    assert copies.high == pytest.approx(alone.high, abs=1e-3)
    shifted = simultaneous_band(np.stack([np.clip(arm + s, 0, 1) for s in (-0.2, 0.0, 0.2)]), base[None])
    assert np.all((shifted.high - shifted.low)[:8] > 1.5 * (alone.high - alone.low)[:8])


def test_with_few_seeds_the_band_is_students():
    seeds = np.array([0.4, 0.6])[:, None, None] + np.zeros((2, 50, 3))  # all that varies is the seed
    band = simultaneous_band(seeds)
    # s = sd / sqrt(2) = 0.1 with one degree of freedom: 12.7 * 0.1 passes the ends of what a share can be.
    assert (band.low.tolist(), band.high.tolist()) == ([0.0] * 3, [1.0] * 3)
    three = simultaneous_band(np.array([0.49, 0.5, 0.51])[:, None, None] + np.zeros((3, 50, 1)))
    assert three.high[0] - 0.5 == pytest.approx(4.303 * 0.01 / np.sqrt(3), rel=0.03)


def test_two_seeds_that_happened_to_look_alike_are_not_surer_than_their_noise():
    rng = np.random.default_rng(7)
    one = rng.normal(0.5, 0.1, (80, 4))
    other = rng.permutation(one)  # the same mean, by chance, of values that differ problem by problem
    base = np.full((1, 80, 4), 0.5)
    band = simultaneous_band(np.stack([one, other]), base)
    mean = (one + other) / 2
    error = mean.std(0, ddof=1) / np.sqrt(80)  # what problems vary, noise of the seeds and all
    assert np.all(band.high - band.mean >= 0.999 * student.isf(norm.sf(band.critical), 79) * error)
    assert paired_difference(np.stack([one, other])[:, :, 0], base[:, :, 0]).few_seeds  # which at one k are refused


def test_three_seeds_count_the_degrees_of_what_they_may_vary_not_of_what_they_did():
    rng = np.random.default_rng(8)
    arm = np.clip(rng.normal(0.5, 0.1, (80, 1)) + np.array([-0.01, 0.0, 0.01])[:, None, None], 0, 1)
    band = simultaneous_band(arm)
    seeds, problems = 0.01**2 / 3, arm.mean(0).var(ddof=1) / 80  # no noise: every seed moved all problems alike
    upper = seeds * 2 / 0.7133  # chi-squared with two degrees is below -2 ln 0.7 = 0.7133 in 30 %
    share = upper / (upper + problems)
    degrees = 1 / (share**2 / 2 + (1 - share) ** 2 / 79)
    error = np.sqrt(seeds + problems)
    assert band.high[0] - band.mean[0] == pytest.approx(student.isf(norm.sf(band.critical), degrees) * error, rel=1e-3)


def test_a_single_problem_has_a_curve_and_no_band():
    band = simultaneous_band(np.array([[[0.5, 1.0]]]))
    assert band.mean.tolist() == [0.5, 1.0]
    assert np.isnan(band.low).all() and (band.gain, band.loss) == ([], [])


def test_arms_of_other_problems_are_refused():
    with pytest.raises(InputError, match="3 problems at 2 budgets, and 4 at 2"):
        simultaneous_band(np.zeros((1, 3, 2)), np.zeros((1, 4, 2)))


def test_both_curves_and_the_difference_come_together():
    rng = np.random.default_rng(6)
    base, arm = drawn(rng), drawn(rng)
    found = over_every_k("rl", "base", [arm], [base])
    assert found.difference.mean == pytest.approx(found.arm_curve.mean - found.reference_curve.mean)
    assert found.arm_curve.low.min() >= 0 and found.arm_curve.high.max() <= 1
    plain = found.as_dict()
    assert (plain["arm"], plain["reference"], plain["may_never_lose"]) == ("rl", "base", not found.difference.loss)
    assert plain["difference"]["ks"] == list(range(1, 17))
