from __future__ import annotations

import math
from dataclasses import replace

import torch

from asym_lit.rollout.counting import (
    decided_and_chosen,
    greedy_rewards,
    greedy_sums,
    note_step,
    prompt_tokens,
    several_rewards,
)
from asym_lit.rollout.microbatches import experience_of
from asym_lit.types import Outcome, RolloutBatch, Sampling, Verdict
from fakes import make_rollout


def everything(correct_B: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(correct_B)


def batch_of(rollouts, n=2, **changes):
    kept = [True] * (len(rollouts) // n)
    return RolloutBatch(rollouts, Sampling(n=n), 3, "t", **{"kept": kept, **changes})


def four():
    """Slot 4: 3 tokens right, 1 token wrong; slot 9: 2 tokens undecided, 5 tokens right."""
    return [
        make_rollout([6] * 3, 1.0, slot=4),
        make_rollout([6], 0.0, slot=4),
        make_rollout([6] * 2, None, slot=9),
        make_rollout([6] * 5, 1.0, slot=9),
    ]


def test_tokens_of_a_prompt_are_those_that_are_trained_on():
    assert prompt_tokens(batch_of(four()), everything).tolist() == [4, 4, 5, 5]
    assert prompt_tokens(batch_of(four()), lambda correct_B: correct_B).tolist() == [3, 3, 5, 5]
    assert prompt_tokens(batch_of(four(), kept=[True, False]), everything).tolist() == [4, 4, 0, 0]
    decided, chosen = decided_and_chosen(batch_of(four()), lambda correct_B: ~correct_B)
    assert (decided, chosen) == ([True, True, False, True], [False, True, True, False])


def named(rewards, weights=(), outcome=Outcome.CORRECT):
    verdict = Verdict(outcome, "weighted", "", rewards=tuple(rewards.items()), weights=tuple(dict(weights).items()))
    return make_rollout(reward=None if outcome == Outcome.UNDECIDED else 1.0, verdict=verdict)


def test_several_rewards_and_their_weights_are_the_verdicts():
    group = [named({"right": 1, "short": 0.2}, {"right": 1, "short": 0.5}) for _ in range(2)]
    values, weights = several_rewards(group)
    torch.testing.assert_close(values, torch.tensor([[1, 0.2]] * 2))
    assert weights.tolist() == [[1, 0.5]] * 2
    experience = experience_of(group, 2, torch.device("cpu"))
    torch.testing.assert_close(experience.rewards_BC, values)
    torch.testing.assert_close(experience.rows([1], 1).rewards_BC, values[1:])  # cut to a token, not to a reward


def test_rewards_of_other_tasks_and_undecided_ones_are_0_and_no_reward_is_lost():
    undecided = named({"right": 1}, {"right": 1, "short": 0.5}, Outcome.UNDECIDED)
    values, weights = several_rewards([named({"short": 0.5, "right": 0}), undecided, make_rollout(reward=0.7)])
    assert torch.allclose(values, torch.tensor([[0.5, 0, 0], [0, 1, 0], [0, 0, 0.7]]))
    assert weights.tolist() == [[1, 1, 1], [0.5, 1, 1], [1, 1, 1]]
    assert several_rewards([make_rollout()]) == (None, None)


def test_greedy_rewards_go_to_the_rollouts_of_their_slot():
    greedy = [make_rollout(reward=None, slot=9), make_rollout(reward=0.25, slot=4)]
    batch = batch_of(four(), greedy=greedy)
    found = greedy_rewards(batch).tolist()
    assert found[:2] == [0.25, 0.25] and all(map(math.isnan, found[2:]))
    assert greedy_rewards(batch_of(four())) is None
    experience = experience_of(batch.rollouts, 2, torch.device("cpu"))
    note_step(experience, batch, everything)
    assert experience.step == 3 and experience.prompt_tokens_B.tolist() == [4, 4, 5, 5]
    assert experience.greedy_rewards_B[0] == 0.25


def test_what_becomes_of_greedy_responses_is_told():
    greedy = [make_rollout([6] * 3, 1.0), make_rollout([6], 0.0), make_rollout([6] * 2, None)]
    expected = {"greedy/reward": (1, 2), "greedy/correct": (1, 2), "greedy/undecided": (1, 3), "greedy/length": (6, 3)}
    assert greedy_sums(greedy) == expected
    assert greedy_sums([]) == {}
    assert greedy_sums([replace(greedy[2])])["greedy/reward"] == (0.0, 0.0)
