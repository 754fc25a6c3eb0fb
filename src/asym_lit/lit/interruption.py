"""Signals that ask a run to end are heeded where nothing is lost; which, and what a second one does, is in `processes/`.

Lightning's own answers lose work: its SIGTERM ends a run between two steps without a checkpoint and with exit status 0, its
SIGINT in the middle of one. What is saved, and when, is `RolloutCheckpoint`'s business.
"""

from __future__ import annotations

from asym_lit.lit.distributed import any_process, world_size
from asym_lit.processes.signals import SignalNotes
from asym_lit.types import RunStoppedError


class Interruption(SignalNotes):
    """Whether this process was asked to end. There is one, for signals are the process's, not the trainer's."""

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
