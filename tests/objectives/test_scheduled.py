import math
from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import a_nsr, grpo, scheduled_clip, w_reinforce
from asym_lit.objectives.scheduled import AdaptiveOutcome, ScheduledSurrogate
from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.types import Collectives, InputError, Needs, Schedule, TokenScores
from fakes import LossProblem, assert_different_objective, assert_same_objective, make_experience


def weights(objective, step, steps, right=1, wrong=3, **changes):
    """Advantages of a right and of a wrong response, at a step."""
    correct_B = torch.tensor([True] * right + [False] * wrong)
    mask_BT = torch.ones(right + wrong, 1, dtype=torch.float64)
    experience = make_experience(mask_BT, correct_B=correct_B, step=step, steps=steps, **changes)
    found = objective.estimate(experience)[:, 0].tolist()
    return found[0], found[-1]


@pytest.mark.parametrize(
    ("form", "step", "expected"),
    [
        ("exponential", 0, (0.05, -1.5)),
        ("exponential", 100, (0.065, -0.5498)),  # 0.05 + 0.15 / 10; 0.5 + e^-3
        ("exponential", 1000, (0.2, -0.5)),
        ("cosine", 0, (0.05, -1.5)),
        ("cosine", 500, (0.125, -1.0)),
        ("cosine", 1000, (0.2, -0.5)),
        ("share", 0, (0.05, -1.25)),  # a quarter is right
    ],
)
def test_weights_of_right_and_wrong_responses(form, step, expected):
    assert weights(a_nsr(form), step, 1000) == pytest.approx(expected, abs=1e-4)


def test_the_share_of_right_responses_is_of_the_whole_batch():
    # This rank has 1 of 4, the other 3 of 4: half are right.
    both = Collectives(sum=lambda values: values + torch.tensor([3.0, 4.0]).double())
    assert weights(a_nsr("share"), 0, 10, collectives=both)[1] == pytest.approx(-1.0)
    valid_B = torch.tensor([True, False, False, True])
    assert weights(a_nsr("share"), 0, 10, valid_B=valid_B)[1] == pytest.approx(-1.0)


def test_without_gains_it_is_w_reinforce_at_every_step():
    for form in ("exponential", "cosine", "share"):
        assert_same_objective(a_nsr(form, right=0.1, right_gain=0, wrong=1, wrong_gain=0), w_reinforce(0.1, 1.0))
        assert_different_objective(a_nsr(form), w_reinforce(0.05, 0.5))
        plain = a_nsr(form, right=0.1, right_gain=0, wrong=1, wrong_gain=0)
        assert weights(plain, 7, 10) == pytest.approx((0.1, -1.0))


def test_the_length_of_the_run_is_its_own_or_the_one_that_is_written_and_never_a_guess():
    assert weights(a_nsr(), 50, 100)[0] == pytest.approx(0.125)
    assert weights(a_nsr(total_steps=200), 50, 100)[0] == pytest.approx(0.0875)
    assert weights(a_nsr(), 0, 0)[0] == pytest.approx(0.05)  # the first step is the first of any run
    assert weights(a_nsr(total_steps=10), 50, 0)[0] == pytest.approx(0.2)  # beyond its end it stays
    with pytest.raises(InputError, match=r"rollouts are of step 3 of a run whose length is not told; write total_steps"):
        weights(a_nsr(), 3, 0)
    with pytest.raises(InputError, match="total_steps is 0; allowed: 1 or more"):
        AdaptiveOutcome(total_steps=0)
    with pytest.raises(InputError, match="decay is -1; allowed: 0 or more"):
        AdaptiveOutcome(decay=-1)


def test_a_clip_that_moves_by_hand():
    part = ScheduledSurrogate(0.2, Schedule(0.2, 0.4, 10))
    ratio_BT, advantages_BT = torch.tensor([[1.35, 0.5]]).double(), torch.tensor([[1.0, -1.0]]).double()
    scores = TokenScores(ratio_BT.log())
    found = []
    for step in (0, 5, 10, 99):
        experience = make_experience([[1.0, 1.0]], step=step)
        terms = part(ratio_BT, advantages_BT, scores, experience)
        found.append((terms.loss_BT[0, 0].item(), bool(terms.clipped_high_BT[0, 0])))
        assert terms.loss_BT[0, 1].item() == pytest.approx(0.8) and bool(terms.clipped_low_BT[0, 1])
    # Upper bounds 1.2, 1.3, 1.4, 1.4.
    expected = [(-1.2, True), (-1.3, True), (-1.35, False), (-1.35, False)]
    assert [f[0] for f in found] == pytest.approx([e[0] for e in expected])
    assert [f[1] for f in found] == [e[1] for e in expected]


def test_a_constant_clip_is_the_bases():
    assert_same_objective(scheduled_clip(grpo(), 0.2, 0.2, 0.2), grpo())
    for step in (0, 3, 1000):
        problem = LossProblem.random(2)
        problem = replace(problem, experience=replace(problem.experience, step=step))
        wide = replace(grpo(), token_loss=ClippedSurrogate(0.2, 0.28))
        results = [problem.loss_and_gradient(o) for o in (scheduled_clip(grpo(), 0.2, 0.28, 0.28), wide)]
        torch.testing.assert_close(*results, rtol=0, atol=0)
    assert_different_objective(scheduled_clip(grpo(), 0.2, 0.01, 0.28), grpo())


def test_rows_of_an_experience_keep_the_step():
    experience = make_experience([[1.0], [1.0]], step=7, steps=9)
    part = experience.rows([1], 1)
    assert (part.step, part.steps) == (7, 9)


def test_a_clip_that_cannot_be_is_refused_at_either_end():
    with pytest.raises(InputError, match=r"clip_high is -0\.1; allowed: 0 or more"):
        ScheduledSurrogate(0.2, Schedule(0.2, -0.1, 5))
    assert ScheduledSurrogate().needs == Needs(step=True) == AdaptiveOutcome().needs


def test_schedules_by_hand():
    linear, cosine = Schedule(1.0, 2.0, 4), Schedule(1.0, 2.0, 4, "cosine")
    assert [linear.at(step) for step in range(-1, 7)] == [1.0, 1.0, 1.25, 1.5, 1.75, 2.0, 2.0, 2.0]
    quarter = (1 - math.cos(math.pi / 4)) / 2
    assert [cosine.at(step) for step in (0, 1, 2, 4, 9)] == pytest.approx([1.0, 1 + quarter, 1.5, 2.0, 2.0])
    assert {Schedule(0.3, 0.3, 7, form).at(step) for form in ("linear", "cosine") for step in range(9)} == {0.3}
    with pytest.raises(InputError, match="takes 0 steps; allowed: 1 or more"):
        Schedule(1.0, 2.0, 0)
    with pytest.raises(InputError, match="has end inf; allowed: a finite number"):
        Schedule(1.0, math.inf, 3)
