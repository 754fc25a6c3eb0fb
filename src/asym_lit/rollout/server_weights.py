"""Weights to several servers at a sync: who takes them, who is back, who is left out. One server's side is in `vllm_server`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from torch import Tensor

from asym_lit.rollout.engine import EngineError, EngineHost
from asym_lit.rollout.server_pool import Member, ServerPool
from asym_lit.types import InputError

PROBE = 5.0
"""Seconds within which a server that was left out must say that it is well, to be sent weights again."""


def offer(pool: ServerPool, host: EngineHost, weights: dict[str, Tensor], path: Path | None, version: int) -> list[str]:
    """Offer weights to all servers; returns the marks of those that have them, empty for the others.

    Args:
        pool: The servers.
        host: What the trainer offered at the start.
        weights: On the host, where they go over NCCL.
        path: Of their directory, where they go by files.
        version: Optimizer steps behind them.

    Raises:
        InputError: If a server cannot take them the first time; later it is left out.
    """

    def give(member: Member) -> str:
        return _given(pool, member, host, weights, path, version)

    # Over NCCL one by one: collectives of one GPU with several groups would hold each other up.
    with ThreadPoolExecutor(1 if path is None else len(pool.members)) as threads:
        return list(threads.map(give, pool.members))


def tried(pool: ServerPool, marks: Sequence[str], version: int) -> list[str]:
    """The marks of those servers that write with the policy's weights of the moment, which they have taken.

    Raises:
        InputError: If a server writes with others the first time; later it is left out.
    """
    return [_tried(pool, member, mark, version) if mark else "" for member, mark in zip(pool.members, marks, strict=True)]


def _given(
    pool: ServerPool, member: Member, host: EngineHost, weights: dict[str, Tensor], path: Path | None, version: int
) -> str:
    """Weights to a server; one that was left out, or was started anew since, is looked at first as if it were new."""
    server = member.server
    try:
        if member.joined and (not member.mark or not server.bears(member.mark)):
            if server.client.ails(PROBE):
                return ""
            server.recognise(host)
        return server.take(weights, path, version)
    except (EngineError, InputError) as fault:
        return _left_out(pool, member, fault, version)


def _tried(pool: ServerPool, member: Member, mark: str, version: int) -> str:
    """The mark, if the server writes with the weights."""
    member.server.mark, member.server.version = mark, version
    try:
        member.server.try_once()
    except (EngineError, InputError) as fault:
        return _left_out(pool, member, fault, version)
    return mark


def _left_out(pool: ServerPool, member: Member, fault: EngineError | InputError, version: int) -> str:
    if isinstance(fault, InputError) and not member.joined:
        raise fault
    pool.leave_out(member, member.mark, fault, version)
    return ""
