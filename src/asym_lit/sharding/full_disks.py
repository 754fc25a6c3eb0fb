"""Full disks: whether a fault is one, whose it is, and once more when there is room. What makes room is for others to say."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable, Iterator

import torch.distributed as dist

from asym_lit.process_groups import group_of_thread

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a system says when there is no room left, on the disk or in one's share of it."""
_SAID = re.compile(rf"\(os error ({FULL[0]}|{FULL[1]})\)")
"""The same by safetensors, whose fault is no OSError."""

Room = Callable[[list[str]], bool]
"""Makes room, told whose disk is full; whether there was any to make."""


def is_full(fault: BaseException | None) -> bool:
    """Whether a fault says that a disk is full, itself or by what it was raised for."""
    return any(getattr(one, "errno", None) in FULL or _says_so(one) for one in _behind(fault))


def _says_so(fault: BaseException) -> bool:
    return type(fault).__module__.startswith("safetensors") and bool(_SAID.search(str(fault)))


def _behind(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


def full_disks(fault: BaseException) -> list[str]:
    """The processes whose disk is full, by rank, host and what was said. A collective: all have met with a fault at this place.

    Args:
        fault: This process's own, one of torch's that all have at once, or the word of another process's.
    """
    several = dist.is_available() and dist.is_initialized()
    rank = dist.get_rank() if several else 0
    failures = of_all(fault)
    mine = failures.get(rank) if failures else fault
    said = f"process {rank} on {socket.gethostname()}: {mine}" if is_full(mine) else ""
    told = [said]
    if several and dist.get_world_size() > 1:
        told = [""] * dist.get_world_size()
        dist.all_gather_object(told, said, group_of_thread())
    return list(filter(None, told))


def of_all(fault: BaseException) -> dict[int, BaseException]:
    """What a sharded checkpoint failed by, by rank; torch raises it on all processes, and it is no `Exception`."""
    for one in _behind(fault):
        if failures := getattr(one, "failures", None):
            return {rank: cause for rank, (cause, _) in failures.items()}
    return {}


def with_room(work: Callable[[], None], room: Callable[[BaseException], bool]) -> None:
    """Do what writes, and once more from its beginning if a disk was full and room could be made.

    Args:
        work: Raises what it meets with.
        room: Whether the fault is of a full disk, and room was made.
    """
    try:
        work()
        return
    except BaseException as fault:  # CheckpointException is no Exception
        if not room(fault):
            raise
    work()
