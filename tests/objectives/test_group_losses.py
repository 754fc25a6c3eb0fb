import math
from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import grpo, real
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.group_losses import GroupClassification
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.types import InputError, TokenScores
from fakes import LossProblem, make_experience


def of_shifts(shifts, right, slots=None, old=-1.0, **changes):
    """Responses of two tokens whose log-probs have moved by so much each."""
    mask_BT = torch.ones(len(shifts), 2, dtype=torch.float64)
    slots_B = torch.tensor(slots or [0] * len(shifts))
    old_BT = old * mask_BT
    tokens_B = 2.0 * (slots_B[:, None] == slots_B).sum(-1).double()
    correct_B = torch.tensor([bool(r) for r in right])
    given = {"correct_B": correct_B, "old_logprobs_BT": old_BT, "slots_B": slots_B, "prompt_tokens_B": tokens_B}
    experience = make_experience(mask_BT, advantages_BT=torch.zeros_like(mask_BT), **{**given, **changes})
    logprobs_BT = (old_BT + torch.tensor(shifts).double()[:, None]).requires_grad_()
    return experience, logprobs_BT


def loss_of(experience, logprobs_BT, prompts=1, tau=0.5):
    counts = GlobalCounts(float(experience.mask_BT.sum()), len(experience.mask_BT), prompts)
    loss = real(tau).loss(TokenScores(logprobs_BT), experience, counts).loss
    return loss.item(), torch.autograd.grad(loss, logprobs_BT)[0]


def test_a_group_by_hand():
    # s = shift / 0.5: right 0.2; wrong 0.4 and -0.6.
    loss, gradient_BT = loss_of(*of_shifts([0.1, 0.2, -0.3], [1, 0, 0]))
    assert loss == pytest.approx(math.log(1 + math.exp(0.4) + math.exp(-0.6)) + math.log(1 + math.exp(-0.2)))
    total = 1 + math.exp(0.4) + math.exp(-0.6)
    pulls = [-math.exp(-0.2) / (1 + math.exp(-0.2)), math.exp(0.4) / total, math.exp(-0.6) / total]
    expected = [[pull / 0.5 / 2] * 2 for pull in pulls]  # each token has half of its response's
    torch.testing.assert_close(gradient_BT, torch.tensor(expected).double())


def test_before_the_first_update_each_side_shares_its_pull():
    loss, gradient_BT = loss_of(*of_shifts([0.0] * 4, [1, 0, 0, 0]))
    assert loss == pytest.approx(math.log(4) + math.log(2))
    assert gradient_BT.sum(-1).tolist() == pytest.approx([-1.0, 0.5, 0.5, 0.5])  # 1 / 0.5 times 1 / 2, and 1 / 4 each


def test_groups_of_one_kind_have_no_loss_and_count_in_the_mean():
    mixed, _ = loss_of(*of_shifts([0.1, -0.1], [1, 0]))
    for kind in (0, 1):
        three, gradient_BT = loss_of(*of_shifts([0.1, -0.1, 0.3, 0.4], [1, 0, kind, kind], [7, 7, 3, 3]), prompts=2)
        assert three == pytest.approx(mixed / 2) and not gradient_BT[2:].any()


def test_a_group_that_is_cut_up_is_a_fault_and_rows_without_a_slot_are_refused():
    experience, logprobs_BT = of_shifts([0.1, -0.1, 0.3], [1, 0, 0])
    part = experience.rows([0, 1], 2)
    with pytest.raises(RuntimeError, match="A group was cut up between micro-batches"):
        loss_of(part, logprobs_BT[:2])
    with pytest.raises(InputError, match="these rows do not say which they are of"):
        loss_of(replace(experience, slots_B=None), logprobs_BT)


def test_a_filler_and_an_empty_row_have_neither_loss_nor_gradient():
    experience, logprobs_BT = of_shifts([0.1, -0.1, 0.3], [1, 0, 0])
    filler = replace(experience.rows([0], 2), mask_BT=torch.zeros(1, 2).double())
    assert loss_of(filler, logprobs_BT[:1])[0] == 0
    mask_BT = experience.mask_BT.clone()
    mask_BT[2] = 0
    without = replace(experience, mask_BT=mask_BT, prompt_tokens_B=torch.full((3,), 4.0).double())
    loss, gradient_BT = loss_of(without, logprobs_BT)
    assert loss == pytest.approx(loss_of(*of_shifts([0.1, -0.1], [1, 0]))[0]) and not gradient_BT[2].any()


@pytest.mark.parametrize("shift", [1e6, -1e6, 500.0])
def test_exploding_scores_stay_finite(shift):
    for right in ([1, 0], [0, 1]):
        loss, gradient_BT = loss_of(*of_shifts([shift, -shift], right), tau=0.01)
        assert math.isfinite(loss) and gradient_BT.isfinite().all()


def test_no_response_is_pulled_by_more_than_one_over_tau():
    for seed in range(3):
        problem = LossProblem.random(seed)
        experience = problem.estimated(real(0.2))
        logprobs_BT = (experience.old_logprobs_BT + 0.1).requires_grad_()
        loss = real(0.2).loss(TokenScores(logprobs_BT), experience, problem.counts).loss
        (gradient_BT,) = torch.autograd.grad(loss, logprobs_BT)
        assert gradient_BT.sum(-1).abs().max() * problem.counts.prompts <= 1 / 0.2 + 1e-9


def test_who_wants_whole_groups():
    assert wants_whole_groups(GroupClassification()) and not wants_whole_groups(grpo().token_loss)
    with pytest.raises(InputError, match="tau is 0; allowed: above 0"):
        GroupClassification(0)
