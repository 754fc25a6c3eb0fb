"""What is wrong with a job of several processes, by what they said of themselves last; how they say it: `watching`.

Times are those of one process's own monotonic clock: what others tell are durations, so no two clocks need agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from asym_lit.processes.peers import Peer

GRACE = 1.0
"""Seconds from the first sign to the verdict: the death of one process shows in others as broken connections, at once."""
FLOOR, FACTOR = 1500.0, 4.0
"""Without a limit of one's own: seconds, and times the longest standstill so far. Five minutes less than the half hour after
which torch gives up a collective, so that the stacks are there before it raises."""
NAMED = 4
"""Processes that a sentence lists; with 64 of them nobody reads on."""

Kind = Literal["lost", "failed", "hung"]


@dataclass(frozen=True)
class Beat:
    """What a process says of itself, each second.

    Args:
        stage: What it is at.
        step: Of the run.
        where: The line that its main thread is at.
        idle: Seconds since it moved last.
        longest: Seconds of its longest standstill that is over.
    """

    stage: str = "start"
    step: int = 0
    where: str = ""
    idle: float = 0.0
    longest: float = 0.0

    def __str__(self) -> str:
        return f"{self.stage}, step {self.step}" + (f", at {self.where}" if self.where else "")


@dataclass(frozen=True)
class Verdict:
    """Why a job ends.

    Args:
        kind: Processes were lost, one failed, or all stand still.
        words: What happened, and to whom.
        blamed: The processes that are the cause; none where all stand still.
    """

    kind: Kind
    words: str
    blamed: tuple[Peer, ...] = ()

    @classmethod
    def read(cls, told: dict[str, Any]) -> Verdict:
        """From plain types."""
        return cls(told["kind"], str(told["words"]), tuple(map(Peer.read, told["blamed"])))

    def told(self) -> dict[str, Any]:
        """In plain types."""
        return {"kind": self.kind, "words": self.words, "blamed": [peer.told() for peer in self.blamed]}


@dataclass
class Member:
    """What is known of a process."""

    peer: Peer
    heard: float
    beat: Beat = field(default_factory=Beat)
    has_left: bool = False
    is_lost: bool = False
    fault: str = ""
    is_secondary: bool = False

    def __str__(self) -> str:
        return f"{self.peer}, last seen in {self.beat}"


class Judge:
    """Finds out what is wrong with the processes it hears of.

    Args:
        silence: Seconds without a word after which a process counts as lost.
        limit: Seconds without a move of any process after which they hang; 0 for `FLOOR`, or `FACTOR` times the longest so far.
    """

    def __init__(self, silence: float, limit: float = 0.0) -> None:
        self.silence, self.limit = silence, limit
        self.members: dict[int, Member] = {}
        self._since: float | None = None
        self._looked: float | None = None

    def knows(self, peer: Peer, now: float) -> None:
        """Hear of a process for the first time."""
        self.members[peer.rank] = Member(peer, now)

    def hears(self, rank: int, now: float, beat: dict[str, Any] | Beat | None = None) -> None:
        """Hear from a process."""
        member = self.members[rank]
        member.heard = now
        if beat is not None:
            member.beat = beat if isinstance(beat, Beat) else Beat(**beat)

    def leaves(self, rank: int) -> None:
        """A process says that it ends."""
        self.members[rank].has_left = True

    def loses(self, rank: int) -> None:
        """The connection of a process has ended, with or without a word."""
        member = self.members[rank]
        member.is_lost = not member.has_left

    def fails(self, rank: int, fault: str, is_secondary: bool) -> None:
        """A process says what it ends by.

        Args:
            rank: Whose fault.
            fault: In a line.
            is_secondary: It may be a consequence of another one's end: a collective that broke.
        """
        member = self.members[rank]
        member.fault, member.is_secondary = fault, is_secondary

    def verdict(self, now: float) -> Verdict | None:
        """What is wrong, if anything, once it is known; to be asked every second or so."""
        looked, self._looked = self._looked, now
        if looked is not None and now - looked > self.silence / 3:  # this process itself was stopped, so it heard nobody
            for member in self.members.values():
                member.heard = max(member.heard, now)
        present = [m for m in self.members.values() if not m.has_left]
        lost = [m for m in present if m.is_lost]
        silent = [m for m in present if not m.is_lost and now - m.heard > self.silence]
        faults = sorted((m for m in self.members.values() if m.fault), key=lambda m: (m.is_secondary, m.peer.rank))
        if not (lost or silent or faults):
            return self._hung(present)
        if self._since is None:
            self._since = now
        if now - self._since < GRACE:
            return None
        if lost or silent:
            return Verdict("lost", _lost_words(lost, silent, self.silence), tuple(m.peer for m in (*lost, *silent)))
        first = faults[0]
        return Verdict("failed", f"Failed: {first.peer}: {first.fault}", (first.peer,))

    def _hung(self, present: list[Member]) -> Verdict | None:
        """Processes wait for each other at all times; that all of them stand still is what is wrong."""
        limit = self.limit or max(FLOOR, FACTOR * max((m.beat.longest for m in present), default=0.0))
        if len(present) < 2 or any(m.beat.idle <= limit for m in present):
            return None
        told = "; ".join(f"{m.peer} for {m.beat.idle:.0f} s in {m.beat}" for m in present)
        return Verdict("hung", f"Hung: no process has moved for {limit:.0f} s: {told}")


def _lost_words(lost: list[Member], silent: list[Member], silence: float) -> str:
    parts = []
    if lost:
        parts.append(f"{_listed(lost)}: ended without a word, so killed, crashed or out of memory")
    if silent:
        parts.append(f"{_listed(silent)}: no answer for {silence:.0f} s, so stopped, stuck or cut off from the network")
    return "Lost " + "; and ".join(parts)


def _listed(members: Iterable[Member]) -> str:
    def lines() -> Iterator[str]:
        listed = list(members)
        yield from map(str, listed[:NAMED])
        if len(listed) > NAMED:
            yield f"and {len(listed) - NAMED} more"

    return "; ".join(lines())


def plain(beat: Beat) -> dict[str, Any]:
    """A beat in plain types."""
    return asdict(beat)
