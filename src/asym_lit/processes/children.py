"""A program that runs as long as this process wants it to: with a log, ended with this process, and told of when it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from asym_lit.processes.worker import ending

END_WITH_PARENT = 1
"""Linux's `PR_SET_PDEATHSIG`."""
LAST = 4096
"""Bytes at the end of a log in which its last line is looked for."""


class Child:
    """One program, in a session of its own, so that Ctrl-C is ours to pass on.

    Args:
        command: Words that start it.
        environment: Of it.
        log: What it prints goes there; started again, it goes on in the same file.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.command, self.environment, self.log = list(command), dict(environment), log
        self.starts = 0
        self._is_cleared = True
        """Nothing of it is left."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Where the kernel can, it is asked to end when this process does, whatever ends that."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab" if self.starts else "wb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        self.starts += 1
        self._is_cleared = False

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process
        return self._process.pid

    @property
    def ended(self) -> str:
        """How it ended, in words; empty while it runs."""
        assert self._process
        status = self._process.poll()
        return "" if status is None else ending(status)

    def last_line(self) -> str:
        """The last thing that it printed."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - LAST))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"

    def ask_to_end(self) -> None:
        """Send it SIGTERM, if it runs."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait for its end for a while, then kill it; in any case what it has started itself and left behind.

        Args:
            seconds: That it may take after `ask_to_end`.
        """
        if not self._process or self._is_cleared:  # its number may be another's by now
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with contextlib.suppress(ProcessLookupError):  # nothing is left of its session
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._is_cleared = True


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(END_WITH_PARENT, int(signal.SIGTERM), 0, 0, 0)
