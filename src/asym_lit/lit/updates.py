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
from asym_lit.rollout.microbatches import MicroBatch, make_micro_batch, mini_batches_of_slots, pack
from asym_lit.types import Experience, Outcome, Rollout, RolloutBatch


@dataclass(frozen=True, slots=True)
class MiniBatch:
    """The rollouts behind one optimizer step on this rank, and their number over all ranks."""

    micro_batches: list[list[int]]
    """Rows of each micro-batch; the same number of them on every rank."""
    fillers: int
    """How many of the last micro-batches only keep this rank in step with the others."""
    counts: GlobalCounts


def plan_updates(
    batch: RolloutBatch,
    mini_batches: int,
    slots: int,
    seed: int,
    max_tokens: int,
    rollout_filter: RolloutFilter = AllRollouts(),
) -> list[MiniBatch]:
    """Mini-batches of whole groups, cut into micro-batches by a token budget. A collective.

    Undecided rollouts, filtered groups and filtered rollouts are left out; a mini-batch may end up empty (counts of 0) on
    all ranks.

    Args:
        batch: The step's rollouts on this rank.
        mini_batches: Optimizer steps per pass over them.
        slots: Groups of the step over all ranks.
        seed: Of the shuffle.
        max_tokens: Budget of a micro-batch, in tokens after padding.
        rollout_filter: The objective's.
    """
    rollouts = batch.rollouts
    lengths = [len(r.prompt.token_ids) + len(r.token_ids) for r in rollouts]
    decided, chosen_by_verdict = _rows(batch, rollout_filter)
    trained = [d and c for d, c in zip(decided, chosen_by_verdict, strict=True)]
    packed = [
        pack(
            lengths,
            [i for i, r in enumerate(rollouts) if r.slot in chosen and trained[i]],
            max_tokens,
        )
        for chosen in mini_batches_of_slots(slots, mini_batches, seed, batch.step)
    ]
    return _in_step(rollouts, packed)


def plan_bystanders(batch: RolloutBatch, max_tokens: int, rollout_filter: RolloutFilter) -> MiniBatch:
    """The decided rollouts that an objective's filter keeps out of all updates, to be looked at only. A collective.

    Args:
        batch: The step's rollouts on this rank.
        max_tokens: Budget of a micro-batch, in tokens after padding.
        rollout_filter: The objective's.
    """
    lengths = [len(r.prompt.token_ids) + len(r.token_ids) for r in batch.rollouts]
    rows = [i for i, (decided, chosen) in enumerate(zip(*_rows(batch, rollout_filter), strict=True)) if decided and not chosen]
    return _in_step(batch.rollouts, [pack(lengths, rows, max_tokens)])[0]


def _rows(batch: RolloutBatch, rollout_filter: RolloutFilter) -> tuple[list[bool], list[bool]]:
    """Of each rollout: is it decided and in a group that is kept, and does the filter let it through?"""
    right = [r.verdict is not None and r.verdict.outcome == Outcome.CORRECT for r in batch.rollouts]
    kept = [kept for kept in batch.kept for _ in range(batch.sampling.n)]
    decided = [k and r.reward is not None for k, r in zip(kept, batch.rollouts, strict=True)]
    return decided, rollout_filter(torch.tensor(right, dtype=torch.bool)).tolist()


def _in_step(rollouts: Sequence[Rollout], packed: Sequence[list[list[int]]]) -> list[MiniBatch]:
    """Mini-batches with as many micro-batches on every rank, and their sizes over all ranks."""
    sizes = [(sum(len(rollouts[i].token_ids) for m in part for i in m), sum(len(m) for m in part)) for part in packed]
    tokens, sequences = all_sum(torch.tensor(sizes, dtype=torch.float64)).T.tolist()
    longest = all_max(torch.tensor([len(part) for part in packed])).tolist()
    return [
        MiniBatch([*part, *[[0]] * (most - len(part))], most - len(part), GlobalCounts(t, s))
        for part, most, t, s in zip(packed, longest, tokens, sequences, strict=True)
    ]


def cut(mini_batch: MiniBatch, rollouts: Sequence[Rollout], experience: Experience) -> list[MicroBatch]:
    """The tensors of a mini-batch's micro-batches."""
    real = len(mini_batch.micro_batches) - mini_batch.fillers
    return [
        make_micro_batch(rows, rollouts, experience, is_filler=i >= real) for i, rows in enumerate(mini_batch.micro_batches)
    ]
