"""Programs in a sandbox of this machine: supervisors in processes beside the trainer. The sandbox is chosen by trying."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any

import asym_lit.programs
from asym_lit.processes.worker import script_command
from asym_lit.processes.workers import WorkerPool
from asym_lit.programs.forms import Tests
from asym_lit.types import InputError
from asym_lit.verifiers.code.limits import ProgramLimits

_log = logging.getLogger(__name__)
SUPERVISOR = Path(asym_lit.programs.__file__).with_name("supervisor.py")
MEANS = ("bubblewrap", "landlock")
TRIAL_SECONDS = 180.0
MANY_TESTS = 1000
UNSAFE = (
    "unsafe: true runs programs that a model wrote as your own user, with all your files, your network and your processes "
    "within reach, and only limits on time and memory; write it only where that is no harm, as in a container that holds "
    "nothing else"
)


class LocalSandbox:
    """Supervisors that run each program in a fresh interpreter in a sandbox.

    Args:
        workers: Supervisors; each runs one program at a time.
        means: Sandboxes to try, in order.
        python: Path of the interpreter that runs programs.
        unsafe: Run programs without a sandbox where none works.
        most_tests: Of a program, for the clock that ends a supervisor that hangs.
    """

    def __init__(self, workers: int, means: Sequence[str], python: str | None, unsafe: bool, most_tests: int) -> None:
        self.workers, self.means, self.python, self.unsafe = workers, tuple(means), python, unsafe
        self.most_tests = most_tests or MANY_TESTS
        self.place: Mapping[str, Any] | None = None
        """The means and the interpreter in use; None until it is open."""
        self._pool: WorkerPool | None = None
        self._lock = Lock()

    def open(self, limits: ProgramLimits) -> None:
        """Choose a sandbox and start the supervisors.

        Raises:
            InputError: If none works, with what is missing.
        """
        with self._lock:
            if self._pool is not None:
                return
            place = self._chosen(limits)
            settings = {"place": place, "stop": limits.stop, "wall": limits.wall, **limits.common}
            command = script_command(str(SUPERVISOR), json.dumps(settings))
            longest = 2 * (limits.wall + 1) * (self.most_tests + 1)
            self._pool = WorkerPool(command, self.workers, longest, limits.wall, ends_by=signal.SIGTERM)

    @property
    def confines(self) -> bool:
        """Whether a sandbox was found."""
        return self.place is not None and self.place["means"] != "none"

    def submit(self, program: str, tests: Tests, seconds: float) -> Future[Mapping[str, Any]]:
        """Queue a program."""
        assert self._pool is not None
        return self._pool.submit({"program": program, "parts": tests, "seconds": seconds})

    def close(self) -> None:
        """End the supervisors, and with them what they run."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()
            self._pool = None

    @property
    def process_ids(self) -> list[int]:
        """Of the supervisors; none while it is closed."""
        return self._pool.process_ids if self._pool else []

    def _chosen(self, limits: ProgramLimits) -> str:
        asked = {"means": [*self.means, *(["none"] if self.unsafe else [])], "python": self.python}
        words = script_command(str(SUPERVISOR), "--try", json.dumps({**asked, "memory": limits.memory_mb << 20}))
        done = subprocess.run(words, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False)  # noqa: S603
        try:
            found = json.loads(done.stdout)
        except ValueError as fault:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise InputError(f"The trial of sandboxes for programs failed: {last}.") from fault
        if found["place"] is None:
            raise InputError(_refusal(found["obstacles"], self.unsafe))
        self.place = json.loads(found["place"])
        python = self.place["interpreter"]
        if self.place["means"] == "none":
            _log.warning("No sandbox works here (%s). %s.", _told(found["obstacles"]), UNSAFE)
        _log.info("Programs run in %s with Python %s (%s).", self.place["means"], python["version"], python["executable"])
        return str(found["place"])


def _refusal(obstacles: Mapping[str, str], unsafe: bool) -> str:
    last = "" if unsafe else f" Or have a service run programs (remote), or nothing hold them: {UNSAFE}."
    return (
        f"No sandbox for programs works here. {_told(obstacles)}. Install one: apt-get install bubblewrap, with user "
        f"namespaces allowed, or take a Linux with Landlock.{last}"
    )


def _told(obstacles: Mapping[str, str]) -> str:
    return "; ".join(f"{means}: {why}" for means, why in obstacles.items())
