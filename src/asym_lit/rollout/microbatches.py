"""Mini-batches and micro-batches: how the rollouts of a step are cut up for updates.

How many updates a step has is in `lit/updates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from asym_lit.shapes import Bool, Float, Int
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


@dataclass(slots=True)
class MicroBatch:
    """Some rows of a step, padded no further than their longest."""

    rows: list[int]
    input_ids_BS: Int[Tensor, "B S"]
    prompt_lengths_B: Int[Tensor, " B"]
    experience: Experience
    is_filler: bool = False
    """Only there to keep ranks in step; its tokens are masked out of every sum."""


def make_micro_batch(
    rows: list[int], rollouts: Sequence[Rollout], experience: Experience, is_filler: bool = False
) -> MicroBatch:
    """The tensors of some rows.

    Args:
        rows: Indices into `rollouts` and `experience`.
        rollouts: Of the step, on this rank.
        experience: Of the step, on this rank.
        is_filler: See `MicroBatch`.
    """
    device = experience.mask_BT.device
    prompts = [rollouts[row].prompt.token_ids for row in rows]
    responses = [rollouts[row].token_ids for row in rows]
    width = max(len(p) + len(r) for p, r in zip(prompts, responses, strict=True))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    for i, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
        ids[i, : len(prompt) + len(response)] = torch.tensor([*prompt, *response])
    part = experience.rows(rows, max(len(r) for r in responses))
    if is_filler:
        part.mask_BT = torch.zeros_like(part.mask_BT)
    return MicroBatch(rows, ids.to(device), torch.tensor([len(p) for p in prompts], device=device), part, is_filler)


def experience_of(rollouts: Sequence[Rollout], group_size: int, device: torch.device) -> Experience:
    """Rollouts as tensors, without what the policy has yet to compute."""
    length = max(len(r.token_ids) for r in rollouts)
    mask = torch.zeros(len(rollouts), length)
    sampler = torch.zeros(len(rollouts), length)
    for i, rollout in enumerate(rollouts):
        mask[i, : len(rollout.token_ids)] = 1
        sampler[i, : len(rollout.token_ids)] = torch.tensor(rollout.logprobs)
    return Experience(
        mask_BT=mask.to(device),
        rewards_B=torch.tensor([r.reward or 0.0 for r in rollouts], dtype=torch.float32, device=device),
        correct_B=torch.tensor([r.verdict is not None and r.verdict.outcome == "correct" for r in rollouts], device=device),
        valid_B=torch.tensor([r.reward is not None for r in rollouts], device=device),
        truncated_B=torch.tensor([r.finish_reason == "length" for r in rollouts], device=device),
        group_size=group_size,
        sampler_logprobs_BT=sampler.to(device),
        step_right_BT=_annotations(rollouts, mask.shape).to(device) if any(r.step_right for r in rollouts) else None,
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
    )


def write_rows(target: TokenScores, scores: TokenScores, rows: Sequence[int]) -> None:
    """Put the scores of some rows at their places in the scores of the whole step."""
    index = torch.as_tensor(rows, device=scores.logprobs_BT.device)
    for item in fields(TokenScores):
        whole, part = getattr(target, item.name), getattr(scores, item.name)
        if whole is not None and part is not None:
            whole[index, : part.shape[1]] = part.detach()
