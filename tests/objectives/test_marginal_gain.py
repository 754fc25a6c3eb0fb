from dataclasses import replace
from math import comb

import pytest
import torch

from asym_lit.objectives import bbg, grpo
from asym_lit.objectives.marginal_gain import MarginalGain, marginal_gain
from asym_lit.types import InputError, Needs
from fakes import LossProblem, assert_different_objective, assert_same_objective, make_experience


def gains(n, k):
    return marginal_gain(torch.arange(n + 1), torch.full((n + 1,), n), k).tolist()


def test_the_gain_of_8_answers():
    assert gains(8, 4) == pytest.approx([3.0, 2.18, 1.53, 1.02, 0.64, 0.36, 0.18, 0.07, 0.02], abs=0.005)
    assert gains(8, 16)[:6] == pytest.approx([6.0, 2.087, 0.664, 0.190, 0.047, 0.0101], abs=0.0005)
    assert gains(8, 256)[:3] == pytest.approx([8.73, 0.265, 0.007], abs=0.005)
    assert gains(8, 1) == pytest.approx([1.0] * 9)


@pytest.mark.parametrize(("n", "k"), [(4, 3), (8, 5), (16, 2)])
def test_the_gain_is_the_mean_slope_of_pass_at_k_under_what_is_known_of_the_problem(n, k):
    # E[k (1 - p)^(k-1)] by integrating over p: the Beta's density is (n + 1) C(n, m) p^m (1 - p)^(n - m).
    p = (torch.arange(200_000).double() + 0.5) / 200_000
    for m, found in enumerate(gains(n, k)):
        density = (n + 1) * comb(n, m) * p**m * (1 - p) ** (n - m)
        assert found == pytest.approx(float((density * k * (1 - p) ** (k - 1)).mean()), rel=1e-6)


def of_counts(right, size=8, **changes):
    correct_B = torch.tensor([i < m for m in right for i in range(size)])
    mask_BT = torch.ones(len(correct_B), 2, dtype=torch.float64)
    return make_experience(mask_BT, correct_B=correct_B, rewards_B=correct_B.double(), group_size=size, **changes)


def test_groups_pass_the_gate_while_one_more_right_answer_adds_enough():
    # k 4, n 8: threshold 0.03 * 9 = 0.27; u: 3.0 ... 0.36 at m = 5, 0.18 at m = 6.
    experience = of_counts([0, 1, 5, 6, 8])
    ones_BT = torch.ones_like(experience.mask_BT)
    found = MarginalGain(k=4, tau=0.03)(ones_BT, experience).view(5, 8, 2)[:, 0, 0]
    assert found.tolist() == [1, 1, 1, 0, 0]
    factors = MarginalGain(k=4, tau=0.03, weigh="factor")(ones_BT, experience).view(5, 8, 2)[:, 0, 0]
    u = gains(8, 4)
    assert factors.tolist() == pytest.approx([u[0] / u[1], 1.0, u[5] / u[1], 0, 0])


def test_all_wrong_groups_are_pushed_if_asked_and_only_they():
    experience = of_counts([0, 4])
    base = grpo().estimate(experience)
    found = bbg(grpo(), tau=0.0, all_wrong=0.5).estimate(experience)
    assert found[:8].tolist() == [[-0.5, -0.5]] * 8
    torch.testing.assert_close(found[8:], base[8:])
    assert not bbg(grpo(), all_wrong=0.5).idle(experience)[:8].any() and bbg(grpo()).idle(experience)[:8].all()


def test_undecided_responses_do_not_count_and_get_nothing():
    valid_B = torch.ones(8, dtype=torch.bool)
    valid_B[4:] = False
    experience = of_counts([0], valid_B=valid_B)
    # u(0; 4, 3) = 3 prod (4 + j) / (5 + j) = 3 5 / 7.
    assert float(marginal_gain(torch.tensor(0), torch.tensor(4), 3)) == pytest.approx(15 / 7)
    pushed = bbg(grpo(), k=3, all_wrong=1.0, tau=15 / 7 / 5 - 1e-9).estimate(experience)
    assert pushed[:, 0].tolist() == [-1] * 4 + [0] * 4
    assert not bbg(grpo(), k=3, all_wrong=1.0, tau=15 / 7 / 5 + 1e-9).estimate(experience).any()
    none = of_counts([3], valid_B=torch.zeros(8, dtype=torch.bool))
    for weigh in ("gate", "factor"):
        assert bbg(grpo(), weigh=weigh, all_wrong=1.0).estimate(none).abs().max() == 0


def test_without_a_threshold_the_gate_is_open():
    assert_same_objective(bbg(grpo(), tau=0.0), grpo())
    assert_different_objective(bbg(grpo(), tau=0.5), grpo())
    assert_same_objective(bbg(grpo(), k=1, tau=0.0, weigh="factor"), grpo())
    assert_different_objective(bbg(grpo(), tau=0.0, weigh="factor"), grpo())


def test_large_budgets_stay_finite():
    problem = LossProblem.random(2)
    experience = replace(problem.experience)
    for weigh in ("gate", "factor"):
        found = bbg(grpo(), k=100_000, tau=1e-30, weigh=weigh).estimate(experience)
        assert found.isfinite().all()


def test_what_it_needs_and_refuses():
    assert MarginalGain().needs == Needs()
    with pytest.raises(InputError, match="k is 0; allowed: 1 or more"):
        MarginalGain(k=0)
    with pytest.raises(InputError, match="tau is -1 and all_wrong"):
        MarginalGain(tau=-1)
