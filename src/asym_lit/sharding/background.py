"""Saves in the background: each process copies its part of a state, and a thread writes the copy while training goes on.

Threads of all processes meet in a group of their own, over gloo. What one of them meets with is kept until it is asked for, and
never lost: whoever waits, or looks, is given it. Where a disk is full they write once more what they hold, if room can be made.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultSavePlanner
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.planner import SavePlan, SavePlanner, WriteItem
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.checkpoint.storage import WriteResult
from torch.futures import Future
from torch.utils._pytree import tree_map
from typing_extensions import override

from asym_lit.process_groups import within
from asym_lit.processes.progress import PROGRESS
from asym_lit.sharding.full_disks import Room, full_disks, is_full, of_all, with_room


class _Writer(FileSystemWriter):
    """Torch's, but a full disk is told as one; torch says "unexpected pos 704 vs 598", and its cause does not travel."""

    @override
    def write_data(self, plan: SavePlan, planner: SavePlanner) -> Future[list[WriteResult]]:
        try:
            return super().write_data(plan, planner)
        except Exception as fault:
            if is_full(fault) and not isinstance(fault, OSError):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path)) from fault
            raise


class _Planner(DefaultSavePlanner):
    """Torch's, and each part that is written is a move: at 200 MB/s a checkpoint of 32B takes longer than a standstill may."""

    @override
    def resolve_data(self, write_item: WriteItem) -> Any:
        PROGRESS.move()
        return super().resolve_data(write_item)


def write_parts(state: dict[str, Any], folder: Path, group: Any = None) -> None:
    """Write a state of which each process holds a part. A collective of a group; None for the default one."""
    save(state, storage_writer=_Writer(folder), planner=_Planner(), process_group=group)


class BackgroundSaves:
    """At most one save at a time."""

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._fault: BaseException | None = None
        self._group: Any = None

    def start(
        self,
        state: Mapping[str, Any],
        folder: Path,
        then: Callable[[], None] | None,
        is_shared: bool,
        room: Room = lambda _: False,
    ) -> None:
        """Begin to write a state, when the save before is over. A collective.

        Args:
            state: This process's part: tensors, sharded or not, and plain types, in dictionaries and lists.
            folder: Where to; the same on all processes.
            then: What this process's thread does when all have written theirs; all of it again after a full disk.
            is_shared: Training goes on in the very tensors, so they are copied first.
            room: Called on the first process where a disk is full, on whichever.
        """
        self.wait()
        if self._group is None:
            self._group = dist.new_group(backend="gloo")
        held = tree_map(_copied, dict(state)) if is_shared else dict(state)
        # A daemon: a process that ends by a fault does not wait for partners that are gone.
        self._thread = Thread(target=self._write, args=(held, folder, then, room), name="checkpoint", daemon=True)
        self._thread.start()

    def _write(self, state: dict[str, Any], folder: Path, then: Callable[[], None] | None, room: Room) -> None:
        def room_for_all(fault: BaseException) -> bool:
            full = full_disks(fault) if of_all(fault) else []
            return bool(full) and self._on_first(lambda: room(full))

        def room_for_one(fault: BaseException) -> bool:
            return is_full(fault) and room([f"process {dist.get_rank()} on {socket.gethostname()}: {fault}"])

        try:
            with within(self._group):
                with_room(lambda: write_parts(state, folder, self._group), room_for_all)
            state.clear()
            if then is not None:
                with_room(then, room_for_one)
        except BaseException as fault:  # CheckpointException is no Exception; `wait` raises it
            self._fault = fault

    def _on_first(self, work: Callable[[], bool]) -> bool:
        """What it gives on the first process; also if it fails there, the others wait no longer. A collective."""
        done = [False]
        try:
            if dist.get_rank() == 0:
                done[0] = work()
        finally:
            dist.broadcast_object_list(done, 0, self._group)
        return done[0]

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
