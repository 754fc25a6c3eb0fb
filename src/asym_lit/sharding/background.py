"""Saves in the background: each process copies its part of a state, and a thread writes the copy while training goes on.

Threads of all processes meet in a group of their own, over gloo. What one of them meets with is kept until it is asked for, and
never lost: whoever waits, or looks, is given it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_saver import save
from torch.utils._pytree import tree_map


class BackgroundSaves:
    """At most one save at a time."""

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._fault: BaseException | None = None
        self._group: Any = None

    def start(self, state: Mapping[str, Any], folder: Path, then: Callable[[], None] | None, is_shared: bool) -> None:
        """Begin to write a state, when the save before is over. A collective.

        Args:
            state: This process's part: tensors, sharded or not, and plain types, in dictionaries and lists.
            folder: Where to; the same on all processes.
            then: What this process's thread does when all have written theirs.
            is_shared: Training goes on in the very tensors, so they are copied first.
        """
        self.wait()
        if self._group is None:
            self._group = dist.new_group(backend="gloo")
        held = tree_map(_copied, dict(state)) if is_shared else dict(state)
        # A daemon: a process that ends by a fault does not wait for partners that are gone.
        self._thread = Thread(target=self._write, args=(held, folder, then), name="checkpoint", daemon=True)
        self._thread.start()

    def _write(self, state: dict[str, Any], folder: Path, then: Callable[[], None] | None) -> None:
        try:
            save(state, checkpoint_id=folder, process_group=self._group)
            state.clear()
            if then is not None:
                then()
        except BaseException as fault:  # CheckpointException is no Exception; `wait` raises it
            self._fault = fault

    @property
    def is_busy(self) -> bool:
        """Whether this process still writes."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def has_failed(self) -> bool:
        """Whether `wait` would raise."""
        return not self.is_busy and self._fault is not None

    def wait(self) -> None:
        """Until this process's save is over.

        Raises:
            Exception: What the thread met with; of several processes' faults the system's own one.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        fault, self._fault = self._fault, None
        if fault is not None:
            raise _plain(fault)


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _plain(fault: BaseException) -> Exception:
    """What lies behind a fault of torch's checkpoints, so that a full disk is told as one."""
    if isinstance(fault, Exception):
        return fault
    if not isinstance(fault, CheckpointException):
        return RuntimeError(f"The checkpoint was not written: {type(fault).__name__}: {fault}")
    causes = [cause for cause, _ in fault.failures.values()]
    system = [cause for cause in causes if isinstance(cause, OSError)]
    found = (system or causes or [fault])[0]
    if isinstance(found, OSError):
        found.__cause__ = fault
        return found
    return RuntimeError(f"The checkpoint was not written: {type(found).__name__}: {found}")
