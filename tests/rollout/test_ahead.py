"""Rollouts of the next step are begun when a step is served; what becomes of them, whatever happens meanwhile."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from asym_lit.objectives import dapo, grpo
from asym_lit.rollout.ahead import RolloutsAhead
from asym_lit.rollout.curricula import Learnability
from asym_lit.rollout.curriculum_loader import CurriculumLoader
from asym_lit.rollout.prompts import PromptLoader
from asym_lit.types import RolloutBatch, Sampling
from fakes import make_prompt
from scripted_maker import Scripted

STEPS = 4
PROMPTS = [make_prompt(uid=f"p{i}") for i in range(12)]


class Maker(Scripted):
    """Answers at once, with the version of the last sync; a problem's second visit is right, so DAPO draws many anew."""

    def __init__(self) -> None:
        super().__init__(lambda uid, number: (float(int(uid[1:]) % 3 == 0), 0.0))
        self.heed, self.engine_version, self.closed = None, -1, 0
        self.go = threading.Event()
        self.go.set()
        self.fails_at: int | None = None

    def sync(self, made, live):
        self.engine_version = live.policy_version

    def rest(self, made):
        made.seconds["rested"] = 1.0

    def work_beside(self, heed):
        self.heed = heed

    def close(self):
        self.closed += 1
        self.go.set()

    def _answer(self, made, prompts, stage, step, each=lambda: None):
        self.go.wait(10)
        if self.heed:
            self.heed()
        if step == self.fails_at:
            raise LookupError(f"broke at step {step}")
        groups = super()._answer(made, prompts, stage, step, each)
        for rollout in (one for group in groups for one in group):
            rollout.policy_version = self.engine_version
        return groups


class Run:
    """A loader as Lightning walks it, a policy whose version rises by 2 a step, and what serves its rollouts."""

    def __init__(self, lag: int, objective=None, curriculum: bool = False) -> None:
        self.objective = objective or dapo(max_draws=3)
        drawn = (PROMPTS, 4, STEPS, 1)
        self.loader = CurriculumLoader(Learnability(retire_at=1.0), 2, None, *drawn) if curriculum else PromptLoader(*drawn)
        self.maker, self.live, self.step = Maker(), SimpleNamespace(policy_version=0), 0
        self.ahead = RolloutsAhead(self.maker, lag, lambda mine: mine)
        self.walk = iter(self.loader)

    def serve(self) -> RolloutBatch:
        empty = [RolloutBatch([], Sampling(n=2), step, "fake") for step in range(self.step, min(self.step + 2, STEPS))]
        return self.ahead.serve(empty, next(self.walk), self.live, self.loader, self.objective.group_filter)

    def train(self) -> None:
        self.step += 1
        self.live.policy_version += 2

    def goes_on_as(self, lag: int = 1, is_of_use: bool = True) -> Run:
        """Another run, from what this one saves."""
        other = Run(lag, self.objective, isinstance(self.loader, CurriculumLoader))
        state, loaded = self.ahead.state(), self.loader.state_dict()
        other.ahead.load(state, other.loader)
        other.loader.load_state_dict(loaded)
        other.ahead.resume(is_of_use)
        other.step, other.live.policy_version = self.step, self.live.policy_version
        return other

    def rest(self) -> list[list[tuple[str, int]]]:
        found = []
        while self.step < STEPS:
            batch = self.serve()
            found.append([(one.prompt.uid, one.policy_version) for one in [*batch.rollouts, *batch.discarded]])
            self.train()
        return found


@pytest.mark.parametrize("curriculum", [False, True])
def test_a_lag_changes_the_weights_that_write_and_nothing_else(curriculum):
    with_lag, without = Run(1, curriculum=curriculum).rest(), Run(0, curriculum=curriculum).rest()
    assert [[uid for uid, _ in step] for step in with_lag] == [[uid for uid, _ in step] for step in without]
    assert max(len(step) for step in without) > 8, "groups were drawn anew"
    assert [{version for _, version in step} for step in with_lag] == [{0}, {0}, {2}, {4}]
    assert [{version for _, version in step} for step in without] == [{0}, {2}, {4}, {6}]


def test_the_embedded_engine_rests_only_without_a_lag():
    assert ["rested" in Run(lag).serve().seconds for lag in (0, 1)] == [True, False]


def test_a_step_is_made_beside_and_waited_for_where_it_is_asked_for():
    run = Run(1)
    run.serve()
    run.maker.go.clear()
    run.train()
    threading.Timer(0.2, run.maker.go.set).start()
    batch = run.serve()
    assert batch.lag == 1 and set(batch.seconds) >= {"waited", "overlapped"}
    run.ahead.settle()
    assert run.maker.heed is None


@pytest.mark.parametrize("curriculum", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_what_is_saved_between_two_steps_goes_on_alike(steps, curriculum):
    whole, run = Run(1, curriculum=curriculum).rest(), Run(1, curriculum=curriculum)
    for _ in range(steps):
        run.serve()
        run.train()
    assert run.goes_on_as().rest() == whole[steps:]


def test_a_step_that_was_served_and_not_trained_on_is_served_again_and_what_was_begun_is_drawn_again():
    whole, run = Run(1).rest(), Run(1)
    run.serve()
    run.train()
    run.serve()
    assert run.loader.served == 2 > run.step
    run.ahead.take_back(run.loader)
    assert run.goes_on_as().rest() == whole[1:]


def test_without_a_lag_a_step_that_was_not_trained_on_is_drawn_again():
    whole, run = Run(0).rest(), Run(0)
    run.serve()
    run.ahead.take_back(run.loader)
    assert run.goes_on_as(0).rest() == whole


@pytest.mark.parametrize(("lag", "is_of_use"), [(0, True), (1, False)])
def test_rollouts_that_a_run_has_no_use_for_are_made_anew_of_the_same_prompts(lag, is_of_use):
    run = Run(1, grpo())
    run.serve()
    run.train()
    run.serve()
    run.train()
    expected = [uid for uid, _ in Run(1, grpo()).rest()[2]]
    first = run.goes_on_as(lag, is_of_use).rest()[0]
    assert first == [(uid, 4) for uid in expected]


def test_a_fault_beside_is_raised_where_its_rollouts_are_asked_for_and_its_prompts_are_drawn_again():
    whole, run = Run(1, grpo()).rest(), Run(1, grpo())
    run.maker.fails_at = 1
    run.serve()
    run.train()
    assert run.ahead.state() is None, "a checkpoint waits for it, and has nothing of it"
    with pytest.raises(LookupError, match="broke at step 1"):
        run.serve()
    if run.loader.served > run.step:  # as `RolloutCheckpoint` does
        run.ahead.take_back(run.loader)
    rest = run.goes_on_as().rest()
    assert [[uid for uid, _ in step] for step in rest] == [[uid for uid, _ in step] for step in whole[1:]]
    assert {version for _, version in rest[0]} == {2}, "made where it was asked for"


def test_what_is_being_made_is_given_up_where_nobody_wants_it_and_waited_for_where_it_is_saved():
    run = Run(1)
    run.serve()
    run.train()
    run.ahead.end(wanted=True)
    assert run.ahead.state() is not None and run.maker.closed == 0
    other = Run(1)
    other.maker.go.clear()
    threading.Timer(0.1, other.maker.go.set).start()
    other.serve()
    other.train()
    other.maker.go.clear()
    other.ahead.close()
    assert other.maker.closed >= 1 and other.ahead.state() is None


def test_rollouts_of_other_weights_than_were_asked_for_are_refused():
    run = Run(1)
    run.serve()
    run.train()
    run.ahead.settle()
    run.ahead._coming.batch.rollouts[3].policy_version = 7
    with pytest.raises(RuntimeError, match=r"step 1 were to be written by the weights of version 0, and some .* of 7"):
        run.serve()


def test_the_engine_is_looked_at_where_it_was_just_synced_and_a_fault_there_draws_no_prompts():
    run, seen = Run(1), []
    run.ahead.witness = lambda live, batch: seen.append((live.policy_version, batch.step, run.loader.drawn))
    run.serve()
    run.train()
    run.serve()
    assert [(version, step) for version, step, _ in seen] == [(0, 0), (2, 1)]
    run.ahead.settle()
    broken = Run(1, grpo())

    def stale(live, batch):
        raise RuntimeError("stale")

    broken.ahead.witness = stale
    with pytest.raises(RuntimeError, match="stale"):
        broken.serve()
    broken.ahead.take_back(broken.loader)
    assert broken.goes_on_as().rest() == Run(1, grpo()).rest()
