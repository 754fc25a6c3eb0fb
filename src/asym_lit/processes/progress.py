"""How far this process is, for those that watch over it: what it does, of which step, and whether it still moves."""

from __future__ import annotations


class Progress:
    """What this process was last seen to begin or to finish."""

    def __init__(self) -> None:
        self.stage, self.step, self.marks = "start", 0, 0

    def mark(self, stage: str, step: int | None = None) -> None:
        """Say that something is done or begun, and so that this process moves.

        Args:
            stage: What it is at, in a word or two.
            step: Of the run; None for the one before.
        """
        self.stage, self.step, self.marks = stage, self.step if step is None else step, self.marks + 1

    def move(self) -> None:
        """Say that something moves, whatever it is at: a thread beside the main one, that all may come to wait for."""
        self.marks += 1


PROGRESS = Progress()
"""Of this process."""


class Standstill:
    """How long a process has not moved; its start, before it has moved at all, is none.

    Args:
        progress: Of the process.
        most: Seconds that count at once: what passes between two looks beyond that, the process was stopped for.
    """

    def __init__(self, progress: Progress, most: float) -> None:
        self._progress, self._most = progress, most
        self._marks, self._moves = progress.marks, False
        self.idle = self.longest = 0.0
        """Of the one under way, and of the longest that is over: one must not set the limit that it is held against."""

    def look(self, passed: float) -> None:
        """Count the seconds since the last look."""
        if self._progress.marks != self._marks:
            self.longest = max(self.longest, self.idle)
            self._marks, self._moves, self.idle = self._progress.marks, True, 0.0
        elif self._moves:
            self.idle += min(passed, self._most)
