"""One puzzle as a data set holds it, and what is said of an answer that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asym_lit.types import InputError


class Misread(Exception):  # noqa: N818 - no error of a program: what is wrong with an answer
    """An answer is not of the form that was asked for. It is raised by readers, and met by `kinds.fault_of` alone."""


@dataclass(frozen=True)
class Game:
    """A puzzle: its kind, what was asked, the stored answer, and the facts that its rule needs."""

    kind: str
    """`sudoku`, `campsite`, ...: a key of `kinds.KINDS`."""
    question: str = ""
    answer: str = ""
    """As it is stored; empty for kinds whose solution stands in the facts."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    """Where it was read."""

    def fact(self, name: str) -> Any:
        """A fact of the puzzle.

        Raises:
            InputError: If the row has none by that name.
        """
        if name not in self.metadata:
            has = ", ".join(self.metadata) or "nothing"
            raise InputError(
                f"{self.origin or 'A puzzle'} of the kind {self.kind!r} has no {name!r} in its metadata; there is: {has}. The "
                "rule needs the whole JSON of the row (game_data_str), not the answer alone."
            )
        return self.metadata[name]
