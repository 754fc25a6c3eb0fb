"""A gold answer, and a pair of it with an answer of which it is known by construction whether it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A problem with its gold answer."""

    question: str
    gold: str
    source: str = ""
    """Where it stands."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An answer to a problem, and whether it is right."""

    kind: str
    """What was changed, or how it was made: `digits`, `units`, `clock times`."""
    question: str
    gold: str
    answer: str
    right: bool
    source: str = ""


Change = Callable[[GoldRow, Random], Iterable[str]]
"""Makes answers out of a gold one: all of them right, or all of them wrong. None where it does not know."""
Rows = Iterator[tuple[str, str, str, bool]]
"""Question, gold answer, answer, and whether it is right."""
Family = Callable[[Random], Rows]
"""Makes a problem of one kind, and right and wrong answers to it."""
