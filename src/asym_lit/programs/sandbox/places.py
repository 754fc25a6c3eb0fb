"""Where programs run: the means that shuts them in, the interpreter, the words that start it. Means are tried in `trying`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from asym_lit.programs.sandbox import landlock
from asym_lit.programs.sandbox.bubblewrap import SYSTEM, bwrap_words
from asym_lit.programs.sandbox.system_calls import call_filter

Means = Literal["bubblewrap", "landlock", "none"]
DRIVER = Path(__file__).parents[1] / "driver.py"
SCRATCH_AT = "/tmp"  # noqa: S108 - inside the sandbox
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": SCRATCH_AT,
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that a program finds there: the order of sets is the same in every process, and a library takes one thread."""
SCRATCH = 16 << 20
"""Bytes of the folder that bubblewrap gives a program; the other means give none."""
JOB, RESULTS, FILTER = 3, 4, 5
"""Descriptors inside."""
FIRST_USER, USERS = 60_001, 5_000
ASK = (
    "import json, sys; "
    "print(json.dumps([sys.executable, list(sys.version_info[:3]), sys.path[1:], [sys.prefix, sys.base_prefix]]))"
)


@dataclass(frozen=True)
class Interpreter:
    """What runs programs."""

    executable: str
    version: str
    path: tuple[str, ...]
    folders: tuple[str, ...]
    """That it needs, packages included."""


@dataclass(frozen=True)
class Place:
    """A means and an interpreter."""

    means: Means
    interpreter: Interpreter

    def to_json(self) -> str:
        """As text, for a supervisor."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Place:
        """What `to_json` wrote."""
        found = json.loads(text)
        inside = found["interpreter"]
        return Place(
            found["means"], Interpreter(**{**inside, "path": tuple(inside["path"]), "folders": tuple(inside["folders"])})
        )

    @property
    def user(self) -> int | None:
        """The number of the user that programs run as, one for each supervisor; None for our own, where we are not root."""
        return FIRST_USER + os.getpid() % USERS if os.geteuid() == 0 and self.means != "none" else None

    @property
    def user_inside(self) -> int | None:
        """The same where the driver becomes it, for bubblewrap needs root until then."""
        return self.user if self.means == "bubblewrap" else None

    def words(self) -> list[str]:
        """What is executed for each program."""
        inside = [self.interpreter.executable, "-s", "-S", "-B", "-c", driver_text(), str(JOB), str(RESULTS)]
        return [*bwrap_words(self.interpreter.folders, SCRATCH, FILTER), *inside] if self.means == "bubblewrap" else inside

    def confine(self, user: int | None, calls: bytes | None) -> None:
        """In the child, before it executes: what the words do not do.

        Args:
            user: As `user` was before the fork.
            calls: The filter of calls.
        """
        os.chdir(SCRATCH_AT if self.means == "none" else "/")
        if user is not None and self.means == "landlock":
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        landlock.end_with_parent()  # behind the change of user, which would undo it
        if self.means == "landlock":
            assert calls is not None
            devices = ("/dev/null", "/dev/urandom")
            landlock.confine([*SYSTEM, *self.interpreter.folders, *devices], calls)


@cache
def driver_text() -> str:
    """The driver, as the interpreter gets it."""
    return DRIVER.read_text(encoding="utf-8")


def obstacle(means: Means) -> str:
    """Why a means cannot be there, as far as that shows without trying it; empty if nothing shows."""
    if means == "none":
        return ""
    if sys.platform != "linux":
        return "it needs Linux"
    if means == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed (apt-get install bubblewrap)"
    if call_filter() is None:
        return f"the numbers of system calls on {os.uname().machine} are not known here (x86_64 and aarch64 are)"
    if means == "landlock" and not landlock.version():
        return "the kernel has no Landlock (5.13 or later, with landlock among its security modules)"
    return ""


def interpreters(asked: str | None) -> list[str]:
    """Paths of interpreters to try, in order.

    Args:
        asked: A path; None for the one that this one was made from, without its packages, then the system's.
    """
    if asked is not None:
        return [asked]
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    system = os.path.realpath(shutil.which("python3", path="/usr/bin:/bin") or own)
    return list(dict.fromkeys([own, system]))


def interpreter_at(executable: str) -> Interpreter:
    """What an interpreter says of itself.

    Raises:
        ValueError: If it says nothing, with why.
    """
    try:
        words = [executable, "-s", "-B", "-c", ASK]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True, env=ENVIRONMENT)  # noqa: S603
        executable, version, path, prefixes = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as fault:
        raise ValueError(f"{executable!r} is no Python interpreter that runs: {fault}") from fault
    if tuple(version) < (3, 8):
        raise ValueError(f"{executable!r} is Python {'.'.join(map(str, version))}; allowed: 3.8 or later")
    outside = [entry for entry in path if os.path.exists(entry) and not any(_below(entry, prefix) for prefix in prefixes)]
    folders = [*prefixes, *outside, *_libraries(executable)]
    return Interpreter(executable, ".".join(map(str, version)), tuple(path), tuple(dict.fromkeys(f for f in folders if f)))


def _below(path: str, folder: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == os.path.realpath(folder)


def _libraries(executable: str) -> Sequence[str]:
    """The folders of an executable that is a link, where it and its libraries lie."""
    real = os.path.realpath(executable)
    return [os.path.dirname(os.path.dirname(real))] if real != executable else []
