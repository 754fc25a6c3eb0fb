"""A process that answers jobs over a pipe of its own: JSON lines both ways."""

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
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self._unread = b""

    def start(self) -> None:
        """Start the process; it may take its time to be ready."""
        if self.stopped:
            raise WorkerError("The verifier was closed before this verdict.")
        # A fixed hash seed, so that the order of sets in sympy is the same in every process.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        self._unread = b""
        self.process = subprocess.Popen(  # noqa: S603 - our own script
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
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        return self.process.wait()

    def stop(self) -> None:
        """End it for good, from any thread; the one that waits for a reply finds out."""
        self.stopped = True
        if self.process:
            self.process.kill()


def ending(status: int) -> str:
    """How a process ended, for people."""
    try:
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    except ValueError:
        return f"signal {-status}"


def script_command(script: str, *arguments: object) -> list[str]:
    """Words that run a Python script by this interpreter; its folder is not put on the path (`-P`)."""
    return [sys.executable, "-P", script, *map(str, arguments)]
