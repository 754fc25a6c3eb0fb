import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from asym_lit.evaluation.paired import paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.pilots import pilot_population, spread_of
from asym_lit.evaluation.populations import Population, beta_fit, beta_population, shifted
from asym_lit.evaluation.power import Design, Variances, least_difference, power_of, problems_needed, variances
from asym_lit.types import InputError


def test_the_parts_by_hand():
    # All problems have chance 1/2 in the second arm and 3/4 in the first, one response: noise 1/4 + 3/16, problems 0.
    half, more = np.zeros(50), np.full(50, np.log(3.0))
    found = variances(Population(more, half, 0.0), 1, 1)
    assert (found.difference, found.problems, found.seeds) == pytest.approx((0.25, 0.0, 0.0), abs=1e-12)
    assert found.noise == pytest.approx(7 / 16, abs=1e-5)  # read off a grid of chances
    # pass@2 of four responses at chance 1/2: 1 - C(4-c, 2) / 6 is 0, 1/2, 5/6, 1, 1 with 1, 4, 6, 4, 1 of 16.
    values, likely = np.array([0, 1 / 2, 5 / 6, 1, 1]), np.array([1, 4, 6, 4, 1]) / 16
    variance = likely @ values**2 - (likely @ values) ** 2
    assert variances(Population(half, half, 0.0), 2, 4).noise == pytest.approx(2 * variance, abs=1e-5)
    # Seeds move all problems by 0.1 logits: by 0.1 / 4 of chance each way, in two arms.
    assert variances(Population(half, half, 0.1), 1, 1).seeds == pytest.approx(2 * 0.025**2, rel=0.01)


def test_many_problems_are_as_normal_theory_says():
    # V = (0.1 + 0.3) / 1600 = 0.0158^2; d = 0.04 is 2.53 errors: power is Phi(2.53 - 1.96).
    found = Variances(0.04, 0.1, 0.3, 0.0)
    assert power_of(found, Design(1600, 8, 1)) == pytest.approx(norm.cdf(0.04 / 0.0158114 - 1.96), abs=2e-3)
    assert power_of(Variances(0.0, 0.1, 0.3, 0.0), Design(100, 8, 1)) == pytest.approx(0.05, abs=1e-6)
    needed = problems_needed(found, 1)
    assert needed == pytest.approx(0.4 * (1.96 + 0.8416) ** 2 / 0.04**2, abs=4)
    assert power_of(found, Design(needed, 8, 1)) >= 0.8 > power_of(found, Design(needed - 1, 8, 1))
    assert problems_needed(Variances(0.01, 0.1, 0.3, 0.001), 3) is None  # seeds vary more than the difference is


@pytest.mark.parametrize(
    ("k", "difference", "design", "seed_spread"),
    [(1, 0.03, Design(150, 16, 1), 0.0), (8, -0.05, Design(200, 16, 1), 0.0), (1, 0.04, Design(200, 16, 3), 0.1)],
)
def test_power_predicts_the_share_of_studies_that_find_the_difference(k, difference, design, seed_spread):
    """400 studies, to 5 points and two standard errors of 2.5; the benchmark `power.py` takes 1,000 and more designs."""
    population = shifted(beta_population(0.6, 1.4, 0.5, seed_spread), k, difference)
    said = power_of(variances(population, k, design.responses), design)
    rng, n = np.random.default_rng(2), design.responses
    table = pass_at_k(np.full(n + 1, n), np.arange(n + 1), k)
    logits, found = np.stack([population.first, population.second]), 0
    for _ in range(400):
        drawn = logits[:, rng.integers(logits.shape[1], size=design.problems)][:, None, :]
        values = table[rng.binomial(n, expit(drawn + seed_spread * rng.standard_normal((2, design.seeds, 1))))]
        found += paired_difference(values[0], values[1]).p < 0.05
    assert 0.2 < said < 0.95  # else there is nothing to get wrong
    assert said == pytest.approx(found / 400, abs=0.1)


def test_a_shifted_population_has_the_difference_that_was_asked_for():
    still = beta_population(0.6, 1.4, 0.5, 0.1)
    for k, difference in ((1, 0.05), (8, -0.1)):
        assert shifted(still, k, difference).difference(k) == pytest.approx(difference, abs=1e-6)
    with pytest.raises(InputError, match=r"difference is 0\.9 at pass@1, where the second arm has 0\.3"):
        shifted(still, 1, 0.9)


def test_a_pilot_gives_back_what_it_was_drawn_from():
    rng = np.random.default_rng(4)
    population = shifted(beta_population(0.6, 1.4, 0.8, 0.0), 1, 0.05)
    drawn = rng.integers(len(population.first), size=1500)
    base, arm = ((np.full(1500, 32), rng.binomial(32, expit(of[drawn]))) for of in (population.second, population.first))
    assert beta_fit(*base) == pytest.approx((0.6, 1.4), rel=0.15)
    assert spread_of(pilot_population(base, arm, 1, 0.0, 0.0)) == pytest.approx(0.8, abs=0.12)
    assert spread_of(pilot_population(base, None, 1, 0.3, 0.0)) == pytest.approx(0.3, abs=1e-2)
    with pytest.raises(InputError, match="The pilot has 3 problems; allowed: at least 10"):
        beta_fit([4] * 3, [1] * 3)


def test_the_least_difference_is_that_of_the_studys_own_error():
    rng = np.random.default_rng(5)
    found = paired_difference([rng.normal(0, 0.3, 2000)], [np.zeros(2000)])
    error = 0.3 / 2000**0.5
    assert least_difference(found) == pytest.approx((1.96 + 0.8416) * error, rel=0.05)
    assert np.isnan(least_difference(paired_difference([[0.1, 0.2]] * 2, [[0.1, 0.2]])))
    assert least_difference(paired_difference([[0.5, 0.5]], [[0.4, 0.4]])) == 0.0


def test_studies_that_the_test_refuses_have_no_power():
    for design in (Design(100, 8, 2), Design(1, 8, 1), Design(100, 8, 0)):
        with pytest.raises(InputError, match="allowed: at least 2 problems, and 1 seed or at least 3"):
            power_of(Variances(0.1, 0.1, 0.1, 0.0), design)
