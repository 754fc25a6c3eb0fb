"""The processes of a job watch over each other, by a thread and a connection of their own, without any collective.

The first process listens, the others connect to it; each says every second what it is at. A process that dies closes its
connection at once, whatever its threads were doing; one that is stopped, or whose machine is gone, says nothing any more; and
processes that wait for each other for good say that nothing moves. What is wrong is found in `judging`; what is done about it
is for others to say.
"""

from __future__ import annotations

import faulthandler
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from time import monotonic
from typing import Any

from asym_lit.processes.ending import STANDARD_ERROR
from asym_lit.processes.judging import GRACE, Beat, Judge, Verdict, plain
from asym_lit.processes.links import Link
from asym_lit.processes.meeting import SECONDS, Meeting, come
from asym_lit.processes.peers import Peer
from asym_lit.processes.progress import PROGRESS, Progress, Standstill
from asym_lit.processes.stacks import where

BEAT, LOOK = 1.0, 0.2
"""Seconds between two words, and between two looks."""


class Watch(threading.Thread):
    """Of one process: tells the others how it is, and hears how they are.

    Args:
        me: This process.
        size: Of the job.
        silence: Seconds without a word after which a process counts as lost.
        limit: Seconds without a move of any process after which they hang; 0 for a limit by the longest standstill so far.
        ended: Called with what is wrong, once, by the thread of the watch.
        progress: Where this process says what it is at.
    """

    def __init__(
        self,
        me: Peer,
        size: int,
        silence: float,
        limit: float,
        ended: Callable[[Verdict], None],
        progress: Progress = PROGRESS,
    ) -> None:
        super().__init__(daemon=True, name="watch")
        self.me, self.size, self.silence, self.ended, self.progress = me, size, silence, ended, progress
        self.judge = Judge(silence, limit)
        self._links: dict[int, Link] = {}
        self._meeting: Meeting | None = None
        self._is_first = False
        self._fault: tuple[str, bool] | None = None
        self._verdict: Verdict | None = None
        self._met, self._judged, self._leaving = threading.Event(), threading.Event(), threading.Event()
        self._still = Standstill(progress, 2 * BEAT)

    def listen(self, address: str) -> dict[str, Any]:
        """As the first process: be there for the others; returns what they need to `connect`.

        Args:
            address: By which the others reach this machine.
        """
        self._meeting, self._is_first = Meeting(address, self.size), True
        self.judge.knows(self.me, monotonic())
        return {**self._meeting.place, "first": self.me.told()}

    def connect(self, first: dict[str, Any], **place: Any) -> str:
        """As another process: connect to the first; returns why not, in words, and an empty text if all is well."""
        try:
            self._links = {0: come(self.me, **place)}
        except OSError as fault:
            return f"{self.me} cannot reach {place['address']}:{place['port']} ({fault.strerror or fault})"
        self.judge.knows(Peer.read(first), monotonic())
        return ""

    def meet(self) -> str:
        """Wait until all are connected; returns who is not, in words."""
        if not self._is_first or self._met.wait(SECONDS):
            return ""
        missing = sorted(set(range(self.size)) - set(self.judge.members))
        return f"nothing was heard of the ranks {missing} in {SECONDS:.0f} s"

    def fault(self, words: str, is_secondary: bool) -> None:
        """Say what this process ends by, and wait until it is known whose fault it was.

        Args:
            words: What was raised, in a line.
            is_secondary: It may be a consequence of another one's end.
        """
        self._fault = (words, is_secondary)
        if self.is_alive():
            self._judged.wait(GRACE + 4 * BEAT)

    def leave(self) -> None:
        """Say that this process ends as it should, and watch no longer."""
        self._leaving.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(2 * BEAT)

    def run(self) -> None:
        """The life of the thread."""
        looked, said = monotonic(), 0.0
        while not self._leaving.is_set():
            self._hear()
            now = monotonic()
            self._still.look(now - looked)
            looked = now
            if now >= said + BEAT:
                said = now
                self._say(beat=plain(self._beat()))
                # This thread needs the interpreter. Where another one holds it for good, C code still tells where it is.
                faulthandler.dump_traceback_later(self.silence, exit=False, file=STANDARD_ERROR)
            self._tell_fault()
            verdict = self._verdict or self.judge.verdict(monotonic())
            if verdict is not None:
                self._end(verdict)
                break
        faulthandler.cancel_dump_traceback_later()
        self._say(bye=True)
        self._close()

    def _end(self, verdict: Verdict) -> None:
        if self._is_first:
            self._say(end=verdict.told())
        for link in self._links.values():
            link.flush(BEAT)
        self.ended(verdict)
        self._judged.set()

    def _say(self, **line: Any) -> None:
        if self._is_first and "beat" in line:
            self.judge.hears(self.me.rank, monotonic(), line["beat"])
        for link in self._links.values():
            link.send(**line)

    def _beat(self) -> Beat:
        return Beat(self.progress.stage, self.progress.step, where(), self._still.idle, self._still.longest)

    def _tell_fault(self) -> None:
        if self._fault is None:
            return
        words, is_secondary = self._fault
        self._fault = None
        if self._is_first:
            self.judge.fails(self.me.rank, words, is_secondary)
        self._say(fault=words, secondary=is_secondary)

    def _hear(self) -> None:
        meeting = self._meeting
        waiting: list[Any] = [*self._links.values(), *(meeting.waiting if meeting else [])]
        ready: list[Any] = wait(waiting, LOOK)  # not `select`, which knows no descriptors from 1024 on
        for rank, link in list(self._links.items()):
            if link in ready:
                self._take(rank, *link.read())
        for peer, link, lines, is_there in meeting.admitted(ready) if meeting else ():
            self._links[peer.rank] = link
            self.judge.knows(peer, monotonic())
            self._take(peer.rank, lines, is_there)
        if meeting and len(self.judge.members) == self.size:
            meeting.close()
            self._meeting = None
            self._met.set()

    def _take(self, rank: int, lines: list[dict[str, Any]], is_there: bool) -> None:
        """What another process says, and whether it is still there."""
        for line in lines:
            self.judge.hears(rank, monotonic(), line.get("beat"))
            if "fault" in line:
                self.judge.fails(rank, str(line["fault"]), bool(line.get("secondary")))
            if "bye" in line:
                self.judge.leaves(rank)
            if "end" in line:
                self._verdict = Verdict.read(line["end"])
        if not is_there:
            self.judge.loses(rank)
            self._links.pop(rank).close()

    def _close(self) -> None:
        for link in self._links.values():
            link.flush(BEAT)
            link.close()
        if self._meeting:
            self._meeting.close()
