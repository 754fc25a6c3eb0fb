"""Signals that ask a run to end: the first is noted and heeded where nothing is lost, a second one ends the process at once.

Lightning's own answers lose work: its SIGTERM ends a run between two steps without a checkpoint and with exit status 0, its
SIGINT in the middle of one. What is saved, and when, is `RolloutCheckpoint`'s business.
"""

from __future__ import annotations

import os
import signal
import threading
from time import monotonic
from types import FrameType
from typing import Any

from asym_lit.lit.distributed import any_process, world_size
from asym_lit.lit.stopping import RunStoppedError

HEEDED = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
if hasattr(signal, "SIGUSR1"):
    HEEDED[signal.SIGUSR1] = "SIGUSR1"
"""Also the signal by which batch systems announce the end of a job's time."""
ECHO = 5.0
"""Seconds within which the same signal is the same one: torchrun passes on to its processes what they were sent as well."""


class Interruption:
    """Whether this process was asked to end. There is one, for signals are the process's, not the trainer's."""

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
        """Give the signals back to whom they were heeded by before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
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

    def check(self, step: int) -> None:
        """Stop here if any process was asked to. A collective.

        Args:
            step: Rollout steps made.

        Raises:
            RunStoppedError: On every process.
        """
        if any_process(bool(self.by)):
            raise RunStoppedError(self._words(step), state="interrupted")

    def check_alone(self, step: int) -> None:
        """Stop in the middle of a step, which is then dropped; only where no other process waits for this one.

        Args:
            step: Rollout steps made.

        Raises:
            RunStoppedError: If this process was asked to.
        """
        if self.by and world_size() == 1:
            raise RunStoppedError(self._words(step), state="interrupted")

    def _words(self, step: int) -> str:
        return f"{self.by or 'A signal to another process'} after step {step}."


INTERRUPTION = Interruption()
"""Of this process."""
