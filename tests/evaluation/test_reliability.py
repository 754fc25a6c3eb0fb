import numpy as np
import pytest

from asym_lit.evaluation.reliability import cover_at
from asym_lit.types import InputError


def test_cover_by_hand():
    # 1 of 2, 2 of 2 and 0 of 2 at tau = 1/2, uniform prior: chances of Beta(2, 2), Beta(3, 1) and Beta(1, 3) above a half are
    # 1/2, 1 - 1/8 and 1/8; their mean is 1/2, the variance (1/4 + 7/64 + 7/64) / 9.
    found = cover_at([2, 2, 2], [1, 2, 0], 0.5)
    assert found.plug_in == pytest.approx(2 / 3)
    assert found.posterior == pytest.approx(0.5)
    width = 1.959964 * ((1 / 4 + 14 / 64) / 9) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - width, 0.5 + width), abs=1e-6)
    assert (found.sure, found.possible) == (0.0, 1.0)  # three problems bound nothing


def test_all_right_and_all_wrong_are_bounded_without_a_prior():
    # Each of 400 problems all right of 20 at tau = 1/2: P(20 of 20) = 2^-20 <= h = 0.01, e = sqrt(log(2 * 5 / .05) / 800).
    e = np.sqrt(np.log(200) / 800)
    found = cover_at([20] * 400, [20] * 400, 0.5)
    assert found.sure == pytest.approx((1 - 0.01 - e) / 0.99) and found.possible == 1.0
    none = cover_at([20] * 400, [0] * 400, 0.5)
    assert (none.sure, none.possible) == (0.0, pytest.approx(1 - (1 - 0.01 - e) / 0.99))


def test_without_fail_means_never_wrong():
    found = cover_at([4] * 500, [4] * 250 + [3] * 250, 1.0)
    assert (found.plug_in, found.posterior, found.sure) == (0.5, 0.0, 0.0)
    assert found.possible == pytest.approx(1 - (0.5 - 0.01 - np.sqrt(np.log(200) / 1000)) / 0.99)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_the_bounds_hold_the_truth_and_the_posterior_under_its_own_prior_too(tau):
    rng, held, bounded = np.random.default_rng(3), 0, 0
    for _ in range(300):
        p = rng.beta(1, 1, 200)
        found = cover_at(np.full(200, 16), rng.binomial(16, p), tau)
        truth = float(np.mean(p >= tau))
        held += found.low <= truth <= found.high
        bounded += found.sure <= truth <= found.possible
    assert 0.91 <= held / 300 <= 0.985  # 95 %, three standard errors of 1.3 points
    assert bounded / 300 >= 0.95
    # Where no problem is near tau, the plug-in is biased: chances of 0.45 pass tau = 1/2 in P(C >= 8 of 16) = 44 %.
    near = cover_at(np.full(2000, 16), rng.binomial(16, 0.45, 2000), 0.5)
    assert near.plug_in > 0.35 and near.sure == 0.0


def test_other_thresholds_are_refused():
    for tau in (0.0, 1.1):
        with pytest.raises(InputError, match=r"tau is .*; allowed: above 0 and at most 1"):
            cover_at([2], [1], tau)
    with pytest.raises(InputError, match="no problems"):
        cover_at([], [], 0.5)
