"""What the first process does for all of them: weights go to a server once, however many processes ask it for responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch.distributed as dist
from torch import Tensor

from asym_lit.process_groups import group_of_thread
from asym_lit.rollout.engine import EngineError
from asym_lit.types import InputError, RunStoppedError

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
        RunStoppedError: On the others, if it raised anything else, a full disk's `OSError` say.
    """
    made: Any = None
    fault: Exception | None = None
    own: Exception | None = None
    if rank() == 0:
        try:
            made = make()
        except (EngineError, InputError) as raised:
            fault = raised
        except Exception as raised:  # ends all of them, here
            own, fault = raised, RunStoppedError(f"A fault of process 0: {type(raised).__name__}: {raised}", state="failed")
    if ranks() > 1:
        told = [made, fault]
        dist.broadcast_object_list(told, src=0, group=group_of_thread())
        made, fault = told
    if own is not None:
        own.ends_all = True  # type: ignore[attr-defined]
        raise own
    if fault is not None:
        raise fault
    given: T = made
    return given
