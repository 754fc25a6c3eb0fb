"""A process that answers jobs over a pipe of its own: JSON lines both ways. Many of them, with deadlines, are in `workers`."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

START_SECONDS = 120.0
"""Longest start of a process, imports included."""
STARTS = 3

Reply = Mapping[str, Any]


class WorkerError(RuntimeError):
    """A worker cannot be started at all."""


class Worker:
    """One process and its replacements.

    Args:
        command: Words that start it.
        ends_by: The signal that stops it for good; one that it can hear where it has to tidy up.
    """

    def __init__(self, command: Sequence[str], ends_by: signal.Signals = signal.SIGKILL) -> None:
        self.command, self.ends_by = command, ends_by
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self._spare: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def start(self) -> None:
        """Start the process, or take the spare one; it may take its time to be ready."""
        if self.stopped:
            raise WorkerError("The verifier was closed before this verdict.")
        self.process, self._spare, self._unread = self._spare or self._spawn(), None, b""

    def prepare(self) -> None:
        """Have a spare process get ready: the one at work may have to be killed."""
        if self._spare is None and not self.stopped:
            self._spare = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A fixed hash seed, so that the order of sets in sympy is the same in every process.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        return subprocess.Popen(  # noqa: S603 - our own script
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )

    def wait_ready(self) -> None:
        """Wait for its first line: a comparison that it made by itself. A process killed meanwhile is replaced, a few times.

        Raises:
            WorkerError: If it does not start, which no later try would change.
        """
        for _ in range(STARTS):
            reply = self.read(perf_counter() + START_SECONDS)
            if reply is not None and reply["outcome"] == "correct":
                return
            status = self.kill()
            fault = str(reply["reason"]) if reply else ending(status)
            if status != -signal.SIGKILL or reply is not None:
                break
            self.start()
        raise WorkerError(
            f"A worker of the verifier does not start: {fault}. "
            "Check that what it needs is installed (math-verify, reasoning-gym), and that memory_mb is enough (about 1000)."
        )

    @property
    def alive(self) -> bool:
        """True if the process runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, job: Reply) -> None:
        """Give it a job."""
        assert self.process and self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it is dead; reading will find out
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()

    def read(self, deadline: float) -> Reply | None:
        """The next reply; None if the process ended, or the deadline passed, before a whole one came."""
        assert self.process and self.process.stdout
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._unread:
            left = deadline - perf_counter()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return None
            got = os.read(descriptor, 1 << 16)
            if not got:
                return None
            self._unread += got
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)

    def kill(self) -> int:
        """End the process now; its exit status, negative for the signal that had ended it before."""
        assert self.process
        return _end(self.process)

    def stop(self) -> None:
        """End it for good, from any thread; the one that waits for a reply finds out."""
        self.stopped = True
        if self.process:
            self.process.send_signal(self.ends_by)

    def close(self) -> None:
        """Wait for the end of it and of the spare one."""
        self.stopped = True
        for process in (self.process, self._spare):
            if process:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    return process.wait()


def ending(status: int) -> str:
    """How a process ended, for people."""
    try:
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    except ValueError:
        return f"signal {-status}"


def script_command(script: str, *arguments: object) -> list[str]:
    """Words that run a Python script by this interpreter; its folder is not put on the path (`-P`)."""
    return [sys.executable, "-P", script, *map(str, arguments)]
