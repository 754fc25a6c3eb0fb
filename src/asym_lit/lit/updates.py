"""How the rollouts of a step become optimizer steps: the plan, and the tensors of each part of it.

What is computed of them is in `learning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from asym_lit.lit.distributed import all_max, all_sum
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.rewards import AllRollouts, RolloutFilter
from asym_lit.rollout.counting import decided_and_chosen
from asym_lit.rollout.microbatches import Cutting, MicroBatch, make_micro_batch
from asym_lit.types import Experience, Rollout, RolloutBatch


@dataclass(frozen=True, slots=True)
class MiniBatch:
    """The rollouts behind one optimizer step on this rank, and their number over all ranks."""

    micro_batches: list[list[int]]
    """Rows with a gradient, of each micro-batch; the same number of these on every rank."""
    fillers: int
    """How many of the last micro-batches only keep this rank in step with the others."""
    counts: GlobalCounts
    """Of all its rollouts, those without gradient too."""
    read: float
    """Response tokens of the micro-batches over all ranks."""


def plan_updates(
    batch: RolloutBatch, cutting: Cutting, idle: Sequence[bool], rollout_filter: RolloutFilter = AllRollouts()
) -> list[MiniBatch]:
    """Mini-batches of whole groups, cut into micro-batches by a token budget. A collective.

    Undecided rollouts, filtered groups and filtered rollouts are left out; a mini-batch may end up empty (counts of 0) on
    all ranks.

    Args:
        batch: The step's rollouts on this rank.
        cutting: How many of them, and how large.
        idle: Of each rollout: it has no gradient, so it is counted and not read.
        rollout_filter: The objective's.
    """
    rollouts = batch.rollouts
    decided, chosen_by_verdict = decided_and_chosen(batch, rollout_filter)
    dealt = [
        [i for i, r in enumerate(rollouts) if r.slot in slots and decided[i] and chosen_by_verdict[i]]
        for slots in cutting.deal(batch.step)
    ]
    return _in_step(rollouts, dealt, [cutting.pack(rollouts, [i for i in rows if not idle[i]]) for rows in dealt])


def plan_bystanders(batch: RolloutBatch, cutting: Cutting, idle: Sequence[bool], rollout_filter: RolloutFilter) -> MiniBatch:
    """The decided rollouts that no update reads, to be looked at only: filtered ones and idle ones. A collective.

    Args:
        batch: The step's rollouts on this rank.
        cutting: How they are cut up.
        idle: Of each rollout: it has no gradient.
        rollout_filter: The objective's.
    """
    decided, chosen = decided_and_chosen(batch, rollout_filter)
    rows = [i for i, still in enumerate(idle) if decided[i] and (still or not chosen[i])]
    return _in_step(batch.rollouts, [rows], [cutting.pack(batch.rollouts, rows)])[0]


def _in_step(rollouts: Sequence[Rollout], dealt: Sequence[list[int]], packed: Sequence[list[list[int]]]) -> list[MiniBatch]:
    """Mini-batches with as many micro-batches on every rank, and their sizes over all ranks."""
    lengths = [len(rollout.token_ids) for rollout in rollouts]
    sizes = [
        (
            sum(lengths[i] for i in rows),
            len(rows),
            len({rollouts[i].slot for i in rows if lengths[i]}),
            sum(lengths[i] for micro_batch in part for i in micro_batch),
        )
        for rows, part in zip(dealt, packed, strict=True)
    ]
    tokens, sequences, prompts, read = all_sum(torch.tensor(sizes, dtype=torch.float64)).T.tolist()
    longest = all_max(torch.tensor([len(part) for part in packed])).tolist()
    return [
        MiniBatch([*part, *[[0]] * (most - len(part))], most - len(part), GlobalCounts(t, s, p), r)
        for part, most, t, s, p, r in zip(packed, longest, tokens, sequences, prompts, read, strict=True)
    ]


def cut(mini_batch: MiniBatch, rollouts: Sequence[Rollout], experience: Experience, share_prompts: bool) -> list[MicroBatch]:
    """The tensors of a mini-batch's micro-batches."""
    real = len(mini_batch.micro_batches) - mini_batch.fillers
    return [
        make_micro_batch(rows, rollouts, experience, i >= real, share_prompts)
        for i, rows in enumerate(mini_batch.micro_batches)
    ]
