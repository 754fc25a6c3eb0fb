"""A verified batch goes through a checkpoint, also onto another number of ranks, and is the same."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import torch

from asym_lit.rollout.plain_batches import batch_as_plain, batch_from_plain
from asym_lit.rollout.prompts import PromptLoader
from asym_lit.types import Outcome, Prompt, RolloutBatch, Sampling, Verdict, VerdictClock
from fakes import make_prompt, make_rollout

SAMPLING = Sampling(n=2, temperature=0.7, stop_strings=("\n",))


def group(slot: int, name: str, n: int = 2):
    prompt = Prompt(name, "text", {"numbers": [1, 2], "target": 3}, "fake", (slot, 5), ({"role": "user", "content": "?"},))
    rung = Verdict(Outcome.UNDECIDED, "rung", "late", seconds=0.25)
    verdict = Verdict(Outcome.CORRECT, "fake", "yes", "3", path=(rung,), oracle=Outcome.INCORRECT, rewards=(("a", 0.1),))
    rollouts = [make_rollout(prompt=prompt, slot=slot, logprobs=[-0.1 / 3, -1e-9 * i], verdict=verdict) for i in range(n)]
    rollouts[0] = replace(rollouts[0], reward=None, verdict=None, step_right=[True, False], policy_version=4, text="1+2\n")
    return rollouts


def batch(slots, discarded=()) -> RolloutBatch:
    each = {0: 2, 2: 1, 3: 1}
    made = RolloutBatch([r for s in slots for r in group(s, f"p{s}")], SAMPLING, 3, "fake", groups_each=each, lag=1)
    made.kept = [slot != 2 for slot in slots]
    made.discarded = [r for name, slot in discarded for r in group(slot, name)]
    made.greedy = [r for slot in slots if slot in each for r in group(slot, f"p{slot}", 1)]
    made.curriculum = {"curriculum/visited": 0.1}
    made.figures = {"servers": (2.0, 1.0)}
    made.clock = VerdictClock(1.0, 2.0, 3)
    made.drawn = len(slots) + len(made.discarded) // 2
    return made


def stored(plain):
    """As a checkpoint is read: data alone."""
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def test_a_batch_of_one_rank_comes_back_as_it_was():
    before = batch([0, 1, 2, 3], discarded=[("x", 3), ("y", 0), ("z", 1)])
    after = batch_from_plain(stored(batch_as_plain(before, lambda mine: mine)), lambda slot, size: True)
    assert after == before
    assert after.rollouts[0].prompt is after.rollouts[1].prompt
    assert [len(problem) for problem in after.problems] == [4, 2, 2]


def test_two_ranks_share_what_one_had_and_one_has_what_two_had():
    loaders = [PromptLoader([make_prompt()], 4, 1, seed=1, rank=rank, world_size=2) for rank in (0, 1)]
    whole = batch([0, 1, 2, 3], discarded=[("x", 3), ("y", 0)])
    plain = batch_as_plain(whole, lambda mine: mine)
    shares = [batch_from_plain(plain, loader.owns) for loader in loaders]
    assert [[r.slot for r in share.rollouts] for share in shares] == [[0, 0, 1, 1], [2, 2, 3, 3]]
    assert [[r.prompt.uid for r in share.discarded] for share in shares] == [["y", "y"], ["x", "x"]]
    assert [share.kept for share in shares] == [[True, True], [False, True]]
    both = [batch_as_plain(share, lambda mine: mine) for share in shares]
    joined = {**both[0], **{name: both[0][name] + both[1][name] for name in ("problems", "clocks", "figures")}}
    back = batch_from_plain(joined, lambda slot, size: True)
    assert (back.rollouts, back.kept, back.greedy, back.drawn) == (whole.rollouts, whole.kept, whole.greedy, whole.drawn)
    assert (back.clock.waited, back.clock.deepest) == (1.0, 3)
    assert back.figures == {"servers": (4.0, 2.0)}  # two servers in the mean over two processes


@pytest.mark.parametrize("world", [1, 2, 4])
def test_a_slot_belongs_to_the_rank_that_is_served_it(world):
    for rank in range(world):
        loader = PromptLoader([make_prompt(uid=str(i)) for i in range(8)], 8, 1, seed=1, rank=rank, world_size=world)
        served = [slot for slot, _ in next(iter(loader))]
        assert (
            served
            == [slot for slot in range(8) if loader.owns(slot)]
            == list(range(rank * 8 // world, (rank + 1) * 8 // world))
        )
