import numpy as np
import pytest

from asym_lit.evaluation.rankings import ranks
from asym_lit.types import InputError


def test_arms_that_differ_for_sure_have_their_ranks_and_others_share_them():
    rng = np.random.default_rng(0)
    easy = rng.uniform(0.2, 0.8, 300)
    noise = [easy + rng.normal(0, 0.02, 300) for _ in range(4)]
    found = ranks({"low": [noise[0] - 0.1], "mid": [noise[1]], "twin": [noise[2] + 0.0005], "top": [noise[3] + 0.1]})
    assert (found[0].arm, found[-1].arm) == ("top", "low")
    where = {one.arm: (one.best, one.worst) for one in found}
    assert where == {"top": (1, 1), "mid": (2, 3), "twin": (2, 3), "low": (4, 4)}
    assert [one.rank for one in found] == [1, 2, 3, 4]


def test_arms_alike_share_the_first_place_and_anything_is_possible():
    values = np.array([[0.1, 0.5, 0.9]])
    assert [(one.rank, one.best, one.worst) for one in ranks({"a": values, "b": values, "c": values})] == [(1, 1, 3)] * 3


def test_two_seeds_are_sure_of_nothing():
    low, high = np.zeros((2, 50)), np.ones((2, 50))
    assert [(one.best, one.worst) for one in ranks({"a": low, "b": high})] == [(1, 2), (1, 2)]


def test_all_intervals_hold_the_true_ranks_together():
    rng, held = np.random.default_rng(1), 0
    true = {"a": 0.50, "b": 0.51, "c": 0.53, "d": 0.53}  # c and d share the first place
    for _ in range(300):
        base = rng.normal(0, 0.1, 60)
        found = {one.arm: one for one in ranks({name: [base + mean + rng.normal(0, 0.05, 60)] for name, mean in true.items()})}
        held += all(
            found[name].best <= 1 + sum(other > mean for other in true.values())
            and found[name].worst >= len(true) - sum(other < mean for other in true.values())
            for name, mean in true.items()
        )
    assert held / 300 >= 0.93


def test_one_arm_is_no_ranking():
    with pytest.raises(InputError, match="There is one arm; a ranking needs two"):
        ranks({"a": [np.zeros(3)]})
