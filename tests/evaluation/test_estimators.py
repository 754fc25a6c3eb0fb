from fractions import Fraction
from itertools import combinations
from math import ceil

import numpy as np
import pytest

from asym_lit.evaluation.estimators import avg_at_k, coverage, g_pass_at_k, mg_pass_at_k, pass_hat_k
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.types import InputError


def right_in_subsets(n, c, k):
    """How many right ones each subset of k of n responses holds."""
    return np.array([sum(i < c for i in subset) for subset in combinations(range(n), k)])


def test_two_right_of_four():
    # pass@k: 1 - C(2, k) / C(4, k) = 1 - 2/4, 1 - 1/6, 1, 1; pass^k: C(2, k) / C(4, k) = 1/2, 1/6, 0
    assert [pass_at_k([4], [2], k)[0] for k in (1, 2, 3, 4)] == pytest.approx([1 / 2, 5 / 6, 1, 1])
    assert [pass_hat_k([4], [2], k)[0] for k in (1, 2, 3)] == pytest.approx([1 / 2, 1 / 6, 0])


def test_one_right_of_four_is_found_by_four_for_sure():
    assert pass_at_k([4], [1], 4)[0] == 1.0


def test_the_oracle_of_three_right_of_eight_at_four():
    assert pass_at_k([8], [3], 4)[0] == pytest.approx(13 / 14)
    assert pass_hat_k([8], [3], 4)[0] == 0
    # at least 2 of 4: (C(3,2) C(5,2) + C(3,3) C(5,1)) / C(8,4) = (30 + 5) / 70; at least 3: 5 / 70
    assert g_pass_at_k([8], [3], 4, 0.5)[0] == pytest.approx(0.5)
    assert g_pass_at_k([8], [3], 4, 0.75)[0] == pytest.approx(5 / 70)
    # (2 / 4) (at least 3 of 4 + all 4) = (5 / 70 + 0) / 2
    assert mg_pass_at_k([8], [3], 4)[0] == pytest.approx(5 / 140)


@pytest.mark.parametrize("n", range(1, 13))
def test_every_estimate_is_the_mean_over_all_subsets(n):
    for c in range(n + 1):
        for k in range(1, n + 1):
            held = right_in_subsets(n, c, k)
            assert pass_at_k([n], [c], k)[0] == pytest.approx((held > 0).mean(), abs=1e-13)
            assert pass_hat_k([n], [c], k)[0] == pytest.approx((held == k).mean(), abs=1e-13)
            assert avg_at_k([n], [c], k)[0] == pytest.approx((held / k).mean(), abs=1e-13)
            for tau in (0.25, 0.5, 0.75, 1.0):
                assert g_pass_at_k([n], [c], k, tau)[0] == pytest.approx((held >= ceil(tau * k)).mean(), abs=1e-13)
            over = [(held >= i).mean() for i in range(ceil(k / 2) + 1, k + 1)]
            assert mg_pass_at_k([n], [c], k)[0] == pytest.approx(2 / k * sum(over), abs=1e-13)


def test_nothing_overflows_at_ten_thousand_responses():
    n, c, k = 10_000, 7, 5_000
    missed = Fraction(1)
    for i in range(c):  # C(n - c, k) / C(n, k) = (n - k) ... (n - k - c + 1) / (n ... (n - c + 1))
        missed *= Fraction(n - k - i, n - i)
    assert pass_at_k([n], [c], k)[0] == pytest.approx(float(1 - missed), rel=1e-12)
    assert pass_hat_k([n], [n - c], k)[0] == pytest.approx(float(missed), rel=1e-9)
    for estimate in (g_pass_at_k([n], [n // 2], k, 0.5), mg_pass_at_k([n], [n // 2], 256)):
        assert np.isfinite(estimate).all()
    # Half of them right: at least half of k is right with a chance of one half, plus half that of exactly half.
    assert 0.5 < g_pass_at_k([n], [n // 2], k, 0.5)[0] < 0.51


def test_coverage_counts_problems_with_a_right_response():
    assert coverage([4, 4, 4], [0, 1, 4]).tolist() == [0, 1, 1]
    with pytest.raises(InputError, match=r"4 to 8 responses; allowed: the same number .* Ask for pass@4"):
        coverage([4, 8], [0, 1])


def test_problems_may_have_different_numbers_of_responses():
    assert pass_hat_k([4, 3], [2, 3], 2).tolist() == pytest.approx([1 / 6, 1])
    assert g_pass_at_k([4, 3], [2, 1], 2, 0.5).tolist() == pytest.approx([5 / 6, 2 / 3])


@pytest.mark.parametrize("estimate", [pass_hat_k, avg_at_k, mg_pass_at_k, lambda n, c, k: g_pass_at_k(n, c, k, 0.5)])
def test_a_k_above_the_responses_is_refused_with_the_reason(estimate):
    with pytest.raises(InputError, match=r"as few as 4 responses; .* no unbiased estimate exists beyond"):
        estimate([8, 4], [1, 1], 5)


@pytest.mark.parametrize("tau", [0.0, 1.5])
def test_a_share_out_of_range_is_refused(tau):
    with pytest.raises(InputError, match="above 0 and at most 1"):
        g_pass_at_k([4], [1], 2, tau)
