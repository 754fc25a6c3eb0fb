"""Who the processes of a job are: rank, host and id, and how one of this machine that no longer answers is ended."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A process of the job.

    Args:
        rank: In the job.
        host: Name of its machine, for people.
        pid: Its id there.
        machine: Where that id means this process: a start of a machine, and a space of ids on it. Names of machines are not
            always their own, those of containers in particular.
        born: When it began, in the machine's ticks: ids are given again.
    """

    rank: int
    host: str
    pid: int
    machine: str = ""
    born: str = ""

    def __str__(self) -> str:
        return f"rank {self.rank} (host {self.host}, pid {self.pid})"

    @classmethod
    def myself(cls, rank: int) -> Peer:
        """This process."""
        return cls(rank, socket.gethostname(), os.getpid(), _machine(), _born(os.getpid()))

    @classmethod
    def read(cls, told: dict[str, Any]) -> Peer:
        """From plain types."""
        return cls(int(told["rank"]), str(told["host"]), int(told["pid"]), str(told["machine"]), str(told["born"]))

    def told(self) -> dict[str, Any]:
        """In plain types."""
        return asdict(self)

    def end(self) -> bool:
        """Kill it if it is another process of this machine, and still the same one; True if it was.

        A process that is stopped, or holds the interpreter, can neither answer nor end by itself, and keeps its memory.
        """
        here = self.machine and self.machine == _machine() and self.pid != os.getpid()
        if not here or not self.born or _born(self.pid) != self.born:
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)
            return True
        return False


def _machine() -> str:
    """Empty where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _born(pid: int) -> str:
    """Field 22 of a process's line: its name, which may hold anything, ends with the last bracket. Empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
