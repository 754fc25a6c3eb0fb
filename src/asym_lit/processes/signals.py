"""Signals that ask this process to end: the first is noted, a second one ends it at once. What a note does is for others."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any

HEEDED = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
if hasattr(signal, "SIGUSR1"):
    HEEDED[signal.SIGUSR1] = "SIGUSR1"
"""Also the signal by which batch systems announce the end of a job's time."""
ECHO = 5.0
"""Seconds within which the same signal is the same one: torchrun passes on to its processes what they were sent as well."""


class SignalNotes:
    """Whether this process was asked to end."""

    def __init__(self) -> None:
        self.by = ""
        """What asked for it, in words; empty if nothing has."""
        self._before: dict[int, Any] = {}
        self._noted = 0.0

    def listen(self) -> None:
        """Note signals from here on, those apart that the process was started deaf to, as a shell's background jobs are."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        self.by = ""
        for number in HEEDED:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)

    def ignore(self) -> None:
        """Give the signals back to whom they were heeded by before; the one that was heeded once its echo has died away."""
        for number, handler in self._before.items():
            heeded = self.by == HEEDED[signal.Signals(number)]
            signal.signal(number, after_the_echo(handler, self._noted + ECHO) if heeded else handler)
        self._before, self.by = {}, ""

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.by == HEEDED[signal.Signals(number)] and monotonic() < self._noted + ECHO:
            return
        if self.by:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.by, self._noted = HEEDED[signal.Signals(number)], monotonic()
        # Not print: a signal may come while something else is being printed, and buffers are not to be entered twice.
        os.write(2, f"\n{self.by}: the run stops and saves; once more, after {ECHO:.0f} s, ends it at once.\n".encode())


def after_the_echo(handler: Any, end: float) -> Callable[[int, FrameType | None], None]:
    """What a signal does that was heeded already: nothing until a time, then what it did before.

    Args:
        handler: What it did before.
        end: On the monotonic clock, in seconds.
    """

    def heed(number: int, _: FrameType | None) -> None:
        if monotonic() >= end:
            signal.signal(number, handler)
            signal.raise_signal(number)

    return heed


def let_it_end(fault: BaseException) -> None:
    """Be deaf to Ctrl-C from here on, if a signal is what this process ends by: one more would only print a traceback."""
    asked = isinstance(fault, KeyboardInterrupt) or getattr(fault, "state", "") == "interrupted"
    if asked and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
