"""Mini-batches and micro-batches: how the rollouts of a step are cut up for updates.

How many updates a step has is in `lit/updates.py`, how rows are packed in `packing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from asym_lit.layouts import TokenLayout, padded, shared
from asym_lit.rollout.counting import several_rewards
from asym_lit.rollout.packing import pack, pack_shared, pack_whole
from asym_lit.shapes import Bool, Float
from asym_lit.types import Experience, InputError, Needs, Rollout, TokenScores


def mini_batches_of_slots(slots: int, parts: int, seed: int, step: int) -> list[frozenset[int]]:
    """Which groups of a step form each mini-batch: a shuffle by (seed, step) alone, the same on any number of ranks."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
    order = torch.randperm(slots, generator=generator).tolist()
    return [frozenset(order[part::parts]) for part in range(parts)]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a step's rollouts are cut up.

    Args:
        mini_batches: Optimizer steps per pass over them.
        slots: Groups of the step over all ranks.
        seed: Of the shuffle.
        max_tokens: Budget of a micro-batch: tokens with prompts counted once where they are shared, else after padding.
        share_prompts: Prompts stand once for the responses of their group.
        whole_groups: No group is cut up, be it larger than the budget.
    """

    mini_batches: int
    slots: int
    seed: int
    max_tokens: int
    share_prompts: bool = False
    whole_groups: bool = False

    def deal(self, step: int) -> list[frozenset[int]]:
        """Which groups of a step form each mini-batch."""
        return mini_batches_of_slots(self.slots, self.mini_batches, self.seed, step)

    def pack(self, rollouts: Sequence[Rollout], rows: Sequence[int]) -> list[list[int]]:
        """Rows in micro-batches."""
        if self.whole_groups:
            return pack_whole(rollouts, rows, self.max_tokens, self.share_prompts)
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
