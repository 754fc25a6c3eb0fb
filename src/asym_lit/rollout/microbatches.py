"""Mini-batches and micro-batches: how the rollouts of a step are cut up for updates.

How many updates a step has is in `lit/updates.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby

import torch
from torch import Tensor

from asym_lit.layouts import TokenLayout, padded, shared
from asym_lit.rollout.counting import several_rewards
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs, Rollout, TokenScores


def mini_batches_of_slots(slots: int, parts: int, seed: int, step: int) -> list[frozenset[int]]:
    """Which groups of a step form each mini-batch: a shuffle by (seed, step) alone, the same on any number of ranks."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
    order = torch.randperm(slots, generator=generator).tolist()
    return [frozenset(order[part::parts]) for part in range(parts)]


def pack(lengths: Sequence[int], rows: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Rows in micro-batches of similar length, each at most `max_tokens` tokens after padding.

    Args:
        lengths: Tokens of every row, prompt and response.
        rows: The rows to pack.
        max_tokens: Budget; a single row above it gets a micro-batch of its own.
    """
    packed: list[list[int]] = []
    for row in sorted(rows, key=lambda r: (-lengths[r], r)):
        # Longest first: the first row of a micro-batch sets its width.
        if packed and (len(packed[-1]) + 1) * lengths[packed[-1][0]] <= max_tokens:
            packed[-1].append(row)
        else:
            packed.append([row])
    return packed


def pack_shared(rollouts: Sequence[Rollout], rows: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Rows in micro-batches that keep groups whole, each at most `max_tokens` tokens with prompts counted once.

    A group that is larger is split, its prompt repeated.

    Args:
        rollouts: All of a step, on this rank.
        rows: Which of them to pack.
        max_tokens: Budget; a prompt with one response above it gets a micro-batch of its own.
    """
    by_slot = sorted(rows, key=lambda row: (rollouts[row].slot, -len(rollouts[row].token_ids), row))
    groups = [list(group) for _, group in groupby(by_slot, key=lambda row: rollouts[row].slot)]
    packed: list[list[int]] = []
    room = 0
    # Long ones first, so that a micro-batch holds groups of similar length.
    for group in sorted(groups, key=lambda group: (-_tokens(rollouts, group), group[0])):
        for part in _within(rollouts, group, max_tokens):
            size = _tokens(rollouts, part)
            if packed and size <= room:
                packed[-1] += part
                room -= size
            else:
                packed.append(part)
                room = max_tokens - size
    return packed


def _tokens(rollouts: Sequence[Rollout], group: Sequence[int]) -> int:
    """Tokens of a prompt and its responses."""
    return len(rollouts[group[0]].prompt.token_ids) + sum(len(rollouts[row].token_ids) for row in group)


def _within(rollouts: Sequence[Rollout], group: list[int], max_tokens: int) -> Iterator[list[int]]:
    part: list[int] = []
    for row in group:
        if part and _tokens(rollouts, [*part, row]) > max_tokens:
            yield part
            part = []
        part.append(row)
    yield part


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a step's rollouts are cut up.

    Args:
        mini_batches: Optimizer steps per pass over them.
        slots: Groups of the step over all ranks.
        seed: Of the shuffle.
        max_tokens: Budget of a micro-batch: tokens with prompts counted once where they are shared, else after padding.
        share_prompts: Prompts stand once for the responses of their group.
    """

    mini_batches: int
    slots: int
    seed: int
    max_tokens: int
    share_prompts: bool = False

    def deal(self, step: int) -> list[frozenset[int]]:
        """Which groups of a step form each mini-batch."""
        return mini_batches_of_slots(self.slots, self.mini_batches, self.seed, step)

    def pack(self, rollouts: Sequence[Rollout], rows: Sequence[int]) -> list[list[int]]:
        """Rows in micro-batches."""
        if self.share_prompts:
            return pack_shared(rollouts, rows, self.max_tokens)
        return pack([len(r.prompt.token_ids) + len(r.token_ids) for r in rollouts], rows, self.max_tokens)


@dataclass(slots=True)
class MicroBatch:
    """Some rows of a step."""

    rows: list[int]
    tokens: TokenLayout
    experience: Experience
    is_filler: bool = False
    """Only there to keep ranks in step; its tokens are masked out of every sum."""


def make_micro_batch(
    rows: list[int], rollouts: Sequence[Rollout], experience: Experience, is_filler: bool = False, share_prompts: bool = False
) -> MicroBatch:
    """The tensors of some rows.

    Args:
        rows: Indices into `rollouts` and `experience`.
        rollouts: Of the step, on this rank.
        experience: Of the step, on this rank.
        is_filler: See `MicroBatch`.
        share_prompts: A prompt stands once for all rows of its group, which stand together.
    """
    chosen, device = [rollouts[row] for row in rows], experience.mask_BT.device
    part = experience.rows(rows, max(len(rollout.token_ids) for rollout in chosen))
    if is_filler:
        part.mask_BT = torch.zeros_like(part.mask_BT)
    return MicroBatch(rows, (shared if share_prompts else padded)(chosen, device), part, is_filler)


def experience_of(rollouts: Sequence[Rollout], group_size: int, device: torch.device) -> Experience:
    """Rollouts as tensors, without what the policy has yet to compute."""
    length = max(len(r.token_ids) for r in rollouts)
    mask = torch.zeros(len(rollouts), length)
    sampler = torch.zeros(len(rollouts), length)
    for i, rollout in enumerate(rollouts):
        mask[i, : len(rollout.token_ids)] = 1
        sampler[i, : len(rollout.token_ids)] = torch.tensor(rollout.logprobs)
    rewards, weights = several_rewards(rollouts)
    return Experience(
        mask_BT=mask.to(device),
        rewards_B=torch.tensor([r.reward or 0.0 for r in rollouts], dtype=torch.float32, device=device),
        correct_B=torch.tensor([r.verdict is not None and r.verdict.outcome == "correct" for r in rollouts], device=device),
        valid_B=torch.tensor([r.reward is not None for r in rollouts], device=device),
        truncated_B=torch.tensor([r.finish_reason == "length" for r in rollouts], device=device),
        group_size=group_size,
        sampler_logprobs_BT=sampler.to(device),
        step_right_BT=_annotations(rollouts, mask.shape).to(device) if any(r.step_right for r in rollouts) else None,
        rewards_BC=None if rewards is None else rewards.to(device),
        reward_weights_BC=None if weights is None else weights.to(device),
    )


def _annotations(rollouts: Sequence[Rollout], shape: torch.Size) -> Bool[Tensor, "B T"]:
    right = torch.zeros(shape, dtype=torch.bool)
    for i, rollout in enumerate(rollouts):
        if rollout.step_right is not None:
            if len(rollout.step_right) != len(rollout.token_ids):
                raise InputError(
                    f"rollout.step_right of {rollout.prompt.uid!r} has {len(rollout.step_right)} entries for "
                    f"{len(rollout.token_ids)} tokens; give one per token."
                )
            right[i, : len(rollout.step_right)] = torch.tensor(rollout.step_right)
    return right


def empty_scores(like_BT: Float[Tensor, "B T"], needs: Needs) -> TokenScores:
    """Zeros for a whole step: `like_BT` gives shape, dtype and device."""
    return TokenScores(
        torch.zeros_like(like_BT),
        torch.zeros_like(like_BT) if needs.entropy else None,
        like_BT.new_zeros((*like_BT.shape, needs.top_n)) if needs.top_n else None,
        torch.zeros_like(like_BT, dtype=torch.bool) if needs.rank1 else None,
        torch.zeros_like(like_BT) if needs.squares else None,
    )


def write_rows(target: TokenScores, scores: TokenScores, rows: Sequence[int]) -> None:
    """Put the scores of some rows at their places in the scores of the whole step."""
    index = torch.as_tensor(rows, device=scores.logprobs_BT.device)
    for item in fields(TokenScores):
        whole, part = getattr(target, item.name), getattr(scores, item.name)
        if whole is not None and part is not None:
            whole[index, : part.shape[1]] = part.detach()
