"""What came back from a judge: its words, and how likely it found True and False.

What follows from it is decided in `judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from math import exp
from typing import Protocol, runtime_checkable

WORDS = ("true", "false")
LEAST_MASS = 0.5
"""Probability that both words must have together, else the judge wanted to say something else."""
SLACK = 0.05
"""By how much log-probs may lie above 0, and a sum of probabilities above 1, from rounding in 16 bits."""


class JudgeError(RuntimeError):
    """A judge could not be asked, or gave no answer: no verdict comes of it.

    Args:
        kind: One word, counted: `timeout`, `connection`, `status`, `nonsense`, `encoding`, `breaker`.
        message: What happened.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Opinion:
    """A judge's reply."""

    text: str
    true_logprob: float | None = None
    """Log-prob of True at the place of the verdict; None if unknown."""
    false_logprob: float | None = None
    certainty: float = 1.0
    """Probability of the least certain token of the thoughts before the verdict; 1 without any."""

    def probability(self, weigh_thoughts: bool = False) -> float | None:
        """Probability of True among the two words; None if unknown, or if both together have less than one half.

        Numbers that are none, or no log-probs, leave it unknown.

        Args:
            weigh_thoughts: Times the certainty: a verdict is worth no more than the weakest step that leads to it.
        """
        if self.true_logprob is None or self.false_logprob is None:
            return None
        # Not a comparison with the opposite: nothing is less than NaN, nothing more.
        if not (self.true_logprob <= SLACK and self.false_logprob <= SLACK and 0 <= self.certainty <= 1 + SLACK):
            return None
        true, false = exp(self.true_logprob), exp(self.false_logprob)
        if not LEAST_MASS <= true + false <= 1 + SLACK:
            return None
        return true / (true + false) * (self.certainty if weigh_thoughts else 1.0)


def stands_for(piece: str, word: str) -> bool:
    """Whether a token begins a word: `T`, `True` and ` true` begin `true`."""
    letters = piece.strip().lower()
    return bool(letters) and word.startswith(letters)


@runtime_checkable
class JudgeBackend(Protocol):
    """Where a judge's opinions come from."""

    @property
    def model(self) -> str:
        """Which model answers; part of the cache's key."""
        ...

    def open(self, marker: str) -> None:
        """Get ready; called once more does no harm."""
        ...

    def check(self) -> None:
        """Prove that it is there and is the model that was asked for; raises InputError."""
        ...

    def submit(self, text: str, may_run: Callable[[], bool]) -> Future[Opinion]:
        """The reply to a filled template, later; the future raises `JudgeError` if none could be had.

        Args:
            text: What the judge reads.
            may_run: Asked when its turn comes, directly before the call; if it says no, no call is made.
        """
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
