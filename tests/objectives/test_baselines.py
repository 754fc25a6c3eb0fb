from dataclasses import dataclass, replace

import pytest
import torch

from asym_lit.objectives import Objective, opo, otb, remax
from asym_lit.objectives.advantages import Centred, RawReward
from asym_lit.objectives.baselines import GreedyBaseline, LengthWeightedBaseline, OptimalTokenBaseline
from asym_lit.objectives.corrections import NoCorrection, TokenTruncated
from asym_lit.types import InputError, Needs
from fakes import LossProblem, make_experience


def of_lengths(lengths, rewards, group_size=None, **changes):
    mask_BT = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).double()
    rewards_B = torch.tensor(rewards, dtype=torch.float64)
    return make_experience(
        mask_BT, rewards_B=rewards_B, correct_B=rewards_B > 0, group_size=group_size or len(lengths), **changes
    )


def test_a_baseline_weighted_by_length_by_hand():
    # (10 1 + 40 1) / 100 = 0.5, where the plain mean of 1, 0, 0, 1 is 0.5 too; of 1, 0, 0, 0 it is 0.1 against 0.25.
    same = opo().estimate(of_lengths([10, 20, 30, 40], [1, 0, 0, 1]))[:, 0].tolist()
    assert same == pytest.approx([0.5, -0.5, -0.5, 0.5])
    found_BT = opo().estimate(of_lengths([10, 20, 30, 40], [1, 0, 0, 0]))
    assert found_BT[:, 0].tolist() == pytest.approx([0.9, -0.1, -0.1, -0.1])
    assert float(found_BT.sum()) == pytest.approx(0.0, abs=1e-12)  # 10 0.9 - 90 0.1


def test_with_equal_lengths_it_is_the_mean_of_the_group():
    experience = of_lengths([3] * 8, [1, 0, 0, 1, 0, 0.5, 2, -1], group_size=4)
    centred = Objective(estimator=Centred()).estimate(experience)
    torch.testing.assert_close(opo().estimate(experience), centred, rtol=0, atol=1e-14)


@pytest.mark.parametrize("reward", [0.1, 1.0, -0.7])
def test_a_uniform_group_has_exactly_no_advantage(reward):
    experience = of_lengths([3, 5, 7, 1, 2, 9, 4], [reward] * 7)
    assert opo().estimate(experience).abs().max() == 0
    assert opo().idle(experience).all()


def test_a_response_without_decided_siblings_keeps_its_reward_and_undecided_ones_count_nowhere():
    assert opo().estimate(of_lengths([3], [0.7]))[0].tolist() == pytest.approx([0.7] * 3)
    valid_B = torch.tensor([True, False, False])
    alone = opo().estimate(of_lengths([2, 9, 9], [0.7, 5, 5], valid_B=valid_B))
    assert alone[0, :2].tolist() == pytest.approx([0.7, 0.7]) and not alone[1:].any()
    pair = opo().estimate(of_lengths([1, 3, 9], [1, 0, 7], valid_B=torch.tensor([True, True, False])))
    assert pair[:, 0].tolist() == pytest.approx([0.75, -0.25, 0.0])  # b = 1 / 4
    none = opo().estimate(of_lengths([1, 3], [1, 0], valid_B=torch.tensor([False, False])))
    assert not none.any()


def test_the_token_baseline_by_hand():
    # Two responses of two tokens; w = 1 - 2 q + S2: first 0.5 and 1.0, second 1.5 and 0.5.
    old_BT = torch.tensor([[0.5, 0.25], [0.1, 0.5]], dtype=torch.float64).log()
    squares_BT = torch.tensor([[0.5, 0.5], [0.7, 0.5]], dtype=torch.float64)
    experience = of_lengths([2, 2], [1, 0], old_logprobs_BT=old_BT, squares_BT=squares_BT)
    # W: 0.5, 1.5 and 1.5, 2.0; b: 0.5 / 2 = 0.25 and 1.5 / 3.5 = 3 / 7.
    expected = [[0.75, 4 / 7], [-0.25, -3 / 7]]
    for row, wanted in zip(otb().estimate(experience).tolist(), expected, strict=True):
        assert row == pytest.approx(wanted, abs=1e-7)


def test_where_the_longest_response_runs_alone_it_has_no_baseline_unless_its_tail_is_kept():
    ones_BT = torch.full((2, 4), 0.5, dtype=torch.float64)
    given = {"old_logprobs_BT": ones_BT.log(), "squares_BT": ones_BT}
    long_is_right = of_lengths([2, 4], [0, 1], **given)
    assert otb().estimate(long_is_right)[1].tolist() == pytest.approx([0.5, 0.5, 1, 1], abs=1e-7)
    assert otb(zero_tail=False).estimate(long_is_right)[1].tolist() == pytest.approx([0.5, 0.5, 0, 0], abs=1e-7)
    long_is_wrong = of_lengths([2, 4], [1, 0], **given)
    assert otb().estimate(long_is_wrong)[1].tolist() == pytest.approx([-0.5, -0.5, 0, 0], abs=1e-7)


def test_a_group_of_one_and_one_whose_siblings_are_undecided_or_empty_keep_their_reward():
    half_BT = torch.full((1, 3), 0.5, dtype=torch.float64)
    one = of_lengths([3], [0.7], old_logprobs_BT=half_BT.log(), squares_BT=half_BT)
    assert otb().estimate(one)[0].tolist() == pytest.approx([0.7] * 3)
    half_BT = half_BT.expand(3, 3)
    valid_B = torch.tensor([True, False, True])
    three = of_lengths([3, 3, 0], [0.7, 9, 9], old_logprobs_BT=half_BT.log(), squares_BT=half_BT, valid_B=valid_B)
    found = otb(zero_tail=False).estimate(three)
    assert found[0].tolist() == pytest.approx([0.7] * 3) and not found[1:].any()


def test_certain_tokens_divide_nothing_by_nothing():
    certain_BT = torch.zeros(3, 2, dtype=torch.float64)
    experience = of_lengths([2, 2, 1], [1, 0, 1], old_logprobs_BT=certain_BT, squares_BT=torch.ones_like(certain_BT))
    assert otb().estimate(experience).isfinite().all()


def test_weights_of_the_sampler_count_squared_and_weigh_the_loss_too():
    correction = TokenTruncated(cap=3.0)
    objective = otb(correction=correction)
    assert objective.correction is correction and otb().correction == NoCorrection()
    problem = LossProblem.random(3)
    sampler_BT = problem.experience.old_logprobs_BT - 0.4 * problem.experience.correct_B[:, None].double()
    experience = replace(problem.experience, sampler_logprobs_BT=sampler_BT)
    plain, weighed = otb().estimate(experience), objective.estimate(experience)

    @dataclass(frozen=True)
    class Given:
        needs = Needs()

        def weights(self, experience):
            return (0.4 * experience.correct_B.double()).exp()[:, None] * experience.mask_BT

    assert (plain - weighed).abs().max() > 1e-3
    torch.testing.assert_close(otb(correction=Given()).estimate(experience), weighed, rtol=0, atol=1e-12)
    none = replace(experience, sampler_logprobs_BT=experience.old_logprobs_BT)
    torch.testing.assert_close(objective.estimate(none), otb().estimate(none), rtol=0, atol=1e-14)


def test_what_the_token_baseline_needs():
    assert OptimalTokenBaseline().needs == Needs(squares=True, rollout_scores=True)
    assert otb().rollout_needs.squares and not otb().update_needs.squares
    assert LengthWeightedBaseline().needs == Needs()


def test_a_greedy_response_is_the_baseline_of_its_prompt():
    greedy_B = torch.tensor([1.0, 1, 0, 0], dtype=torch.float64)
    experience = of_lengths([2, 1, 2, 2], [1, 0, 0, 1], group_size=2, greedy_rewards_B=greedy_B)
    assert remax().estimate(experience).tolist() == [[0, 0], [-1, 0], [0, 0], [1, 1]]
    assert remax().idle(experience).tolist() == [True, False, True, False]  # told before anything is scored
    assert remax().rollout_needs == Needs(greedy=True) and not remax().rollout_needs.of_scores
    alone = of_lengths([2], [1], greedy_rewards_B=torch.tensor([0.25]).double())
    assert remax().estimate(alone).tolist() == [[0.75, 0.75]]
    assert remax().estimator.min_group_size == 1


def test_a_group_whose_greedy_response_is_undecided_has_no_advantage():
    greedy_B = torch.tensor([torch.nan, torch.nan, 0, 0], dtype=torch.float64)
    experience = of_lengths([1, 1, 1, 1], [1, 0, 0, 1], group_size=2, greedy_rewards_B=greedy_B)
    assert remax().estimate(experience)[:, 0].tolist() == [0, 0, 0, 1]


def test_without_greedy_responses_it_is_refused_by_name():
    with pytest.raises(InputError, match=r"GreedyBaseline \(ReMax\) compares with a greedy response .* transcript holds none"):
        remax().estimate(of_lengths([1, 1], [1, 0]))


def test_baselines_are_taken_off_and_overwrite_nothing():
    experience = of_lengths([1, 3], [1, 0], greedy_rewards_B=torch.tensor([0.5, 0.5]).double())
    both = Objective(estimator=RawReward(), reweights=(LengthWeightedBaseline(), GreedyBaseline()))
    assert both.estimate(experience)[:, 0].tolist() == pytest.approx([1 - 0.25 - 0.5, -0.25 - 0.5])
