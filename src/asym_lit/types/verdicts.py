"""What is said of a response: an outcome, and by whom and why. A reward is made of it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a verifier may say of a response; `undecided` is no verdict on the response but on the verifier."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier said of one response, and why."""

    outcome: Outcome
    by: str
    """The verifier (or the rung of a ladder) that decided."""
    reason: str
    """One short sentence for people."""
    extracted: str | None = None
    """The answer as found in the response; None if none was found."""
    seconds: float = 0.0
    path: tuple[Verdict, ...] = ()
    """Of a ladder: what each rung that was asked said, in order; empty for a single verifier."""
    oracle: Outcome | None = None
    """What is known to be true, where the outcome may differ: of an intervention, or beside a verifier that errs."""
    score: float | None = None
    """Share of the reward, where it is not all or nothing: 1 is that of a right response, 0 that of a wrong one."""
    final: bool = False
    """Incorrect for a reason with a name, both answers being understood in full: no later rung of a ladder is asked."""

    rewards: tuple[tuple[str, float], ...] = ()
    """Of several rewards: each that is decided, by name, before weights."""
    weights: tuple[tuple[str, float], ...] = ()
    """What they count in their sum, by name; empty where they were not weighed."""

    @property
    def truth(self) -> Outcome:
        """What evaluations count: the oracle's word if there is one."""
        return self.outcome if self.oracle is None else self.oracle


@dataclass(slots=True)
class VerdictClock:
    """Of one batch: how much of the work of the verifier was hidden behind generation."""

    waited: float = 0.0
    """Seconds that were stood still for verdicts."""
    worked: float = 0.0
    """Seconds during which at least one verdict was open."""
    deepest: int = 0
    """Most verdicts open at once."""

    @property
    def hidden(self) -> float:
        """Seconds of the work during which something else happened."""
        return max(self.worked - self.waited, 0.0)

    def add(self, later: VerdictClock) -> None:
        """What was measured of the next part of the batch."""
        self.waited, self.worked = self.waited + later.waited, self.worked + later.worked
        self.deepest = max(self.deepest, later.deepest)
