"""What a judge has done, counted from many threads. How good it is, on labelled answers, is in `quality`."""

from __future__ import annotations

from collections import Counter
from threading import Lock


class JudgeCounts:
    """Named counts: requests, said_true, cached, shared, refused, faults by kind, canaries, canaries_accepted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, name: str) -> int:
        """One more; returns how many there are now."""
        with self._lock:
            self._counts[name] += 1
            return self._counts[name]

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]

    def all(self) -> dict[str, int]:
        """All counts since the start."""
        with self._lock:
            return dict(self._counts)
