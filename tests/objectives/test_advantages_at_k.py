from itertools import combinations

import pytest
import torch

from asym_lit.objectives.advantages_at_k import PassAtKGradient, PassAtKTraining

THREE_OF_EIGHT = torch.tensor([[1.0, 0, 0, 1, 0, 0, 0, 1]], dtype=torch.float64)


def valid(rewards_PG):
    return torch.ones_like(rewards_PG, dtype=torch.bool)


def by_all_subsets(rewards, k, baseline):
    """n / C(n, k) times the sum over the k-subsets that hold i of their maximum less the baseline."""
    n = len(rewards)
    subsets = list(combinations(range(n), k))
    found = []
    for i in range(n):
        total = 0.0
        for subset in subsets:
            if i not in subset:
                continue
            best = max(rewards[j] for j in subset)
            if baseline == "leave_one_out_minus_one":
                best -= max((rewards[j] for j in subset if j != i), default=0.0)
            elif baseline == "leave_one_out":
                others = [max(rewards[j] for j in s) for s in combinations([j for j in range(n) if j != i], k)]
                best -= sum(others) / len(others)
            total += best
        found.append(n * total / len(subsets))
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("baseline", ["none", "leave_one_out", "leave_one_out_minus_one"])
@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("rewards", [[1.0, 0, 0, 1, 0, 0], [0.3, -1.2, 0.3, 2.0, 0.7, 0.1], [0.0] * 6, [1.0] * 6])
def test_the_gradient_of_the_best_of_k_is_that_of_all_subsets(rewards, k, baseline):
    rewards_PG = torch.tensor([rewards], dtype=torch.float64)
    found = PassAtKGradient(k, baseline)(rewards_PG, valid(rewards_PG))
    torch.testing.assert_close(found[0], by_all_subsets(rewards, k, baseline), rtol=0, atol=1e-12)


def test_the_published_oracle_of_three_right_in_eight():
    plain = PassAtKGradient(4, "none")(THREE_OF_EIGHT, valid(THREE_OF_EIGHT))[0] / 8
    assert plain[0] == pytest.approx(0.5)
    assert plain[1] == pytest.approx(0.442857, abs=1e-6)
    best = PassAtKGradient(4)(THREE_OF_EIGHT, valid(THREE_OF_EIGHT))[0] / 8
    assert best[0] == pytest.approx(0.142857, abs=1e-6)
    assert best[1] == pytest.approx(0, abs=1e-12)


def test_the_best_of_one_is_the_reward():
    rewards_PG = torch.tensor([[0.3, -1.2, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(PassAtKGradient(1, "none")(rewards_PG, valid(rewards_PG)), rewards_PG)


def test_undecided_members_take_no_part_and_small_groups_get_nothing():
    rewards_PG = torch.tensor([[1.0, 0, 0, 0], [1.0, 0, 0, 0]], dtype=torch.float64)
    decided = torch.tensor([[True, True, False, True], [True, False, False, False]])
    found = PassAtKGradient(2)(rewards_PG, decided)
    torch.testing.assert_close(found[0, decided[0]], by_all_subsets([1.0, 0, 0], 2, "leave_one_out_minus_one"))
    assert found[0, 2] == 0 and found[1].tolist() == [0, 0, 0, 0]


def test_pass_at_k_training_matches_its_published_oracle_and_sums_to_zero():
    found = PassAtKTraining(4)(THREE_OF_EIGHT, valid(THREE_OF_EIGHT))[0]
    assert found[0] == pytest.approx(0.277350, abs=1e-5)
    assert found[1] == pytest.approx(-0.166410, abs=1e-5)
    assert float(found.sum()) == pytest.approx(0, abs=1e-12)


def test_pass_at_1_training_is_grpo_with_the_biased_deviation():
    found = PassAtKTraining(1, eps=0)(THREE_OF_EIGHT, valid(THREE_OF_EIGHT))[0]
    assert found[0] == pytest.approx(1.29099, abs=1e-5)
    assert found[1] == pytest.approx(-0.77460, abs=1e-5)


@pytest.mark.parametrize("rewards", [[0.0] * 4, [1.0] * 4])
def test_a_uniform_group_teaches_pass_at_k_training_nothing(rewards):
    rewards_PG = torch.tensor([rewards])
    assert PassAtKTraining(2)(rewards_PG, valid(rewards_PG)).tolist() == [[0.0] * 4]


def test_pass_at_k_training_refuses_shaped_rewards():
    rewards_PG = torch.tensor([[1.0, 0.5]])
    with pytest.raises(ValueError, match="for rewards of 0 and 1; leave out reward shapers"):
        PassAtKTraining(2)(rewards_PG, valid(rewards_PG))


@pytest.mark.parametrize("estimator", [PassAtKGradient, PassAtKTraining])
def test_a_budget_of_none_is_refused(estimator):
    with pytest.raises(ValueError, match="k is 0; allowed: 1 or more"):
        estimator(0)
