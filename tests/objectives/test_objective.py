from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives import Objective, ace, dapo, dr_grpo, grpo, lens, otb, scheduled_clip, simko
from asym_lit.objectives.advantages import Centred, GroupNormalised
from asym_lit.objectives.aggregations import GlobalCounts, PromptMean, TokenMean
from asym_lit.objectives.confidence_reweights import ConfidentErrorPenalty
from asym_lit.objectives.objective import advantages_of
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.rewards import SoftOverlongPenalty
from asym_lit.types import Needs, TokenScores
from fakes import LossProblem, full_scores, make_experience

OBJECTIVES = {
    "grpo": grpo(kl=0.1),
    "grpo token mean": grpo(token_mean=True),
    "dr_grpo": dr_grpo(max_tokens=6),
    "dapo": dapo(overlong_buffer=2, max_tokens=6),
    "simko": simko(alpha=0.2, quantile=0.3, kl=0.05),
    "ace": ace(grpo(kl=0.1)),
    "otb": otb(),
    "lens": lens(),
    "prompt_mean": replace(grpo(), aggregation=PromptMean()),
    "scheduled_clip": scheduled_clip(grpo()),
}


@pytest.mark.parametrize("name", OBJECTIVES)
@given(seed=st.integers(0, 10), cuts=st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_losses_gradients_and_metrics_of_parts_sum_to_those_of_the_whole(name, seed, cuts):
    objective, problem = OBJECTIVES[name], LossProblem.random(seed)
    experience = problem.estimated(objective)
    whole_BTV, parts_BTV = (problem.logits_BTV.clone().requires_grad_() for _ in range(2))
    whole = problem.terms(objective, whole_BTV)
    parts = []
    for part in range(4):
        rows = [row for row, cut in enumerate(cuts) if cut == part]
        if rows:
            length = int(experience.lengths_B[rows].max())
            some = experience.rows(rows, length)
            scores = full_scores(parts_BTV[rows][:, :length], problem.response_BT[rows][:, :length], some.mask_BT)
            parts.append(objective.loss(scores, some, problem.counts))
    total = sum(part.loss for part in parts)
    torch.testing.assert_close(total, whole.loss, rtol=0, atol=1e-10)
    whole.loss.backward()
    total.backward()
    torch.testing.assert_close(parts_BTV.grad, whole_BTV.grad, rtol=0, atol=1e-10)
    for metric, value in whole.sums.items():
        torch.testing.assert_close(sum(part.sums[metric] for part in parts), value, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_padding_changes_neither_the_loss_nor_its_gradient(name):
    objective, problem = OBJECTIVES[name], LossProblem.random(1)
    loss, gradient = problem.loss_and_gradient(objective)
    padding_BT = problem.experience.mask_BT == 0
    noise_BTV = torch.randn(problem.logits_BTV.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other = replace(problem, logits_BTV=torch.where(padding_BT[..., None], noise_BTV, problem.logits_BTV))
    other_loss, other_gradient = other.loss_and_gradient(objective)
    torch.testing.assert_close(other_loss, loss, rtol=0, atol=0)
    torch.testing.assert_close(other_gradient, gradient, rtol=0, atol=0)
    assert (gradient[padding_BT] == 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_gradient_is_that_of_finite_differences(name):
    # SimKO's smoothing moves the gradient but not the value, so it is switched off here.
    objective, problem = OBJECTIVES[name], LossProblem.random(2, groups=1, size=3, length=3, vocabulary=4)
    if name == "simko":
        objective = simko(alpha=0.0, quantile=0.3, kl=0.05)
    logits_BTV = problem.logits_BTV.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: problem.terms(objective, x).loss, (logits_BTV,))


def test_a_loss_worked_by_hand():
    experience = make_experience(
        [[1, 1], [1, 0]],
        advantages_BT=torch.tensor([[1.0, 1.0], [-1.0, 0.0]], dtype=torch.float64),
    )
    scores = TokenScores(torch.tensor([[1.1, 1.5], [0.5, 1.0]], dtype=torch.float64).log())
    objective = Objective(aggregation=TokenMean())
    terms = objective.loss(scores, experience, GlobalCounts(tokens=3, sequences=2))
    # -1.1; clipped -1.2; clipped .8: (-1.1 - 1.2 + .8) / 3 = -.5
    assert terms.loss.item() == pytest.approx(-0.5)
    assert terms.sums["ratio/mean"].item() == pytest.approx(3.1)  # 1.1 + 1.5 + .5
    assert terms.sums["ratio/clipped_low"].item() == 1
    assert terms.sums["ratio/clipped_high"].item() == 1


def test_a_regularizer_is_added_and_logged_under_its_name():
    experience = make_experience([[1]], advantages_BT=torch.zeros(1, 1, dtype=torch.float64))
    experience.reference_logprobs_BT = torch.tensor([[2.0]], dtype=torch.float64).log()
    objective = Objective(regularizers=(ReferenceKL(0.5), ReferenceKL(0.25)))
    terms = objective.loss(TokenScores(torch.zeros(1, 1, dtype=torch.float64)), experience, GlobalCounts(1, 1))
    one = 1 - torch.tensor(2.0).log().item()  # 2 - log 2 - 1
    assert terms.loss.item() == pytest.approx(0.75 * one)


def test_advantages_are_estimated_by_group_spread_over_tokens_and_zero_on_padding():
    experience = make_experience(
        [[1, 1], [1, 0], [1, 1], [1, 1]],
        rewards_B=torch.tensor([1.0, 0.0, 0.0, 3.0], dtype=torch.float64),
        group_size=2,
    )
    # Groups (1, 0) and (0, 3): means .5 and 1.5.
    expected = [[0.5, 0.5], [-0.5, 0.0], [-1.5, -1.5], [1.5, 1.5]]
    assert Objective(estimator=Centred()).estimate(experience).tolist() == expected


def test_undecided_rollouts_get_no_advantage():
    experience = make_experience([[1], [1], [1]], valid_B=torch.tensor([True, True, False]))
    experience.rewards_B = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    assert Objective(estimator=Centred()).estimate(experience).tolist() == [[0.5], [-0.5], [0.0]]


def test_reweights_are_applied_in_order_after_the_estimate():
    class Plus:
        needs = Needs()

        def __call__(self, advantages_BT, experience):
            return advantages_BT + 1

    class Twice:
        needs = Needs()

        def __call__(self, advantages_BT, experience):
            return advantages_BT * 2

    experience = make_experience([[1], [1]], rewards_B=torch.tensor([1.0, 0.0], dtype=torch.float64))
    assert Objective(estimator=Centred(), reweights=(Plus(), Twice())).estimate(experience).tolist() == [[3.0], [1.0]]
    assert Objective(estimator=Centred(), reweights=(Twice(), Plus())).estimate(experience).tolist() == [[2.0], [0.0]]


def test_shapers_are_applied_one_after_the_other():
    objective = Objective(reward_shapers=(SoftOverlongPenalty(10, 5), SoftOverlongPenalty(10, 10)))
    # Length 10: -1 by the first, (10 - 10 - 10) / 10 = -1 by the second.
    assert objective.shape(make_experience([[1.0] * 10])).tolist() == [-1.0]
    assert Objective().shape(make_experience([[1.0] * 10])).tolist() == [1.0]


def test_an_objective_needs_what_its_parts_need_when_they_need_it():
    objective = simko(kl=0.1)
    assert objective.update_needs == Needs(reference=True, entropy=True, top_n=3, rank1=True)
    assert objective.rollout_needs == Needs(reference=True)
    with_ace = Objective(reweights=(ConfidentErrorPenalty(),))
    assert with_ace.rollout_needs == Needs(reference=True, rollout_scores=True)
    assert with_ace.update_needs == Needs()
    assert Objective().rollout_needs == Objective().update_needs == Needs()


def test_a_loss_before_the_estimate_says_what_to_call_first():
    with pytest.raises(ValueError, match=r"advantages_BT is empty; call estimate\(\) on the whole groups first"):
        Objective().loss(TokenScores(torch.zeros(1, 1)), make_experience([[1.0]]), GlobalCounts(1, 1))


def test_metrics_carry_no_gradient():
    problem = LossProblem.random()
    terms = problem.terms(grpo(kl=0.1), problem.logits_BTV.clone().requires_grad_())
    assert terms.loss.requires_grad
    assert set(terms.sums) == {"ratio/mean", "ratio/clipped_low", "ratio/clipped_high", "loss/reference_kl"}
    assert not any(value.requires_grad for value in terms.sums.values())


def test_advantages_of_plain_numbers():
    assert advantages_of([1, 0, 0, 0], Centred()) == [0.75, -0.25, -0.25, -0.25]
    # Std sqrt((.75^2 + 3 * .25^2) / 3) = .5
    assert advantages_of([1, 0, 0, 0], GroupNormalised(eps=0)) == pytest.approx([1.5, -0.5, -0.5, -0.5])
