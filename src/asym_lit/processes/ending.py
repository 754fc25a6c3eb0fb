"""How a process ends at once, from any of its threads, when the others are gone: it says why, and waits for nothing."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
TRY_AGAIN = 75
"""Exit status: `EX_TEMPFAIL` of sysexits.h. What ended the job need not end it again."""
WRITING = 5.0
"""Seconds that a file is given to be written: a file system may be what hangs."""
STANDARD_ERROR = 2


def end_now(status: int = TRY_AGAIN) -> None:
    """End this process and those that it forked. What Python does at an exit waits for threads, and for collectives."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(status)


def in_time(work: Callable[[], T]) -> T | None:
    """What a piece of work gives; None, with a line, if it fails or takes longer than `WRITING`."""
    found: list[T] = []
    faults: list[str] = [f"it takes longer than {WRITING:.0f} s"]

    def do() -> None:
        try:
            found.append(work())
        except Exception as fault:
            faults[0] = f"{type(fault).__name__}: {fault}"

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(WRITING)
    if not found:
        say([f"Nothing was written into the run folder: {faults[0]}."])
    return found[0] if found else None


def say(lines: Iterable[str]) -> None:
    """Lines to standard error; not by `print`, for the main thread may be in the middle of one."""
    os.write(STANDARD_ERROR, ("\n" + "\n".join(lines) + "\n").encode(errors="replace"))
