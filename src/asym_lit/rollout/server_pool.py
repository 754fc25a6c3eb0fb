"""Who of several servers takes part, how much each is asked at the moment, and who is left out. It asks nothing itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

from asym_lit.rollout.engine import EngineError
from asym_lit.rollout.vllm_server import VLLMServerEngine


@dataclass
class Member:
    """One server."""

    server: VLLMServerEngine
    index: int
    """In the list of servers."""
    mark: str = ""
    """What it bears for the weights of the moment; empty while it is left out."""
    joined: bool = False
    """It was offered weights before."""
    busy: int = 0
    """Groups that it is writing for this process."""
    answered: int = 0
    """Groups that it has written for this process since the last sync."""
    said: str = ""
    """Why it was left out the last time."""

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.client.url


class ServerPool:
    """The servers, as this process sees them; asked from any thread.

    Args:
        members: All there are.
        first: Whose turn it is where several have as little to do: each process begins at another.
    """

    def __init__(self, members: Iterable[Member], first: int = 0) -> None:
        self.members, self.first = list(members), first
        self._lock = Lock()

    @property
    def writing(self) -> list[Member]:
        """Those that take part."""
        return [member for member in self.members if member.mark]

    def lend(self) -> tuple[Member, str]:
        """The server with the fewest groups to write, for one more, and its mark. Give it back.

        Raises:
            EngineError: If none is left.
        """
        with self._lock:
            writing = self.writing
            if not writing:
                said = "; ".join(member.said for member in self.members if member.said)
                raise EngineError(f"None of the {len(self.members)} vLLM servers is left. {said}")
            member = min(writing, key=lambda one: (one.busy, (one.index - self.first) % len(self.members)))
            member.busy += 1
            return member, member.mark

    def give_back(self, member: Member, answered: bool = False) -> None:
        """It has written a group, or failed to."""
        with self._lock:
            member.busy -= 1
            member.answered += answered

    def leave_out(self, member: Member, mark: str, why: Exception | str, version: int) -> None:
        """A server takes no part until it has been sent weights again; said once, however many requests found it out.

        Args:
            member: The server.
            mark: That it bore when it was asked; if it bears another now, it has come back meanwhile.
            why: In words.
            version: Optimizer steps behind the weights.
        """
        with self._lock:
            if member.mark != mark or (not mark and member.said == str(why)):
                return
            member.mark, member.said = "", str(why)
            left = len(self.writing)
        who = f"The vLLM server {member.url} is left out (weights of version {version})"
        warnings.warn(f"{who}, {left} of {len(self.members)} write: {why}", stacklevel=2)

    def settle(self, marks: Sequence[str], version: int) -> None:
        """What came of a sync.

        Args:
            marks: Of each server, empty for one that is left out.
            version: Optimizer steps behind the weights.
        """
        with self._lock:
            for member, mark in zip(self.members, marks, strict=True):
                if mark and member.said and not self.first:
                    warnings.warn(
                        f"The vLLM server {member.url} writes again, with weights of version {version}.", stacklevel=2
                    )
                member.said = "" if mark else member.said
                member.mark = member.server.mark = mark
                member.server.version = version
                member.joined, member.answered = True, 0
