import math
from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import gdpo
from asym_lit.types import Collectives, InputError, Needs
from fakes import make_experience


def two_groups(lengths=(1, 1, 1, 1), **changes):
    """Right: 1 0 | 1 1; short: -10 -30 | -20 -40."""
    mask_BT = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).double()
    rewards_BC = torch.tensor([[1.0, -10], [0, -30], [1, -20], [1, -40]], dtype=torch.float64)
    given = {"rewards_BC": rewards_BC, "group_size": 2, "rewards_B": torch.full((4,), 99.0).double()}
    return make_experience(mask_BT, **{**given, **changes})


def test_two_rewards_by_hand():
    # Std of 1 0 is 1 / sqrt 2: scores +-1 / sqrt 2; of -10 -30 and -20 -40 likewise; S = 2 -2 1 -1 over sqrt 2.
    found = gdpo(eps=1e-12, batch_eps=0.0).estimate(two_groups())[:, 0].tolist()
    root = math.sqrt((4 + 4 + 1 + 1) / 2 / 3)  # std of S, unbiased
    assert found == pytest.approx([value / math.sqrt(2) / root for value in (2, -2, 1, -1)], rel=1e-9)


def test_a_group_that_is_all_right_still_learns_from_the_other_reward_and_one_that_is_uniform_in_all_does_not():
    assert gdpo().estimate(two_groups())[2:, 0].abs().min() > 0.1
    rewards_BC = torch.tensor([[1.0, -10], [0, -30], [1, -0.1], [1, -0.1]], dtype=torch.float64)
    found = gdpo().estimate(two_groups(rewards_BC=rewards_BC))[:, 0]
    assert found[2:].tolist() == [0, 0] and found[0] > 0
    assert gdpo().idle(two_groups(rewards_BC=rewards_BC)).tolist() == [False, False, True, True]


def test_weights_are_the_verifiers_and_scales_of_rewards_say_nothing():
    base = two_groups(reward_weights_BC=torch.tensor([1.0, 0.5]).double().expand(4, 2))
    scaled = replace(base, rewards_BC=base.rewards_BC * torch.tensor([1.0, 1000.0]).double())
    exact = gdpo(eps=1e-12)
    torch.testing.assert_close(exact.estimate(scaled), exact.estimate(base), rtol=0, atol=1e-9)
    none = two_groups(reward_weights_BC=torch.tensor([1.0, 0.0]).double().expand(4, 2))
    assert gdpo().estimate(none)[2:].abs().max() == 0  # the second group is all right
    per_group = two_groups(reward_weights_BC=torch.tensor([[1.0, 1], [1, 1], [1, 0], [1, 0]]).double())
    assert gdpo().estimate(per_group)[2:].abs().max() == 0 and gdpo().estimate(per_group)[:2].abs().min() > 0


def test_with_one_reward_it_is_grpos_advantage_over_its_spread_in_the_batch():
    rewards_B = torch.tensor([1.0, 0, 0.5, 0.1], dtype=torch.float64)
    experience = two_groups(rewards_BC=None, rewards_B=rewards_B)
    found = gdpo(eps=1e-12, batch_eps=0.0).estimate(experience)[:, 0]
    grpo_B = torch.tensor([1.0, -1, 1, -1]).double() / math.sqrt(2)
    torch.testing.assert_close(found, grpo_B / grpo_B.std(), rtol=0, atol=1e-9)


def test_undecided_responses_enter_no_statistic():
    valid_B = torch.tensor([True, True, True, False])
    changed = torch.tensor([[1.0, -10], [0, -30], [1, -20], [7, 700]], dtype=torch.float64)
    plain, other = (gdpo().estimate(two_groups(valid_B=valid_B, **given)) for given in ({}, {"rewards_BC": changed}))
    torch.testing.assert_close(plain, other, rtol=0, atol=0)
    assert plain[2:].abs().max() == 0  # a group of one decided response


def test_the_last_spread_is_over_responses_or_over_tokens_and_over_all_ranks():
    experience = two_groups(lengths=(3, 1, 2, 1))
    by_token = gdpo("tokens", batch_eps=1e-12).estimate(experience)
    tokens = by_token[experience.mask_BT.bool()]
    assert float(tokens.mean()) == pytest.approx(0, abs=1e-12) and float(tokens.std()) == pytest.approx(1, abs=1e-6)
    by_response = gdpo(batch_eps=0.0).estimate(experience)[:, 0]
    assert float(by_response.std()) == pytest.approx(1, abs=1e-12)
    # Two ranks with the same rollouts: the spread is over eight.
    doubled = replace(experience, collectives=Collectives(sum=lambda values: 2 * values))
    twice = gdpo(batch_eps=0.0).estimate(doubled)[:, 0]
    assert float(torch.cat([twice, twice]).std()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("objective", [gdpo(), gdpo(batch_eps=0.0), gdpo("tokens"), gdpo(normalise=False)])
def test_uniform_batches_are_finite_and_silent(objective):
    experience = two_groups(rewards_BC=torch.full((4, 2), 0.3).double())
    assert objective.estimate(experience).abs().max() < 1e-9


def test_what_it_needs_and_what_it_refuses():
    assert gdpo().rollout_needs == Needs(rewards=True) and not gdpo().rollout_needs.of_scores
    with pytest.raises(InputError, match=r"eps is 0 and batch_eps 0\.0001; allowed: eps above 0"):
        gdpo(eps=0)
