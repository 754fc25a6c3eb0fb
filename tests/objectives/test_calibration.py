import math
from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import grpo, lens
from asym_lit.objectives.calibration import CalibratedErrors, NormalisedUnlessAllWrong
from asym_lit.objectives.objective import advantages_of
from asym_lit.types import InputError, Needs
from fakes import LossProblem, assert_different_objective, assert_same_objective, make_experience


def of_likelihoods(p, right=(), lengths=None, **changes):
    """Responses whose tokens each have that probability."""
    lengths = lengths or [2] * len(p)
    mask_BT = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).double()
    old_BT = torch.tensor(p, dtype=torch.float64).log()[:, None] * mask_BT
    correct_B = torch.tensor([i in right for i in range(len(p))])
    given = {"old_logprobs_BT": old_BT, "correct_B": correct_B, "rewards_B": correct_B.double()}
    return make_experience(mask_BT, **{**given, **changes})


def test_an_all_wrong_group_by_hand():
    # D = 2 max p = 1: -1/4 0.5 / 0.5 = -0.25, -1/4 0.4 / 0.6 = -0.16667, -1/4 0.3 / 0.7, -1/4 0.2 / 0.8.
    experience = of_likelihoods([0.5, 0.4, 0.3, 0.2])
    rewards = lens().shape(experience)
    assert rewards.tolist() == pytest.approx([-0.25, -0.166667, -0.107143, -0.0625], abs=1e-6)
    advantages = lens(alpha=1.0).estimate(replace(experience, rewards_B=rewards))[:, 0]
    assert advantages.tolist() == pytest.approx([-0.10342, -0.02009, 0.03943, 0.08408], abs=1e-5)
    quarter = lens().estimate(replace(experience, rewards_B=rewards))[:, 0]
    torch.testing.assert_close(quarter, advantages / 4)


def test_a_mixed_group_by_hand():
    # Dimp = 4 / (1 / 0.5) = 2 > 2 max p = 1: -1/4 0.4 / 1.6 = -0.0625, -1/4 0.3 / 1.7, -1/4 0.2 / 1.8.
    experience = of_likelihoods([0.5, 0.4, 0.3, 0.2], right=[0])
    rewards = lens().shape(experience)
    assert rewards.tolist() == pytest.approx([1, -0.0625, -0.044118, -0.027778], abs=1e-6)
    expected = (rewards - rewards.mean()) / rewards.std()
    found = lens().estimate(replace(experience, rewards_B=rewards))[:, 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_the_likelihood_of_whole_responses_underflows_to_twice_the_largest():
    # Tokens of 0.5, two each: the product of the right one is 0.25, Dimp = 4 0.25 = 1 = 2 max p; of 200 tokens it is nothing.
    two = of_likelihoods([0.5, 0.4, 0.3, 0.2], right=[0])
    assert lens(likelihood="product").shape(two)[1].item() == pytest.approx(-0.25 * 0.4 / 0.6)
    long = of_likelihoods([0.5, 0.4, 0.3, 0.2], right=[0], lengths=[200] * 4)
    assert lens(likelihood="product").shape(long)[1].item() == pytest.approx(-0.25 * 0.4 / 0.6)
    assert lens().shape(long)[1].item() == pytest.approx(-0.0625)


def test_undecided_responses_enter_neither_the_count_nor_the_maximum():
    valid_B = torch.tensor([True, True, False])
    found = lens().shape(of_likelihoods([0.2, 0.1, 0.9], valid_B=valid_B))
    assert found[:2].tolist() == pytest.approx([-0.5, -0.5 * 0.1 / 0.3])  # G = 2, D = 0.4


def test_every_wrong_reward_is_between_minus_one_over_g_and_0():
    for seed in range(5):
        experience = LossProblem.random(seed).experience
        rewards = lens().shape(experience)[~experience.correct_B]
        assert (rewards <= 0).all() and (rewards >= -0.25 - 1e-12).all()


@pytest.mark.parametrize("logprob", [-1.0, -800.0, -1e6, 0.0])
def test_hopeless_and_certain_answers_stay_finite(logprob):
    mask_BT = torch.ones(4, 3, dtype=torch.float64)
    old_BT = torch.tensor([logprob, -1.0, logprob, -0.0]).double()[:, None] * mask_BT
    for right in ([False] * 4, [True, False, False, False], [True] * 4):
        for likelihood in ("per_token", "product"):
            experience = make_experience(mask_BT, old_logprobs_BT=old_BT, correct_B=torch.tensor(right))
            rewards = lens(likelihood=likelihood).shape(experience)
            assert rewards.isfinite().all()
            assert lens().estimate(replace(experience, rewards_B=rewards)).isfinite().all()


def test_without_calibration_it_is_grpo_and_with_it_all_wrong_groups_teach():
    assert_same_objective(lens(strength=0.0), grpo())
    assert_different_objective(lens(), grpo())
    problem = LossProblem.random(1)
    wrong_B = torch.zeros(12, dtype=torch.bool)
    all_wrong = replace(problem, experience=replace(problem.experience, correct_B=wrong_B, rewards_B=wrong_B.double()))
    assert all_wrong.loss_and_gradient(grpo())[1].abs().max() < 1e-12
    assert all_wrong.loss_and_gradient(lens())[1].abs().max() > 1e-6
    assert all_wrong.loss_and_gradient(lens(alpha=0.0))[1].abs().max() == 0
    right_B = ~wrong_B
    all_right = replace(problem, experience=replace(problem.experience, correct_B=right_B, rewards_B=right_B.double()))
    assert all_right.loss_and_gradient(lens())[1].abs().max() == 0


def test_with_plain_rewards_the_estimator_is_grpos():
    rewards = [1.0, 0.0, 0.0, 1.0, 0.0]
    mean, std = 0.4, math.sqrt(1.2 / 4)
    expected = [(r - mean) / (std + 1e-6) for r in rewards]
    assert advantages_of(rewards, NormalisedUnlessAllWrong()) == pytest.approx(expected)
    assert advantages_of([0.0] * 5, NormalisedUnlessAllWrong()) == [0.0] * 5


def test_what_it_needs_and_refuses():
    assert lens().rollout_needs == Needs(rollout_scores=True) and lens(strength=0.0).rollout_needs == Needs()
    with pytest.raises(InputError, match=r"strength is 1\.5; allowed: 0 \(off\) to 1"):
        CalibratedErrors(1.5)
    with pytest.raises(InputError, match=r"alpha is -1; allowed: 0"):
        NormalisedUnlessAllWrong(-1)
