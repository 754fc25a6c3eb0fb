import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives import a3po, entropy_shaping, fipo, gpg, grpo, lite_ppo
from asym_lit.objectives.batch_reweights import BatchScaled, RewardedShare
from asym_lit.objectives.credit_reweights import EntropyShaping, PolarTokens, Pole
from asym_lit.objectives.future_reweights import FutureRatio, discounted_sums
from asym_lit.types import InputError, Needs, TokenScores
from fakes import LossProblem, make_experience


def test_shaping_by_entropy_by_hand():
    # min(.4 x 2, .5 / 2) = .25; min(.4 x .3, .5 / 2) = .12; at 0 nothing.
    experience = make_experience([[1.0, 1.0, 1.0]])
    experience.entropy_BT = torch.tensor([[2.0, 0.3, 5.0]], dtype=torch.float64)
    advantages_BT = torch.tensor([[0.5, -0.5, 0.0]], dtype=torch.float64)
    found_BT = EntropyShaping(0.4, 2.0)(advantages_BT, experience)
    assert found_BT.tolist() == [[pytest.approx(0.75), pytest.approx(-0.38), 0.0]]
    assert EntropyShaping(0.0).needs == Needs() and EntropyShaping().needs == Needs(entropy=True, rollout_scores=True)


@given(st.floats(-3, 3), st.floats(0, 12), st.floats(0, 5), st.floats(1.001, 10))
def test_with_kappa_above_1_no_sign_turns_and_every_advantage_rises(advantage, entropy, alpha, kappa):
    experience = make_experience([[1.0]])
    experience.entropy_BT = torch.tensor([[entropy]], dtype=torch.float64)
    found = EntropyShaping(alpha, kappa)(torch.tensor([[advantage]], dtype=torch.float64), experience).item()
    assert found >= advantage and (found > 0) == (advantage > 0) and (found < 0) == (advantage < 0)


@pytest.mark.parametrize("knobs", [{"alpha": -0.1}, {"kappa": 0.0}])
def test_shaping_that_is_none_is_refused(knobs):
    with pytest.raises(InputError, match=r"allowed: alpha 0 \(off\) or more, kappa above 0"):
        entropy_shaping(grpo(), **knobs)


def polar_experience():
    """Two responses of five and of two tokens, the first right."""
    probabilities = torch.tensor([[0.9, 0.1, 0.5, 0.3, 0.7], [0.2, 0.6, 0.999, 0.999, 0.999]], dtype=torch.float64)
    mask_BT = torch.tensor([[1.0] * 5, [1.0, 1.0, 0, 0, 0]], dtype=torch.float64)
    experience = make_experience(
        mask_BT, correct_B=torch.tensor([True, False]), old_logprobs_BT=probabilities.log(), group_size=2
    )
    experience.entropy_BT = torch.tensor([[1.0, 2.0, 5.0, 4.0, 3.0], [1.0, 2.0, 9.0, 9.0, 9.0]], dtype=torch.float64)
    return experience


@pytest.mark.parametrize(
    ("part", "right", "wrong"),
    [
        # 0.4 x 5 = 2 of the right one: .1 and .3; of the wrong one's two tokens floor(.8) = 0, so at least one: .6.
        (PolarTokens(Pole(0.4, 2.0), Pole(), Pole(), Pole(0.4, 3.0)), [1, 2, 1, 2, 1], [1, 3]),
        (PolarTokens(Pole(), Pole(0.2, 5.0), Pole(0.5, 0.5), Pole()), [5, 1, 1, 1, 1], [0.5, 1]),
        # By entropy, low is certain: tokens 0 of each.
        (PolarTokens(Pole(0.2, 2.0), Pole(), Pole(), Pole(0.5, 3.0), "entropy"), [2, 1, 1, 1, 1], [1, 3]),
        # Both ends of a response that is all in both multiply.
        (PolarTokens(Pole(1.0, 2.0), Pole(1.0, 3.0), Pole(1.0, 5.0), Pole(1.0, 7.0)), [6] * 5, [35, 35]),
    ],
)
def test_polar_tokens_by_hand(part, right, wrong):
    experience = polar_experience()
    found_BT = part(experience.mask_BT.clone(), experience)
    assert found_BT[0].tolist() == right and found_BT[1].tolist() == [*wrong, 0, 0, 0]


def test_right_and_wrong_are_the_verdict_and_not_the_sign():
    experience = polar_experience()
    part = PolarTokens(Pole(1.0, 2.0), Pole(), Pole(), Pole())
    assert part(-experience.mask_BT, experience)[0].tolist() == [-2.0] * 5
    assert a3po(grpo()).rollout_needs == Needs(rollout_scores=True)
    assert a3po(grpo(), by="entropy").rollout_needs == Needs(rollout_scores=True, entropy=True)
    with pytest.raises(InputError, match=r"A pole's share is 1\.5; allowed: 0 \(none\) to 1"):
        a3po(grpo(), right_low_share=1.5)


def future(gaps, advantages, **knobs):
    """Factors of one response whose log-probs have moved by these gaps."""
    gaps_BT, advantages_BT = torch.tensor([gaps], dtype=torch.float64), torch.tensor([advantages], dtype=torch.float64)
    experience = make_experience(torch.ones_like(gaps_BT), old_logprobs_BT=torch.full_like(gaps_BT, -1.0))
    return (FutureRatio(**knobs)(advantages_BT, TokenScores(gaps_BT - 1), experience) / advantages_BT)[0].tolist()


def test_a_token_counts_by_what_follows_it():
    # half_life 1: gamma .5; F = .1 + .5 (.2 - .5 x .4), .2 - .5 x .4, -.4
    found = future([0.1, 0.2, -0.4], [1.0, 1.0, 1.0], half_life=1.0, low=0.0, high=math.inf)
    assert found == pytest.approx([math.exp(0.1), 1.0, math.exp(-0.4)])
    assert future([0.1, 0.2, -0.4], [1.0, 1.0, 1.0], half_life=1.0) == pytest.approx([math.exp(0.1), 1.0, 1.0])
    assert future([0.5, 0.2, -0.4], [1.0, 1.0, 1.0], half_life=1.0)[0] == pytest.approx(1.2)


def test_a_wrong_token_far_above_its_old_probability_gains_no_weight():
    gaps = [math.log(5), 0.0]
    assert future(gaps, [-1.0, -1.0])[0] == 1.0  # cut to [0.8, 1]
    assert future(gaps, [1.0, 1.0])[0] == pytest.approx(1.2)
    assert future(gaps, [-1.0, -1.0], safety=6.0)[0] == pytest.approx(1.2)
    assert future([math.log(5), -9.0], [-1.0, -1.0], low=0.0)[0] == pytest.approx(0.8)


def test_tokens_above_a_bound_do_not_count_in_the_future():
    assert future([0.05, math.log(4)], [1.0, 1.0], drop_above=3.0) == pytest.approx([math.exp(0.05), 1.0])


def test_in_the_first_update_nothing_changes():
    assert future([0.0, 0.0, 0.0], [1.0, -1.0, 2.0], low=0.0, high=math.inf) == [1.0, 1.0, 1.0]
    problem = LossProblem.random(0)
    old_BT = problem.logits_BTV.log_softmax(-1).gather(-1, problem.response_BT[..., None]).squeeze(-1)
    problem.experience.old_logprobs_BT = old_BT * problem.experience.mask_BT
    gradients = [problem.loss_and_gradient(objective)[1] for objective in (fipo(grpo()), grpo())]
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"half_life": 0.0}, "half_life is 0.0; allowed: above 0, in tokens"),
        ({"low": 2.0}, "low is 2.0 and high is 1.2; allowed"),
    ],
)
def test_a_future_that_is_none_is_refused(knobs, words):
    with pytest.raises(InputError, match=words):
        fipo(grpo(), **knobs)


@given(length=st.integers(0, 23), gamma=st.floats(0.0, 1.0), block=st.integers(1, 9))
def test_discounted_sums_are_the_plain_ones_whatever_the_block(length, gamma, block):
    values_BT = torch.sin(torch.arange(2.0 * length, dtype=torch.float64)).view(2, length)
    expected_BT, after = torch.zeros_like(values_BT), torch.zeros(2, dtype=torch.float64)
    for t in reversed(range(length)):
        after = values_BT[:, t] + gamma * after
        expected_BT[:, t] = after
    torch.testing.assert_close(discounted_sums(values_BT, gamma, block), expected_BT, rtol=0, atol=1e-12)


def test_the_deviation_of_a_batch_by_hand():
    # Rewards 1 0 | 1 1: centred .5 -.5 0 0; std of the raw: sqrt(.75 / 3) = .5, of the centred: sqrt(.5 / 3) = .40825.
    experience = make_experience(torch.ones(4, 1).double(), rewards_B=torch.tensor([1.0, 0, 1, 1]).double(), group_size=2)
    raw_BT, centred_BT = (lite_ppo(deviation=of, eps=1e-9).estimate(experience) for of in ("rewards", "centred"))
    assert raw_BT[:, 0].tolist() == pytest.approx([1.0, -1.0, 0, 0])
    assert centred_BT[:, 0].tolist() == pytest.approx([0.5 / 0.40825, -0.5 / 0.40825, 0, 0], rel=1e-4)


def test_undecided_rollouts_are_in_no_deviation():
    valid_B = torch.tensor([True, True, True, False])
    rewards_B = torch.tensor([1.0, 0.0, 1.0, 99.0]).double()
    experience = make_experience(torch.ones(4, 1).double(), rewards_B=rewards_B, valid_B=valid_B, group_size=2)
    for of in ("rewards", "centred"):
        found = lite_ppo(deviation=of).estimate(experience)
        other = replace(experience, rewards_B=torch.where(valid_B, rewards_B, 0.0))
        assert found.tolist() == lite_ppo(deviation=of).estimate(other).tolist() and found[3] == 0
    with pytest.raises(InputError, match=r"eps is 0\.0; allowed: above 0"):
        BatchScaled(eps=0.0)


def test_verls_factor_of_gpg_counts_rewards_that_are_not_0():
    experience = make_experience(torch.ones(4, 1).double(), rewards_B=torch.tensor([1.0, 0, 0, 0]).double(), group_size=2)
    experience.correct_B = experience.rewards_B > 0
    assert gpg("rewarded").estimate(experience)[:, 0].tolist() == [0.5 * 4, -0.5 * 4, 0, 0]  # one of four
    assert gpg().estimate(experience)[:, 0].tolist() == [0.5 * 2, -0.5 * 2, 0, 0]  # two of four in mixed groups
    signed = replace(experience, rewards_B=torch.tensor([1.0, -1, -1, -1]).double())
    assert RewardedShare()(torch.ones(4, 1).double(), signed).tolist() == [[1.0]] * 4
    none = replace(experience, rewards_B=torch.zeros(4).double())
    assert RewardedShare()(torch.zeros(4, 1).double(), none).tolist() == [[0.0]] * 4
