import numpy as np
import pytest

from asym_lit.evaluation.answer_metrics import DistinctAt, MajAt
from asym_lit.evaluation.metrics import AvgAt, Coverage, GPassAt, MGPassAt, PassAt, PassHat
from asym_lit.types import InputError

COUNTS = ([4, 4, 4], [0, 2, 4])


@pytest.mark.parametrize(
    ("metric", "mean"),
    [
        (PassAt(2), (0 + 5 / 6 + 1) / 3),
        (PassHat(2), (0 + 1 / 6 + 1) / 3),
        (AvgAt(2), 0.5),
        (Coverage(), 2 / 3),
        (GPassAt(2, tau=0.5), (0 + 5 / 6 + 1) / 3),
        (MGPassAt(2), (0 + 1 / 6 + 1) / 3),  # (2 / 2) x all of 2 right, the only i
    ],
)
def test_a_metric_is_the_mean_over_problems_of_its_estimate(metric, mean):
    metric.update(*COUNTS)
    found = metric.compute()
    assert (found.mean, found.problems) == (pytest.approx(mean), 3)
    assert found.low <= found.mean <= found.high


def test_a_metric_fed_in_parts_gives_what_it_gives_at_once():
    rng = np.random.default_rng(0)
    correct = rng.integers(0, 9, 40)
    whole, parts = PassAt(4, seed=5), PassAt(4, seed=5)
    whole.update([8] * 40, correct)
    for start in range(0, 40, 7):
        parts.update([8] * len(correct[start : start + 7]), correct[start : start + 7])
    assert whole.compute() == parts.compute()


def test_the_posterior_is_an_option():
    metric = PassAt(1, interval="beta")
    metric.update([2], [1])
    found = metric.compute()
    # Beta(2, 2): mean 1/2, variance 1/20; 1.96 sqrt(.05) = .438
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.0617, 0.9383), abs=1e-4)
    with pytest.raises(InputError, match="'bootstrap' or 'beta'"):
        PassAt(1, interval="wald")


def test_votes_are_averaged_over_problems():
    one = [("7", True), ("7", True), ("8", False), (None, False)]
    two = [("1", False), ("2", True), ("3", True), ("2", True)]
    majority, different = MajAt(4), DistinctAt(4)
    for metric in (majority, different):
        metric.update([one])
        metric.update([two])
    assert majority.compute().mean == 1.0
    assert different.compute().mean == pytest.approx((1 + 2) / 2)


def test_a_metric_refuses_when_it_is_fed_not_when_it_is_too_late():
    with pytest.raises(InputError, match=r"pass@5 of problems with as few as 4"):
        PassAt(5).update(*COUNTS)
    with pytest.raises(InputError, match=r"maj@5 of a problem with 4"):
        MajAt(5).update([[("1", True)] * 4])
