import math
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.evaluation.pass_at_k import PassAtKCurve, PassAtKMetric, pass_at_k, pass_at_k_curve, powers_of_two
from asym_lit.types import InputError


def test_pass_at_4_with_three_right_of_eight():
    # 1 - C(5, 4) / C(8, 4) = 1 - 5 / 70
    assert pass_at_k([8], [3], 4).tolist() == pytest.approx([0.928571], abs=1e-6)


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_all_subsets_of_k_that_hold_a_right_one(case):
    n, c, k = case
    right = [i < c for i in range(n)]
    subsets = list(combinations(right, k))
    assert pass_at_k([n], [c], k)[0] == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-14)


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_of_many_samples_agrees_with_exact_binomials_and_never_decreases(case):
    n, c, k = case
    exact = 1 - comb(n - c, k) / comb(n, k)
    assert pass_at_k([n], [c], k)[0] == pytest.approx(exact, abs=1e-12)
    assert pass_at_k([n], [c], k)[0] >= pass_at_k([n], [c], max(1, k - 1))[0] - 1e-15


def test_problems_with_different_numbers_of_responses_are_estimated_apart():
    # 1/4; 1 - C(6, 2) / C(8, 2) = 1 - 15/28 for k = 2 and c = 2; all right
    assert pass_at_k([4, 8], [1, 2], 1).tolist() == pytest.approx([0.25, 0.25])
    assert pass_at_k([4, 8, 2], [1, 2, 2], 2).tolist() == pytest.approx([0.5, 13 / 28, 1.0])


@pytest.mark.parametrize(("samples", "k"), [([8, 4], 5), ([8], 0)])
def test_a_budget_above_the_responses_is_refused_with_what_to_write(samples, k):
    with pytest.raises(
        InputError, match=rf"pass@{k} of problems with as few as {min(samples)} responses; .*Raise evaluation\.n"
    ):
        pass_at_k(samples, [1] * len(samples), k)


@pytest.mark.parametrize("correct", [9, -1])
def test_impossible_counts_are_refused(correct):
    with pytest.raises(InputError, match=f"problem 0 has {correct} right responses of 8; allowed: 0 to the number"):
        pass_at_k([8], [correct], 2)


@pytest.mark.parametrize(("n", "powers"), [(1, [1]), (7, [1, 2, 4]), (8, [1, 2, 4, 8]), (0, [])])
def test_powers_of_two_up_to_n(n, powers):
    assert powers_of_two(n) == powers


def test_a_curve_is_the_mean_over_problems():
    curve = pass_at_k_curve([4, 4], [1, 3], [1, 2, 4])
    # k = 1: (1/4 + 3/4) / 2; k = 2: (1 - 3/6 + 1 - 0) / 2; k = 4: both have a right one
    assert curve.mean == pytest.approx([0.5, 0.75, 1.0])
    assert (curve.problems, curve.samples, curve.ks) == (2, 4, [1, 2, 4])
    assert pass_at_k_curve([8, 4], [1, 3], [1]).samples == 4  # the fewest


def test_the_interval_is_that_of_a_mean_over_problems():
    correct = [0, 1] * 100
    curve = pass_at_k_curve([1] * 200, correct, [1])
    # Standard error sqrt(.25 / 200) = .0354, times 1.96: .5 +- .0693
    assert curve.low[0] == pytest.approx(0.5 - 0.0693, abs=0.006)
    assert curve.high[0] == pytest.approx(0.5 + 0.0693, abs=0.006)


def test_the_interval_does_not_shrink_with_samples_where_problems_are_what_varies():
    few = pass_at_k_curve([2] * 50, [0, 2] * 25, [1])
    many = pass_at_k_curve([200] * 50, [0, 200] * 25, [1])
    assert (few.low, few.high) == (many.low, many.high)


def test_the_interval_is_repeatable_and_moves_with_the_seed():
    curves = [pass_at_k_curve([4] * 9, [0, 1, 2, 3, 4, 0, 1, 2, 3], [1], seed=seed) for seed in (0, 0, 1)]
    assert curves[0] == curves[1]
    assert curves[0].mean == curves[2].mean
    assert (curves[0].low, curves[0].high) != (curves[2].low, curves[2].high)


def test_a_single_problem_has_no_interval_and_no_problem_no_curve():
    curve = pass_at_k_curve([4], [2], [1])
    assert curve.mean == [0.5]
    assert math.isnan(curve.low[0]) and math.isnan(curve.high[0])
    with pytest.raises(InputError, match="no problems to average over"):
        pass_at_k_curve([], [], [1])


def test_problems_all_alike_have_an_interval_of_no_width():
    curve = pass_at_k_curve([4] * 5, [4] * 5, [1, 4])
    assert curve.low == curve.high == curve.mean == [1.0, 1.0]


def test_metrics_are_named_by_prefix_and_budget():
    curve = pass_at_k_curve([4, 4], [1, 3], [1, 2])
    metrics = curve.metrics("val/countdown")
    assert metrics["val/countdown/pass@2"] == curve.mean[1]
    assert metrics["val/countdown_interval/pass@1_low"] == curve.low[0]
    assert metrics["val/countdown_interval/pass@2_high"] == curve.high[1]
    assert len(metrics) == 7
    assert curve.as_dict()["mean"] == curve.mean


def test_a_metric_fed_in_parts_gives_the_curve_of_all_problems():
    rng = np.random.default_rng(0)
    correct = rng.integers(0, 9, 30).tolist()
    metric = PassAtKMetric([1, 4, 8], seed=3)
    for start in range(0, 30, 7):
        part = correct[start : start + 7]
        metric.update([8] * len(part), part)
    assert metric.compute() == pass_at_k_curve([8] * 30, correct, [1, 4, 8], seed=3)
    metric.reset()
    metric.update([8, 8], [0, 8])
    assert metric.compute().mean == [0.5, 0.5, 0.5]


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_a_metric_without_problems_says_so():
    with pytest.raises(InputError, match="no problems to average over"):
        PassAtKMetric([1]).compute()


def test_the_area_under_pass_at_k_weighs_each_doubling_of_k_the_same():
    curve = PassAtKCurve(2, 8, [1, 2, 8], [0.2, 0.4, 0.8], [0.0] * 3, [1.0] * 3)
    # 1 doubling at (.2 + .4) / 2, 2 doublings at (.4 + .8) / 2, over 3
    assert curve.area == pytest.approx((0.3 + 2 * 0.6) / 3)
    assert curve.metrics("val/set")["val/set/pass@k_area"] == curve.area
    assert PassAtKCurve(2, 8, [4], [0.3], [0.0], [1.0]).area == 0.3


@pytest.mark.parametrize("counts", [[1.5], ["2"], [float("nan")], [None]])
def test_counts_that_are_no_whole_numbers_are_refused(counts):
    with pytest.raises(InputError, match="counts are whole numbers"):
        pass_at_k([4], counts, 1)
    with pytest.raises(InputError, match="counts are whole numbers"):
        pass_at_k(counts, [0], 1)


@pytest.mark.parametrize("k", [1.5, 2.0, True, "2", None])
def test_a_k_that_is_no_whole_number_is_refused(k):
    with pytest.raises(InputError, match="allowed: a whole number of at least 1"):
        pass_at_k([4], [1], k)


def test_counts_of_different_length_are_refused():
    with pytest.raises(InputError, match="2 numbers of responses and 1 of right ones"):
        pass_at_k([4, 4], [1], 1)


def test_a_problem_without_enough_verdicts_is_left_out_at_that_k_and_what_is_open_is_bounded():
    # Of the second problem's 4 responses one is undecided: pass@2 of 3 with 1 right is 2/3, pass@4 cannot be told.
    curve = pass_at_k_curve([4, 3], [2, 1], [1, 2, 4], undecided=[0, 1])
    assert curve.mean == pytest.approx([(2 / 4 + 1 / 3) / 2, (5 / 6 + 2 / 3) / 2, 1.0])
    assert (curve.left_out, curve.undecided) == ([0, 0, 1], 1)
    assert curve.if_wrong == pytest.approx([(2 / 4 + 1 / 4) / 2, (5 / 6 + 1 / 2) / 2, 1.0])
    assert curve.if_right == pytest.approx([(2 / 4 + 2 / 4) / 2, 5 / 6, 1.0])
    assert 0 < curve.area < 1


def test_without_undecided_responses_nothing_is_left_out_or_bounded():
    assert pass_at_k_curve([4, 4], [1, 3], [1, 4], undecided=[0, 0]) == pass_at_k_curve([4, 4], [1, 3], [1, 4])
    assert pass_at_k_curve([4], [1], [1]).if_wrong == []


def test_a_k_that_no_verdict_could_make_possible_is_refused_whatever_is_undecided():
    with pytest.raises(InputError, match="as few as 4 responses"):
        pass_at_k_curve([3], [1], [8], undecided=[1])


def test_the_area_of_a_curve_is_over_the_ks_that_could_be_estimated():
    whole = pass_at_k_curve([2], [1], [1, 2, 4], undecided=[2])
    assert np.isnan(whole.mean[2]) and whole.left_out == [0, 0, 1]
    assert whole.area == pytest.approx((1 / 2 + 1) / 2)


def test_the_metric_takes_undecided_responses_with_the_problems():
    metric = PassAtKMetric([1, 4])
    metric.update([4, 4], [1, 0])
    metric.update([3], [1], [1])
    assert metric.compute() == pass_at_k_curve([4, 4, 3], [1, 0, 1], [1, 4], undecided=[0, 0, 1])
