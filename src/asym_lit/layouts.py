"""How the tokens of some rollouts lie in one forward pass: a row each, or one row in which a prompt stands once for its group.

How a policy reads the latter is in `policy/shared_attention.py`; which rollouts go together, in `rollout/microbatches.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from asym_lit.shapes import Bool, Int
from asym_lit.types import Rollout

MOST_PADDING = 1.5
"""Pairs of query and key in a block, over those that are no padding: a longer answer than its neighbours gets its own block."""
FEW_PAIRS = 2**14
"""So many pairs cost less than another call of the attention."""


@dataclass(frozen=True, slots=True)
class PaddedTokens:
    """A row for each rollout: its prompt, its response, padding on the right."""

    ids_BS: Int[Tensor, "B S"]
    prompt_lengths_B: Int[Tensor, " B"]
    """Where each response starts."""


@dataclass(frozen=True, slots=True)
class AttentionBlock:
    """Some sequences of similar length whose tokens attend together. Entries are places in the row of a `SharedTokens`."""

    queries_RQ: Int[Tensor, "R Q"]
    """Tokens that ask, of each sequence; padding repeats place 0."""
    keys_RK: Int[Tensor, "R K"]
    """Tokens that can be asked: for a response those of its prompt and its own."""
    query_positions_RQ: Int[Tensor, "R Q"]
    """Where they stand in their rollouts, from 0; goes on over padding."""
    key_positions_RK: Int[Tensor, "R K"]
    is_query_RQ: Bool[Tensor, "R Q"]
    """Bool: no padding."""
    is_key_RK: Bool[Tensor, "R K"]
    """Bool: no padding."""
    is_whole: bool
    """All tokens that can be asked ask too, as those of prompts do."""


@dataclass(frozen=True, slots=True)
class SharedTokens:
    """One row without padding: prompts, each once for all of its responses here, and responses without their last tokens.

    A last token predicts nothing that is scored.
    """

    ids_1N: Int[Tensor, "1 N"]
    positions_1N: Int[Tensor, "1 N"]
    """Where each token stands in its rollout."""
    blocks: tuple[AttentionBlock, ...]
    """Each token asks in exactly one of them."""
    answers_N: Int[Tensor, " N"]
    """Where the answer to each token stands among those of all blocks, flattened and joined."""
    predictors_BT: Int[Tensor, "B T"]
    """Place of the token that predicts each response token; 0 on padding."""
    targets_BT: Int[Tensor, "B T"]
    """Response tokens; 0 on padding."""


TokenLayout = PaddedTokens | SharedTokens
"""Either way of laying them out."""


def padded(rollouts: Sequence[Rollout], device: torch.device) -> PaddedTokens:
    """A row for each rollout, padded no further than the longest."""
    rows = [torch.tensor([*r.prompt.token_ids, *r.token_ids]) for r in rollouts]
    lengths = torch.tensor([len(r.prompt.token_ids) for r in rollouts], device=device)
    return PaddedTokens(pad_sequence(rows, batch_first=True).to(device), lengths)


def shared(rollouts: Sequence[Rollout], device: torch.device) -> SharedTokens:
    """One row for all rollouts, the prompt of each group once.

    Args:
        rollouts: Those of a group stand together.
        device: Of the tensors.
    """
    ids: list[int] = []
    positions: list[Tensor] = []
    prompts: list[Tensor] = []  # the places of each
    responses: list[tuple[Tensor, Tensor]] = []  # those of its prompt and its own
    for _, group in groupby(rollouts, key=lambda rollout: rollout.slot):
        members = list(group)
        prompt = _places(ids, members[0].prompt.token_ids)
        positions.append(torch.arange(len(prompt)))
        prompts.append(prompt)
        for rollout in members:
            response = _places(ids, rollout.token_ids[:-1])
            positions.append(torch.arange(len(prompt), len(prompt) + len(response)))
            responses.append((prompt, response))
    asking = [(torch.cat(both), both[1]) for both in responses if len(both[1])]
    blocks = [*_blocks([(prompt, prompt) for prompt in prompts]), *_blocks(asking)]
    # Where the answers to each token are: the places of all queries, block after block, turned round.
    asked = torch.cat([block.queries_RQ[block.is_query_RQ] for block in blocks])
    answers = torch.cat([block.is_query_RQ.flatten() for block in blocks]).nonzero().squeeze(1)
    return SharedTokens(
        torch.tensor([ids], device=device),
        torch.cat(positions)[None].to(device),
        tuple(_on(block, device) for block in blocks),
        torch.empty_like(answers).scatter_(0, asked, answers).to(device),
        pad_sequence([torch.cat([prompt[-1:], own]) for prompt, own in responses], batch_first=True).to(device),
        pad_sequence([torch.tensor(rollout.token_ids) for rollout in rollouts], batch_first=True).to(device),
    )


def _places(ids: list[int], tokens: Sequence[int]) -> Tensor:
    """Add tokens to the row; returns where they stand."""
    ids += tokens
    return torch.arange(len(ids) - len(tokens), len(ids))


def _blocks(sequences: Sequence[tuple[Tensor, Tensor]]) -> list[AttentionBlock]:
    """Sequences, each of keys and of its queries, which are the last of these, in blocks whose padding is bounded."""
    parts: list[list[tuple[Tensor, Tensor]]] = []
    pairs = most_queries = most_keys = 0
    for keys, queries in sorted(sequences, key=lambda sequence: -len(sequence[0]) * len(sequence[1])):
        own = len(keys) * len(queries)
        wide, high = max(most_keys, len(keys)), max(most_queries, len(queries))
        if parts and (len(parts[-1]) + 1) * wide * high <= max(MOST_PADDING * (pairs + own), FEW_PAIRS):
            parts[-1].append((keys, queries))
            pairs, most_keys, most_queries = pairs + own, wide, high
        else:
            parts.append([(keys, queries)])
            pairs, most_keys, most_queries = own, len(keys), len(queries)
    return [_block(part) for part in parts]


def _block(sequences: Sequence[tuple[Tensor, Tensor]]) -> AttentionBlock:
    keys, queries = [keys for keys, _ in sequences], [queries for _, queries in sequences]
    queries_RQ, keys_RK = pad_sequence(queries, batch_first=True), pad_sequence(keys, batch_first=True)
    asking_R, asked_R = torch.tensor([len(q) for q in queries]), torch.tensor([len(k) for k in keys])
    query_steps_Q, key_steps_K = torch.arange(queries_RQ.shape[1]), torch.arange(keys_RK.shape[1])
    return AttentionBlock(
        queries_RQ,
        keys_RK,
        (asked_R - asking_R)[:, None] + query_steps_Q,
        key_steps_K.expand_as(keys_RK).contiguous(),
        query_steps_Q < asking_R[:, None],
        key_steps_K < asked_R[:, None],
        bool((asking_R == asked_R).all()),
    )


def _on(block: AttentionBlock, device: torch.device) -> AttentionBlock:
    return AttentionBlock(
        block.queries_RQ.to(device),
        block.keys_RK.to(device),
        block.query_positions_RQ.to(device),
        block.key_positions_RK.to(device),
        block.is_query_RQ.to(device),
        block.is_key_RK.to(device),
        block.is_whole,
    )
