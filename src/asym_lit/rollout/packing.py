"""How the rows of a mini-batch are packed into micro-batches by a budget of tokens: by length, or by group.

What becomes of the packed rows is in `microbatches`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from asym_lit.types import Rollout


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


def pack_whole(rollouts: Sequence[Rollout], rows: Sequence[int], max_tokens: int, shares: bool) -> list[list[int]]:
    """Rows in micro-batches of whole groups; a group above the budget gets one of its own.

    Args:
        rollouts: All of a step, on this rank.
        rows: Which of them to pack.
        max_tokens: Budget.
        shares: Prompts are counted once for their groups, else rows as wide as the widest.
    """
    by_slot = sorted(rows, key=lambda row: (rollouts[row].slot, -len(rollouts[row].token_ids), row))
    groups = [list(group) for _, group in groupby(by_slot, key=lambda row: rollouts[row].slot)]

    def size(parts: Sequence[list[int]]) -> int:
        if shares:
            return sum(_tokens(rollouts, part) for part in parts)
        widths = [len(rollouts[row].prompt.token_ids) + len(rollouts[row].token_ids) for part in parts for row in part]
        return len(widths) * max(widths)

    packed: list[list[list[int]]] = []
    for group in sorted(groups, key=lambda group: (-_tokens(rollouts, group), group[0])):
        if packed and size([*packed[-1], group]) <= max_tokens:
            packed[-1].append(group)
        else:
            packed.append([group])
    return [[row for group in parts for row in group] for parts in packed]


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
