"""Where the threads of this process are, in Python's words; of code in C there is the line that called it."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType

OURS = __name__.partition(".")[0]
COLLECTIVES = "torch.distributed"


def stacks() -> str:
    """The Python stack of every thread, the main one first."""
    frames, names = sys._current_frames(), {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    parts = []
    for number in sorted(frames, key=lambda number: (number != main, number)):
        lines = "".join(traceback.format_stack(frames[number]))
        parts.append(f"Thread {names.get(number, number)}, most recent call last:\n{lines}")
    return "\n".join(parts)


def where() -> str:
    """The line of our own that the main thread is at, and whether it waits for other processes there."""
    found = list(_outwards(sys._current_frames().get(threading.main_thread().ident or 0)))
    ours = next((frame for frame in found if _module(frame).partition(".")[0] == OURS), found[0] if found else None)
    if ours is None:
        return "in no Python code"
    line = f"{_module(ours)}:{ours.f_lineno} ({ours.f_code.co_name})"
    return f"{line}, waiting for the others" if any(_module(frame).startswith(COLLECTIVES) for frame in found) else line


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
