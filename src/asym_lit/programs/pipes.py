"""What connects a supervisor with the process of a program: real pipes, and files in memory for what is read once."""

from __future__ import annotations

import fcntl
import os
import select
from time import monotonic

from asym_lit.programs.sandbox.places import FILTER, JOB, RESULTS
from asym_lit.programs.sandbox.system_calls import call_filter

MOST_RESULTS = 64 << 20
MOST_WORDS = 4096
"""Bytes kept of what a process says of its own start."""
CHUNK = 1 << 16


class Pipes:
    """All that connects us with a process."""

    def __init__(self, job: bytes, given: bytes | None) -> None:
        self.job = _memory("job", job)
        calls = call_filter()
        self.calls = _memory("calls", calls) if calls is not None else -1
        self.calls_bytes = calls
        self.left = memoryview(given or b"")
        self.got = {"out": bytearray(), "err": bytearray(), "results": bytearray()}
        self.theirs: dict[int, int] = {JOB: self.job, FILTER: self.calls}
        self.ours: dict[int, str] = {}
        self.theirs[0], self.feeding = os.pipe()
        os.set_blocking(self.feeding, False)
        for name, target in (("out", 1), ("err", 2), ("results", RESULTS)):
            ours, self.theirs[target] = os.pipe()
            os.set_blocking(ours, False)
            self.ours[ours] = name
        # Bytes that are kept: of the process's words on its own start a few, of what nobody asked for none.
        self.kept = {"err": MOST_WORDS, **({"out": 0} if given is None else {})}

    def place_theirs(self) -> None:
        """In the child: every descriptor at its number. They are moved up first, so that none is overwritten too early."""
        high = {target: fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 32) for target, one in self.theirs.items() if one >= 0}
        for target, one in high.items():
            os.dup2(one, target)

    def close_theirs(self) -> None:
        """Close the process's ends here, so that they end with it."""
        for one in {one for one in self.theirs.values() if one >= 0}:
            os.close(one)

    def close(self) -> None:
        """Close ours."""
        for one in (*self.ours, *([self.feeding] if self.feeding >= 0 else [])):
            os.close(one)
        self.ours, self.feeding = {}, -1

    def serve(self, handle: int, deadline: float, most_output: int, watched: int) -> str:
        """Feed and read until the process ends; why it must be ended, empty if it did so by itself."""
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        for one in self.ours:
            poll.register(one, select.POLLIN)
        if watched >= 0:
            poll.register(watched, 0)
        if self.feeding >= 0:
            poll.register(self.feeding, select.POLLOUT)
        while True:
            left = deadline - monotonic()
            ready = dict(poll.poll(max(left, 0) * 1000))
            for one in ready.keys() & self.ours.keys():
                if not self._read(one):
                    poll.unregister(one)
            if self.feeding in ready and not self._feed():
                poll.unregister(self.feeding)
                os.close(self.feeding)
                self.feeding = -1
            if watched in ready:
                raise SystemExit
            if len(self.got["out"]) > most_output or len(self.got["results"]) > MOST_RESULTS:
                return "flood"
            if handle in ready:
                return ""
            if left <= 0:
                return "wall"

    def drain(self, most_output: int) -> None:
        """Read what is still in the pipes of a process that has ended."""
        for one in self.ours:
            while self._read(one) and len(self.got["out"]) <= most_output:
                pass

    def _read(self, one: int) -> bool:
        """Take what is there; false if nothing more will come, or nothing is there now."""
        try:
            data = os.read(one, CHUNK)
        except BlockingIOError:
            return False
        name = self.ours[one]
        if name not in self.kept or len(self.got[name]) < self.kept[name]:
            self.got[name] += data
        return bool(data)

    def _feed(self) -> bool:
        """Give more of the input; false if all of it is given, or nobody reads it."""
        try:
            self.left = self.left[os.write(self.feeding, self.left[:CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self.left)


def _memory(name: str, content: bytes) -> int:
    """A file in memory, read from its start."""
    one = os.memfd_create(name)
    with open(one, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(one, 0, os.SEEK_SET)
    return one
