from dataclasses import dataclass

import pytest
import torch

from asym_lit.rollout.curricula import Curriculum, Learnability, MarginalGain, Uniform
from asym_lit.rollout.successes import Successes
from asym_lit.types import InputError
from fakes import make_prompt


def known(*counts, forgetting=0.2):
    """What is known after one visit to each problem with (decided, right) responses; None for one that was never asked."""
    found = Successes([make_prompt(uid=f"p{i}") for i in range(len(counts))])
    found.visit([(f"p{i}", *count) for i, count in enumerate(counts) if count], forgetting)
    return found


def test_learnability_is_the_expectation_of_p_times_one_minus_p():
    # Nothing known: 1/6. 4 of 8: 5 x 5 / (10 x 11) = 25/110. None of 8: 1 x 9 / 110. All of 8: the same.
    found = known(None, (8, 4), (8, 0), (8, 8))
    gain = Learnability().gain(found.right_U, found.wrong_U)
    assert gain.tolist() == pytest.approx([1 / 6, 25 / 110, 9 / 110, 9 / 110], abs=1e-15)


def test_learnability_is_the_integral_over_the_beta_distribution():
    beta = torch.distributions.Beta(torch.tensor(3.5, dtype=torch.float64), torch.tensor(5.0, dtype=torch.float64))
    p = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    integral = (beta.log_prob(p).exp() * p * (1 - p)).mean()
    gain = Learnability().gain(torch.tensor([2.5], dtype=torch.float64), torch.tensor([4.0], dtype=torch.float64))
    assert float(gain) == pytest.approx(float(integral), abs=1e-9)


@pytest.mark.parametrize(
    ("k", "expected"),
    [  # by the paper's product, for 0 to 8 right of 8
        (4, [3.0, 2.18, 1.53, 1.02, 0.64, 0.36, 0.18, 0.07, 0.02]),
        (16, [6.0, 2.09, 0.664, 0.190, 0.047, 0.010, 0.002, 0.0, 0.0]),
        (256, [8.73, 0.265, 0.007, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_the_marginal_gain_is_the_published_product(k, expected):
    found = known(*((8, right) for right in range(9)))
    gain = MarginalGain(k=k).gain(found.right_U, found.wrong_U)
    for value, wanted in zip(gain.tolist(), expected, strict=True):
        assert value == pytest.approx(wanted, abs=0.0051)


def test_the_marginal_gain_is_1_where_nothing_is_known_and_everywhere_at_k_1():
    found = known(None, (8, 4), (8, 0))
    assert float(MarginalGain(k=7).gain(found.right_U, found.wrong_U)[0]) == pytest.approx(1)  # 7 x 1/7
    assert MarginalGain(k=1).gain(found.right_U, found.wrong_U).tolist() == pytest.approx([1, 1, 1])


def test_chances_are_gains_over_the_largest_one_of_those_that_do_not_rest():
    found = known((8, 4), (8, 0), (64, 64))
    # 64 of 64: mean 65/66 = 0.985, at rest.
    assert Learnability(retire_at=0.98, comeback=0.3).chances(found).tolist() == pytest.approx([1, 9 / 25, 0.3])
    # At rest they do not set the scale either: without them p1 is the largest.
    assert MarginalGain(k=4, retire_at=0.4).chances(found).tolist() == pytest.approx([0.1, 1, 0.1])


def test_a_solved_problem_rests_from_the_mean_that_is_asked_for():
    # One visit with 8 of 8: 9/10. Two: 6.4 + 8 = 14.4, 15.4/16.4 = 0.939. Three: 19.52, 20.52/21.52 = 0.9535.
    found = Successes([make_prompt(uid="p0")])
    rests = []
    for _ in range(3):
        found.visit([("p0", 8, 8)], 0.2)
        rests.append(bool(Learnability(retire_at=0.95).retired(found)[0]))
    assert rests == [False, False, True]
    found.visit([("p0", 8, 3)], 0.2)  # it came back and was not solved: 18.6 of 23.6
    assert not Learnability(retire_at=0.95).retired(found)[0]
    assert not Learnability(retire_at=1.0).retired(found)[0]


def test_where_all_are_solved_all_come_back_alike():
    found = known((200, 200), (100, 100))
    assert Learnability(retire_at=0.9, comeback=0.0).chances(found).tolist() == [1, 1]


@dataclass(frozen=True, kw_only=True)
class Given(Curriculum):
    """Gains as they are given."""

    gains: tuple[float, ...] = ()

    def gain(self, right_U, wrong_U):
        return torch.tensor(self.gains, dtype=torch.float64)


def test_gains_that_all_fall_to_0_ask_all_that_are_left_alike():
    assert Given(gains=(0.0, 0.0, 0.0), comeback=0.2).chances(known((8, 1), (8, 4), (100, 100))).tolist() == [1, 1, 0.2]


@pytest.mark.parametrize("wrong", [-0.5, float("nan"), float("inf")])
def test_a_gain_that_is_no_weight_is_refused_with_its_problem(wrong):
    with pytest.raises(InputError, match="Given gives the problem 'p1' the gain"):
        Given(gains=(1.0, wrong)).chances(known(None, None))


def test_hard_problems_get_the_groups_that_bring_a_right_response_with_the_chance_asked_for():
    # Means: 1/2 (never asked: one group), 5/10, 1/10, 1/66. ln(0.1) / ln(0.9) = 21.9 responses: 3 groups of 8.
    found = known(None, (8, 4), (8, 0), (64, 0))
    assert Learnability(most_groups=4, aim=0.9).groups(found, 8).tolist() == [1, 1, 3, 4]
    assert Learnability(most_groups=64, aim=0.9).groups(found, 8).tolist() == [1, 1, 3, 19]  # 150.8 responses
    assert Learnability(most_groups=4, aim=0.5).groups(found, 8).tolist() == [1, 1, 1, 4]  # 6.6 and 45.4 responses
    assert Learnability(most_groups=1).groups(found, 8).tolist() == [1, 1, 1, 1]


def test_a_chance_that_is_met_to_the_last_digit_asks_no_further_group():
    # Mean 1/2 after 1 of 2: two responses bring a right one with chance 3/4.
    assert Learnability(aim=0.75).groups(known((2, 1)), 2).tolist() == [1]


def test_a_uniform_curriculum_gives_all_the_same_chance_and_one_group():
    found = known(None, (8, 0), (800, 800))
    assert Uniform().chances(found).tolist() == [1, 1, 1]
    assert Uniform().groups(found, 8).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"forgetting": 1.5}, "data.curriculum.forgetting is 1.5; allowed: 0"),
        ({"retire_at": 0.0}, "data.curriculum.retire_at is 0.0; allowed: above 0"),
        ({"comeback": -0.1}, "data.curriculum.comeback is -0.1; allowed: 0"),
        ({"most_groups": 0}, "data.curriculum.most_groups is 0; allowed: 1"),
        ({"aim": 1.0}, "data.curriculum.aim is 1.0; allowed: between 0 and 1"),
        ({"k": 0}, "data.curriculum.k is 0; allowed: 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        MarginalGain(**settings)


def test_a_threshold_that_no_problem_can_reach_is_refused():
    # 2 responses, forgetting 0.2: 10 right responses at most, 11/12 = 0.9167.
    with pytest.raises(InputError, match=r"retire_at is 0.95.*rises to 0.9167 alone"):
        Learnability().check(2, 16, 2)
    Learnability(retire_at=0.9).check(2, 16, 2)
    Learnability(retire_at=1.0).check(2, 16, 2)
    Learnability(forgetting=0.0, retire_at=0.999).check(2, 16, 2)
