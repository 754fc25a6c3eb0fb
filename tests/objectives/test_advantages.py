import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives.advantages import BestOfGroup, Centred, GroupNormalised, LeaveOneOut, MeanNormalised, RawReward

ESTIMATORS = [GroupNormalised(), Centred()]


def all_valid(rewards_PG):
    return torch.ones_like(rewards_PG, dtype=torch.bool)


def three_of_eight():
    return torch.tensor([[1, 1, 1, 0, 0, 0, 0, 0]], dtype=torch.float64)


def test_grpo_with_three_right_of_eight():
    rewards_PG = three_of_eight()
    # Mean 3/8 = .375; unbiased std sqrt((3 * .625^2 + 5 * .375^2) / 7) = .517549; .625/.517549 and -.375/.517549.
    expected = [1.20761] * 3 + [-0.72457] * 5
    assert GroupNormalised()(rewards_PG, all_valid(rewards_PG))[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_dr_grpo_with_three_right_of_eight():
    rewards_PG = three_of_eight()
    assert Centred()(rewards_PG, all_valid(rewards_PG))[0].tolist() == [0.625] * 3 + [-0.375] * 5  # 1 - 3/8, 0 - 3/8


def test_grpo_adds_eps_to_the_standard_deviation():
    rewards_PG = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    # Mean .5, std sqrt(.25 + .25) = .70711; with eps .1: .5 / .80711 = .61950.
    assert GroupNormalised(eps=0.1)(rewards_PG, all_valid(rewards_PG))[0, 0].item() == pytest.approx(0.61950, abs=1e-5)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@given(reward=st.floats(-3, 3, width=32), size=st.integers(2, 16))
def test_a_uniform_group_has_no_advantage(estimator, reward, size):
    rewards_PG = torch.full((1, size), reward)
    assert estimator(rewards_PG, all_valid(rewards_PG)).abs().max() == 0


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_an_undecided_rollout_has_no_advantage_and_no_say(estimator):
    rewards_PG = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    valid_PG = torch.tensor([[True, True, True, False]])
    found = estimator(rewards_PG, valid_PG)
    assert found[0, 3] == 0
    torch.testing.assert_close(found[:, :3], estimator(rewards_PG[:, :3], valid_PG[:, :3]))
    # Whatever number stands at its place.
    rewards_PG[0, 3] = 1e6
    torch.testing.assert_close(estimator(rewards_PG, valid_PG), found)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize("valid", [[False, False, True], [False, False, False]])
def test_a_group_with_fewer_than_two_verdicts_has_no_advantage(estimator, valid):
    found = estimator(torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([valid]))
    assert found.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@given(groups=st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=1, max_size=5))
def test_advantages_of_a_group_sum_to_zero_and_ignore_other_groups(estimator, groups):
    rewards_PG = torch.tensor(groups, dtype=torch.float64)
    together = estimator(rewards_PG, all_valid(rewards_PG))
    assert together.sum(-1).abs().max() < 1e-9
    apart = torch.cat([estimator(row[None], all_valid(row[None])) for row in rewards_PG])
    torch.testing.assert_close(together, apart, rtol=0, atol=0)


@given(shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_grpo_does_not_see_the_scale_of_rewards_and_dr_grpo_does(shift, scale):
    rewards_PG = three_of_eight()
    valid_PG = all_valid(rewards_PG)
    other_PG = shift + scale * rewards_PG
    torch.testing.assert_close(GroupNormalised(eps=0)(other_PG, valid_PG), GroupNormalised(eps=0)(rewards_PG, valid_PG))
    torch.testing.assert_close(Centred()(other_PG, valid_PG), scale * Centred()(rewards_PG, valid_PG))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_estimators_that_compare_within_a_group_ask_for_two_rollouts(estimator):
    assert estimator.min_group_size == 2


@pytest.mark.parametrize(
    ("estimator", "right", "wrong"),
    [
        (LeaveOneOut(), 0.714286, -0.428571),  # (r - 3/8) 8/7
        (MeanNormalised(), 1.66667, -1.0),  # (r - 3/8) / (3/8)
        (RawReward(), 1.0, 0.0),
    ],
)
def test_the_group_oracle_of_three_right_in_eight_for_the_others(estimator, right, wrong):
    rewards_PG = torch.tensor([[1.0, 1, 1, 0, 0, 0, 0, 0]], dtype=torch.float64)
    found = estimator(rewards_PG, torch.ones_like(rewards_PG, dtype=torch.bool))[0]
    assert found.tolist() == pytest.approx([right] * 3 + [wrong] * 5, abs=1e-5)


def test_the_best_of_a_group_gets_its_lead_over_the_second_best():
    rewards_PG = torch.tensor([[0.2, 0.9, 0.4], [1.0, 1.0, 0.0], [0.5, 0.3, 0.0]], dtype=torch.float64)
    valid_PG = torch.tensor([[True, True, True], [True, True, True], [True, False, False]])
    found = BestOfGroup(normalise=False)(rewards_PG, valid_PG)
    assert found.tolist() == [[0, pytest.approx(0.5), 0], [0, 0, 0], [0, 0, 0]]


def test_raw_rewards_make_sense_in_groups_of_one():
    rewards_PG, valid_PG = torch.tensor([[1.0], [0.0]]), torch.ones(2, 1, dtype=torch.bool)
    assert RawReward().min_group_size == 1
    assert RawReward()(rewards_PG, valid_PG).tolist() == [[1.0], [0.0]]
