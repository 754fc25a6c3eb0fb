"""A run folder belongs to one run, and to one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from rich.console import Console

from asym_lit.run_folder.paths import RECORD, whole_checkpoints
from asym_lit.run_folder.record import read_record
from asym_lit.types import InputError

_LOCKS: dict[Path, int] = {}


def check_place(folder: Path, resumed: Path | None) -> None:
    """Refuse to begin a run in the folder of another one, and to be in one folder with another process.

    A run that was killed before its first whole checkpoint holds nothing to go on from: it is begun anew there, with a word.

    Args:
        folder: Of this run.
        resumed: Of the run whose checkpoint this one goes on from; None for a new run.

    Raises:
        InputError: With the state of the other run.
    """
    _lock(folder)
    if resumed is not None and folder.resolve() == resumed.resolve():
        return
    if whole_checkpoints(folder):
        record = read_record(folder)
        raise InputError(
            f"The run folder {folder} holds another run ({record.get('state', 'without a record')}, "
            f"{record.get('reached', '?')} of {record.get('rollout_steps', '?')} steps). Write --ckpt_path {folder} to go on "
            "with it, or another --trainer.logger.version."
        )
    if (folder / RECORD).exists():
        Console(stderr=True).print(
            f"{folder} holds a run that ended before its first checkpoint; it begins anew.", highlight=False, markup=False
        )


def _lock(folder: Path) -> None:
    """Hold the folder for as long as this process lives."""
    place = folder.resolve()
    if place in _LOCKS:
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        os.close(descriptor)
        raise InputError(
            f"Another process is at work in the run folder {folder}; wait for it, or write another --trainer.logger.version."
        ) from fault
    except OSError:  # a file system without locks
        os.close(descriptor)
        return
    _LOCKS[place] = descriptor
