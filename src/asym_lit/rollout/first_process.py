"""What the first process does for all of them: weights go to a server once, however many processes ask it for responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch.distributed as dist
from torch import Tensor

from asym_lit.process_groups import group_of_thread
from asym_lit.rollout.engine import EngineError
from asym_lit.types import InputError

T = TypeVar("T")


def rank() -> int:
    """Of this process; 0 of a single one."""
    return dist.get_rank() if dist.is_initialized() else 0


def ranks() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def gathered(named_weights: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Weights on the host of the first process, empty on the others. A collective where they are sharded."""
    held = {}
    for name, value in named_weights:
        if rank() == 0:
            held[name] = value.detach().cpu().clone()  # clones: a tied head would be left out of a file
    return held


def from_first(make: Callable[[], T]) -> T:
    """What the first process makes, on every process. A collective.

    Args:
        make: Called on the first process alone; gives plain types.

    Raises:
        EngineError: If it did, on every process: the others would wait for it.
        InputError: Likewise.
    """
    made: Any = None
    fault: Exception | None = None
    if rank() == 0:
        try:
            made = make()
        except (EngineError, InputError) as raised:
            fault = raised
    if ranks() > 1:
        told = [made, fault]
        dist.broadcast_object_list(told, src=0, group=group_of_thread())
        made, fault = told
    if fault is not None:
        raise fault
    given: T = made
    return given
