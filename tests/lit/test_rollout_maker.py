"""How a step's problems are filled in: whole problems are kept, dropped and replaced, however many groups they have."""

from __future__ import annotations

import pytest

from asym_lit.objectives.rewards import DropUniform, KeepAll
from asym_lit.rollout.counting import greedy_rewards
from asym_lit.rollout.curricula import Learnability
from asym_lit.rollout.curriculum_loader import CurriculumLoader
from asym_lit.types import RolloutBatch, Sampling
from fakes import make_prompt, make_rollout
from scripted_maker import Scripted

PROMPTS = [make_prompt(uid=f"p{i}") for i in range(6)]


def filled(rewards, keep, responses=2, greedy=False):
    """A step of 6 slots: the problem in slot 0 was never solved and gets 3 groups."""
    curriculum = Learnability(most_groups=3, retire_at=1.0)
    loader = CurriculumLoader(curriculum, responses, None, PROMPTS, 6, 4, seed=1)
    first = loader.prompts[int(loader._order_of(0)[0])].uid
    # Equal chances but for the groups: 20 wrong of 20 is 21/506 of gain, so all others get as little by 20 right of 20.
    loader.known.visit([(p.uid, 20, 0 if p.uid == first else 20) for p in PROMPTS], 0.0)
    prompts = next(iter(loader))
    assert loader.groups_each == {0: 3, 3: 1, 4: 1, 5: 1}
    maker, made = Scripted(rewards(first)), RolloutBatch([], Sampling(n=responses), 0, "fake")
    maker.fill(made, prompts, keep, loader, greedy)
    return first, maker, made, loader


def test_groups_of_one_problem_are_judged_as_one():
    def rewards(first):
        # By themselves the hard problem's first and last group are uniform, together the six responses are mixed.
        return lambda uid, number: (float(uid == first and number == 1), 0.0) if uid == first else (1.0, 0.0)

    _, maker, made, _ = filled(rewards, DropUniform(max_draws=3))
    assert len(maker.draws) == 1
    assert made.kept == [True] * 6
    assert [len(problem) for problem in made.problems] == [6, 2, 2, 2]
    assert made.discarded == []


def test_what_replaces_a_dropped_problem_has_its_slots_and_all_its_groups():
    def rewards(first):
        return lambda uid, number: (0.0, 0.0) if uid == first else (1.0, 0.0)

    first, maker, made, _ = filled(rewards, DropUniform(max_draws=2))
    (_, second) = maker.draws
    assert [slot for slot, _ in second] == [0, 1, 2]
    (replacement,) = {uid for _, uid in second}
    assert replacement != first
    assert made.kept == [True] * 6
    assert [problem[0].prompt.uid for problem in made.asked] == [
        replacement,
        *(p[0].prompt.uid for p in made.problems[1:]),
        first,
    ]
    assert [len(problem) for problem in made.asked] == [6, 2, 2, 2, 6]
    assert made.drawn == 9


def test_a_problem_of_several_groups_is_asked_greedily_once_and_by_that_judged_in_all_of_them():
    def rewards(first):
        return lambda uid, number: (1.0, 0.0) if uid == first else (0.0, 1.0)

    _, maker, made, _ = filled(rewards, KeepAll(), greedy=True)
    assert [slot for slot, _ in maker.draws[-1]] == [0, 3, 4, 5]
    made.greedy = [make_rollout(prompt=one.prompt, slot=one.slot, reward=one.slot / 10) for one in made.greedy[::2]]
    # Of slot 0: six rollouts. Of the others: two each.
    assert greedy_rewards(made).tolist() == pytest.approx([0.0] * 6 + [0.3] * 2 + [0.4] * 2 + [0.5] * 2)


def test_a_problem_that_stays_dropped_is_out_with_all_its_groups():
    def rewards(first):
        return lambda uid, number: (0.0, 0.0) if uid == first else (1.0, 0.0)

    _, _, made, _ = filled(rewards, DropUniform(max_draws=1))
    assert made.kept == [False] * 3 + [True] * 3


def test_all_that_was_asked_is_learned_that_what_was_dropped_too():
    def rewards(first):
        return lambda uid, number: (0.0, 0.0) if uid == first else (1.0, None)

    first, _, made, loader = filled(rewards, KeepAll())
    place = loader.known.places[first]
    # 20 wrong x 0.8 + 6; the others 20 right x 0.8 + 1 decided one, if they were asked.
    assert float(loader.known.wrong_U[place]) == 22
    asked = {problem[0].prompt.uid for problem in made.problems} - {first}
    assert {float(loader.known.right_U[loader.known.places[uid]]) for uid in asked} == {17}
    assert made.curriculum["curriculum/groups_per_problem"] == 1.5
