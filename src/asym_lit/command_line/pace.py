"""How far a long job is and how long it will take: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 30.0
"""Seconds between two lines."""


class Pace:
    """Follows a job that is made of parts of about the same length.

    Args:
        what: Is done, as a line begins with it.
        total: Parts of it.
        unit: What a part is called, in the plural.
        together: Parts that are worked on at the same time, and so are done in bursts: what is left is told from whole bursts,
            for the first of 32 problems that are answered at once takes as long as all of them.
        say: Takes the lines; None for the console.
        console: For the bar, if it is a terminal's, else for the lines.
    """

    def __init__(
        self,
        what: str,
        total: int,
        unit: str,
        console: Console | None = None,
        say: Callable[[str], None] | None = None,
        together: int = 1,
    ) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, 0
        self._console, self._say = console, say
        self.together = together
        self._began = self._said = monotonic()
        self._bursts = (0, 0.0)
        """Parts of whole bursts, and the seconds that they took."""
        self._bar: Progress | None = None

    def __enter__(self) -> Pace:
        if self._console is not None and self._console.is_terminal:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
            more = (TextColumn(self.unit, markup=False), TimeRemainingColumn())
            self._bar = Progress(*columns, *more, console=self._console, transient=True)
            self._bar.add_task(self.what, total=self.total)
            self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int = 1) -> None:
        """So many further parts are done."""
        self.reach(self.done + count)

    def reach(self, done: int) -> None:
        """So many parts are done in all."""
        self.done, now = min(done, self.total), monotonic()
        if self.done // self.together > self._bursts[0] // self.together:
            self._bursts = (self.done, now - self._began)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.done)
        elif now - self._said >= EVERY and 0 < self.done < self.total:
            self._said = now
            line = f"{self.what}: {self.done} of {self.total} {self.unit}{self._left(now)}"
            if self._say is not None:
                self._say(line)
            elif self._console is not None:
                self._console.print(line, highlight=False, markup=False)

    def _left(self, now: float) -> str:
        parts, seconds = self._bursts
        if not parts:
            return ""
        left = seconds / parts * (self.total - parts) - (now - self._began - seconds)
        return f", about {in_words(left)} left" if left > 0 else ""


def in_words(seconds: float) -> str:
    """A duration, no finer than it can be known: `40 s`, `3 min`, `2 h 10 min`."""
    if seconds < 100:
        return f"{round(seconds / 10) * 10 or 10} s" if seconds > 20 else f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
