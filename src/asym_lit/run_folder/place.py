"""A run folder belongs to one run, and to one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from asym_lit.run_folder.paths import (
    CHECKPOINTS,
    CONFIG,
    EVENTS,
    LOCK,
    MADE,
    RECORD,
    SETTINGS_OF_LOGGER,
    whole_checkpoints,
)
from asym_lit.run_folder.points import has_points
from asym_lit.run_folder.record import read_record
from asym_lit.types import InputError

BEGUN = (CONFIG, RECORD, CHECKPOINTS)
"""What a run leaves that ended early; which of them, hangs on its callbacks."""
LEFT_OVER = (".*.partial", ".*.deleted", ".probe-*")
"""Names of what is not whole yet, or no longer."""
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
    if _lock(folder):
        _sweep(folder)
    if whole_checkpoints(folder):
        if resumed is not None and folder.resolve() == resumed.resolve():
            return
        record = read_record(folder)
        raise InputError(
            f"The run folder {folder} holds another run ({record.get('state', 'without a record')}, "
            f"{record.get('reached', '?')} of {record.get('rollout_steps', '?')} steps). Write --ckpt_path {folder} to go on "
            "with it, or another --trainer.logger.version."
        )
    without = resumed if resumed is not None and not whole_checkpoints(resumed) else folder
    if folder in MADE and without.resolve() == folder.resolve():  # begun by words that would go on with it too
        return
    if without == resumed or any((folder / name).exists() for name in BEGUN):
        for points in folder.glob(EVENTS):
            points.unlink()
        said = f"{without} holds a run that ended before its first checkpoint; it begins anew."
        Console(stderr=True).print(said, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def without_false_starts() -> Iterator[None]:
    """Remove the folders that a start has made if it fails before anything was written there that is worth keeping."""
    MADE.clear()
    try:
        yield
    except BaseException:
        for folder in MADE:
            files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
            if folder.resolve() in _LOCKS and all(map(_says_nothing, files)):
                os.close(_LOCKS.pop(folder.resolve()))
                shutil.rmtree(folder)
            with suppress(OSError):  # not empty: another run is in it
                folder.rmdir()
        raise


def _says_nothing(path: Path) -> bool:
    """Whether a file of a run holds nothing that its command does not say."""
    return path.name in (LOCK, CONFIG, SETTINGS_OF_LOGGER) or (path.match(EVENTS) and not has_points(path))


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed here left half-written or half-removed."""
    for pattern in LEFT_OVER:
        for path in [*folder.glob(pattern), *folder.glob(f"*/{pattern}")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _lock(folder: Path) -> bool:
    """Hold the folder for as long as this process lives; False where the file system has no locks."""
    place = folder.resolve()
    if place in _LOCKS:
        return True
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        os.close(descriptor)
        raise InputError(
            f"Another process is at work in the run folder {folder}; wait for it, or write another --trainer.logger.version."
        ) from fault
    except OSError:  # a file system without locks
        os.close(descriptor)
        return False
    _LOCKS[place] = descriptor
    return True
