"""Whose collectives those of a thread are: of the default process group, or of a group of its own.

Two threads that use one group would answer each other's calls. No collective is made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch.distributed as dist

_OWN: ContextVar[Any] = ContextVar("process group of this thread", default=None)


def group_of_thread() -> Any:
    """The group of this thread; None, as torch takes it, for the default one."""
    return _OWN.get()


@contextmanager
def within(group: Any) -> Iterator[None]:
    """Have collectives of this thread use a group; None for the default one."""
    token = _OWN.set(group)
    try:
        yield
    finally:
        _OWN.reset(token)


def new_group() -> Any:
    """Another group of the same processes, on the host; None where there is one process. A collective of the default group."""
    alone = not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1
    return None if alone else dist.new_group(backend="gloo")
