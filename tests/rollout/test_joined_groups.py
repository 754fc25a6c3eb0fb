from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import grpo, pkpo, rloo
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.rewards import UnlikelinessReward
from asym_lit.rollout.joined_groups import JoinedGroups
from fakes import LossProblem, make_experience

RIGHT = [1, 0, 0, 0, 1, 1]  # a problem with two responses, one with four
SIZES = [2, 4]


def experience(**changes):
    right = torch.tensor(RIGHT, dtype=torch.bool)
    mask = torch.ones(6, 3, dtype=torch.float64)
    mask[1, 2] = 0
    return make_experience(mask, rewards_B=right.double(), correct_B=right, group_size=2, **changes)


def estimated(objective, given, sizes=SIZES):
    joining = JoinedGroups(sizes)
    whole = joining.joined(given)
    whole.rewards_B = objective.shape(whole)
    return joining.apart(objective.estimate(whole))


def test_all_responses_to_a_problem_stand_in_one_row_filled_up_with_none():
    whole = JoinedGroups(SIZES).joined(experience())
    assert whole.group_size == 4
    assert whole.valid_B.view(2, 4).tolist() == [[True, True, False, False], [True] * 4]
    assert whole.rewards_B.view(2, 4).tolist() == [[1, 0, 0, 0], [0, 0, 1, 1]]
    assert whole.lengths_B.view(2, 4).tolist() == [[3, 2, 0, 0], [3, 3, 3, 3]]


def test_what_is_joined_comes_apart_in_its_order():
    joining = JoinedGroups([1, 3, 2])
    given = make_experience(torch.ones(6, 2, dtype=torch.float64), rewards_B=torch.arange(6.0), group_size=1)
    whole = joining.joined(given)
    assert whole.rewards_B.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 0]
    assert joining.apart(whole.rewards_B).tolist() == [0, 1, 2, 3, 4, 5]
    assert joining.apart(whole.mask_BT).equal(given.mask_BT)


def test_problems_with_one_group_each_are_left_as_they_are():
    given = experience()
    joining = JoinedGroups([2, 2, 2])
    assert joining.joined(given) is given
    assert joining.apart(given.rewards_B) is given.rewards_B


def test_problems_with_as_many_groups_are_joined_without_filling():
    given = experience()
    whole = JoinedGroups([6]).joined(given)
    assert whole.group_size == 6
    assert whole.rewards_B is given.rewards_B


def test_the_baseline_is_over_all_responses_to_a_problem():
    # RLOO: 1 - 0 and 0 - 1; of 0, 0, 1, 1 the others' means are 2/3, 2/3, 1/3, 1/3.
    advantages_BT = estimated(rloo(), experience())
    assert advantages_BT[:, 0].tolist() == pytest.approx([1, -1, -2 / 3, -2 / 3, 2 / 3, 2 / 3])
    assert advantages_BT[1, 2] == 0  # padding
    # In groups of two each of these was uniform.
    assert estimated(rloo(), experience(), [2, 2, 2])[:, 0].tolist() == [1, -1, 0, 0, 0, 0]


def test_undecided_responses_of_a_joined_problem_enter_no_statistic():
    given = experience(valid_B=torch.tensor([True, True, True, False, True, True]))
    # 0, 1, 1 are left: others' means 1, 1/2, 1/2.
    assert estimated(rloo(), given)[:, 0].tolist() == pytest.approx([1, -1, -1, 0, 0.5, 0.5])


@pytest.mark.parametrize("objective", [grpo(), rloo(), pkpo(k=3)], ids=["grpo", "rloo", "pkpo"])
def test_a_joined_problem_has_the_advantages_of_the_same_responses_alone(objective):
    problem = LossProblem.random(seed=3, groups=3, size=4).experience
    sizes, start = [4, 8], 0
    together = estimated(objective, problem, sizes)
    for size in sizes:
        rows = list(range(start, start + size))
        alone = replace(problem.rows(rows, problem.mask_BT.shape[1]), group_size=size)
        assert torch.allclose(together[rows], objective.estimate(alone), atol=1e-12)
        start += size


def test_ranks_within_a_problem_count_those_that_are_there():
    logprobs = torch.tensor([-1.0, -2.0, -1.0, -4.0, -3.0, -2.0], dtype=torch.float64)[:, None] * torch.ones(1, 3)
    given = experience(old_logprobs_BT=logprobs)
    given.rewards_B = torch.ones(6, dtype=torch.float64)
    objective = Objective(reward_shapers=[UnlikelinessReward(beta=0.4)])
    joining = JoinedGroups(SIZES)
    shaped = joining.apart(objective.shape(joining.joined(given)))
    # 1 - 0.4 rank / G: ranks 1, 0 of 2 and 3, 0, 1, 2 of 4.
    assert shaped.tolist() == pytest.approx([0.8, 1, 0.7, 1, 0.9, 0.8])


def test_idle_rollouts_are_told_by_whole_problems():
    given = experience()
    given.rewards_B = torch.tensor([1.0, 1, 0, 0, 1, 1], dtype=torch.float64)
    joining = JoinedGroups(SIZES)
    assert joining.apart(grpo().idle(joining.joined(given))).tolist() == [True, True, False, False, False, False]
