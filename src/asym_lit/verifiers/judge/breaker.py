"""A circuit breaker: after faults in a row, calls are not made for a while. The calls are in `calls`."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from asym_lit.types import InputError


class CircuitBreaker:
    """Opens after `faults` faults in a row; lets one call through after `seconds`, which closes or reopens it.

    Args:
        faults: Faults in a row that open it.
        seconds: How long it stays open before one call is tried.
        clock: Tells the time, in seconds.
    """

    def __init__(self, faults: int = 5, seconds: float = 30.0, clock: Callable[[], float] = monotonic) -> None:
        if faults < 1 or seconds < 0:
            raise InputError(f"The breaker has faults {faults} and seconds {seconds}; allowed: 1 or more, and 0 or more.")
        self.faults, self.seconds, self._clock = faults, seconds, clock
        self._in_a_row, self._opened, self._probing = 0, 0.0, False
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, save the one that tries."""
        return self._in_a_row >= self.faults

    def allows(self) -> bool:
        """Whether a call may be made now; who is allowed one must report how it went."""
        with self._lock:
            if not self.is_open:
                return True
            if self._probing or self._clock() - self._opened < self.seconds:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        """A call went well: the breaker closes."""
        with self._lock:
            self._in_a_row, self._probing = 0, False

    def failed(self) -> None:
        """A call failed."""
        with self._lock:
            self._in_a_row += 1
            self._opened, self._probing = self._clock(), False
