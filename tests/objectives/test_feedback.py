import math
from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import Objective, adaptive_entropy, grpo
from asym_lit.objectives.feedback import EntropyControl, Feedback, Steering
from asym_lit.objectives.regularizers import EntropyBonus
from asym_lit.types import InputError, Needs, TokenScores
from fakes import LossProblem, assert_same_objective, make_experience

BELOW, ABOVE = {"entropy_control/entropy": 0.1}, {"entropy_control/entropy": 0.3}


def test_the_coefficient_rises_below_the_target_and_falls_above_it_within_bounds():
    control, memory, seen = EntropyControl(target=0.2, delta=0.1, highest=0.25, start=0.1), {}, []
    for means in (BELOW, BELOW, BELOW, ABOVE, ABOVE, ABOVE, ABOVE, BELOW):
        memory.update(control.remember(memory, means, "rollout_step"))
        seen.append((control.coefficient(memory), control.applied(memory)))
    # 0.2, 0.25 (not 0.3), 0.25; above the target nothing is applied, and c falls to 0 and no further.
    assert [c for c, _ in seen] == pytest.approx([0.2, 0.25, 0.25, 0.15, 0.05, 0.0, 0.0, 0.1])
    assert [a for _, a in seen] == pytest.approx([0.2, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0, 0.1])


def test_the_two_rules_differ_at_the_target_in_their_moment_and_in_the_first_step():
    at_target = {"entropy_control/entropy": 0.2}
    skywork, trl = (EntropyControl(target=0.2, delta=0.1, highest=1.0, start=0.5, rule=rule) for rule in ("skywork", "trl"))
    assert (skywork.applied({}), trl.applied({})) == (0.5, 0.0)
    assert skywork.remember({}, at_target, "rollout_step")["entropy_control/coefficient"] == pytest.approx(0.4)
    assert trl.remember({}, at_target, "update")["entropy_control/coefficient"] == pytest.approx(0.6)
    assert skywork.remember({}, at_target, "update") == trl.remember({}, at_target, "rollout_step") == {}
    assert (skywork.applied(at_target), trl.applied(at_target)) == (0.0, 0.5)


def test_the_bonus_is_the_entropy_bonus_with_the_coefficient_in_use():
    problem = LossProblem.random(1)
    entropy_BT = problem.experience.entropy_BT.clone().requires_grad_()
    scores = TokenScores(problem.experience.old_logprobs_BT, entropy_BT)
    memory = {"entropy_control/coefficient": 0.03, **BELOW}
    control = EntropyControl(delta=0.01, highest=0.05)
    for given, coefficient in ((memory, 0.03), ({**memory, **ABOVE}, 0.0)):
        experience = replace(problem.experience, memory=given)
        found, plain = control(scores, experience), EntropyBonus(coefficient)(scores, experience)
        torch.testing.assert_close(found, plain, rtol=0, atol=0)
    (gradient_BT,) = torch.autograd.grad(control(scores, replace(problem.experience, memory=memory)).sum(), entropy_BT)
    torch.testing.assert_close(gradient_BT, torch.full_like(gradient_BT, -0.03))


def test_a_coefficient_that_stays_0_is_the_base():
    assert_same_objective(adaptive_entropy(grpo(), highest=0.0), grpo())
    off = EntropyControl(highest=0.0)
    assert off.needs == Needs() and off.keeps_zero
    on = EntropyControl()
    assert on.needs.entropy_gradient and not on.keeps_zero and isinstance(on, Steering)
    assert not isinstance(EntropyBonus(), Steering)


def test_losses_of_parts_with_one_memory_add_up_to_that_of_the_whole():
    objective = adaptive_entropy(grpo(token_mean=True), highest=1.0, start=0.3)
    problem = LossProblem.random(4)
    experience = replace(problem.estimated(objective), memory={})
    scores = TokenScores(experience.old_logprobs_BT, experience.entropy_BT)
    whole = objective.loss(scores, experience, problem.counts)
    parts = []
    for rows in ([0, 5], [1, 2, 3, 4], [6, 7, 8, 9, 10, 11]):
        own = TokenScores(scores.logprobs_BT[rows], scores.entropy_BT[rows])
        parts.append(objective.loss(own, experience.rows(rows, 6), problem.counts))
    torch.testing.assert_close(sum(part.loss for part in parts), whole.loss, rtol=0, atol=1e-12)
    for name, value in whole.sums.items():
        torch.testing.assert_close(sum(part.sums[name] for part in parts), value, rtol=0, atol=1e-12)
    assert float(whole.sums["entropy_control/applied"]) == pytest.approx(0.3 * problem.counts.tokens)
    assert not any(value.requires_grad for value in whole.sums.values())


def entropies(*values):
    return [{"entropy_control/entropy": torch.tensor(value), "loss/total": torch.tensor(9.0)} for value in values]


def test_feedback_takes_means_over_all_tokens_of_all_processes():
    control = EntropyControl(target=0.2, delta=0.1, highest=1.0)
    memory = {}
    feedback = Feedback((control,), memory, collect=lambda sums: 2 * sums)  # two processes that measure alike
    for sums, tokens in zip(entropies(1.0, 2.0), (10.0, 50.0), strict=True):
        feedback.after_update(sums, tokens)
    assert memory == {}  # Skywork's rule waits for the step to end
    feedback.after_step()
    assert memory["entropy_control/entropy"] == pytest.approx((2 + 4) / 60)
    assert memory["entropy_control/coefficient"] == pytest.approx(0.1)


def test_under_trls_rule_each_update_moves_it_and_the_end_of_the_step_does_not():
    control, memory = EntropyControl(target=0.2, delta=0.1, highest=1.0, rule="trl"), {}
    feedback = Feedback((control,), memory, collect=lambda sums: sums)
    seen = []
    for sums, tokens in zip(entropies(1.0, 1.0, 9.0), (10.0, 10.0, 10.0), strict=True):
        feedback.after_update(sums, tokens)
        seen.append(memory["entropy_control/coefficient"])
    feedback.after_step()
    assert seen == pytest.approx([0.1, 0.2, 0.1]) and memory["entropy_control/coefficient"] == seen[-1]


def test_an_entropy_that_is_no_number_moves_nothing():
    memory = {"entropy_control/coefficient": 0.3, "entropy_control/entropy": 0.1}
    for rule, after in (("trl", "update"), ("skywork", "step")):
        before = dict(memory)
        feedback = Feedback((EntropyControl(rule=rule, highest=1.0),), memory, collect=lambda sums: sums)
        feedback.after_update(entropies(math.nan)[0], 5.0)
        feedback.after_step()
        assert memory == before, after


def test_without_steering_parts_nothing_is_collected():
    def never(sums):
        raise AssertionError("a collective that other processes might not make")

    memory = {}
    feedback = Feedback(tuple(grpo(kl=0.1, entropy=0.1).regularizers), memory, collect=never)
    feedback.after_update({"loss/entropy_bonus": torch.tensor(1.0)}, 3.0)
    feedback.after_step()
    assert memory == {}
    off = Feedback((EntropyControl(highest=0.0),), memory, collect=never)
    off.after_update({"loss/entropy_control": torch.tensor(1.0)}, 3.0)
    off.after_step()
    assert memory == {}


def test_two_objectives_share_no_memory_and_an_experience_starts_without():
    assert make_experience([[1.0]]).memory == {}
    assert Objective().loss  # the default objective steers nothing
    assert EntropyControl().applied({}) == 0.0


@pytest.mark.parametrize(
    "given", [{"lowest": 0.5}, {"delta": -1.0}, {"start": -0.1}, {"lowest": -0.1}, {"lowest": 0.2, "highest": 0.1}]
)
def test_bounds_that_cannot_be_are_refused(given):
    with pytest.raises(InputError, match="allowed: 0 <= lowest <= highest, and delta and start of 0 or more"):
        EntropyControl(**given)
