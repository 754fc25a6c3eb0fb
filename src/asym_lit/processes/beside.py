"""A piece of work beside its caller, in a thread of its own, that can be waited for or given up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Generic, TypeVar

T = TypeVar("T")


class GivenUpError(RuntimeError):
    """Work ends in the middle, for nobody waits for it any longer."""


class Beside(Generic[T]):
    """Work that has begun.

    Args:
        work: Done in a thread. It is given a function that it calls where it can end in the middle.
        called: The thread's name.
    """

    def __init__(self, work: Callable[[Callable[[], None]], T], called: str) -> None:
        self._work, self._given_up = work, threading.Event()
        self._result: list[T] = []
        self.fault: BaseException | None = None
        """What it ended with instead of a result."""
        self.seconds = 0.0
        """It took, once it is done."""
        self._thread = threading.Thread(target=self._run, name=called, daemon=True)  # no end of a process waits for it
        self._thread.start()

    def _run(self) -> None:
        begun = perf_counter()
        try:
            self._result.append(self._work(self._heed))
        except BaseException as fault:  # raised where the result is asked for
            self.fault = fault
        self.seconds = perf_counter() - begun

    def _heed(self) -> None:
        if self._given_up.is_set():
            raise GivenUpError("Nobody waits for this work any longer.")

    def wait(self) -> float:
        """Until it is done; returns the seconds that took."""
        begun = perf_counter()
        self._thread.join()
        return perf_counter() - begun

    def result(self) -> T:
        """What came of it, once it is done.

        Raises:
            BaseException: What it ended with.
        """
        self.wait()
        if self.fault is not None:
            raise self.fault
        return self._result[0]

    def give_up(self) -> None:
        """Have it end where it heeds that; it is not waited for."""
        self._given_up.set()

    def ended(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()
