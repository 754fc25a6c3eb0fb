"""One process in its place: started, fed and read through real pipes, timed by its processor time, killed and reaped.

For a process of one thread that has no other children: whatever is left behind becomes a child of it, and is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NoReturn

from asym_lit.programs.pipes import Pipes
from asym_lit.programs.sandbox.places import ENVIRONMENT, Place

ENDING_SIGNALS = 128
"""What bubblewrap, like a shell, adds to the number of a signal that ended the program."""


@dataclass
class Ended:
    """What came of a process."""

    started: bool = False
    """Whether the driver got as far as the program; if not, nothing is known of the program."""
    ended_by: str = ""
    """What we ended it for: `wall` or `flood`; empty if it ended by itself."""
    signal: int = 0
    """That ended it."""
    records: list[dict[str, Any]] = field(default_factory=list)
    output: str = ""
    cpu: float = 0.0
    """Seconds of processor time from the program's start on, of everything that ran."""
    wall: float = 0.0
    said: str = ""
    """The first words on its standard error."""


def run(place: Place, job: Mapping[str, Any], given: bytes | None, most_output: int, wall: float, watched: int = -1) -> Ended:
    """Run a job.

    Args:
        place: Where.
        job: For the driver, but for what the place and this function know.
        given: Standard input; None for none, and then what is printed is not kept either.
        most_output: Bytes of output from which on it is a flood, and the process is ended.
        wall: Seconds after which it is ended.
        watched: Descriptor whose other end is our user's: once that is closed, process and we ourselves end.
    """
    nonce = secrets.token_hex(16)
    task = {**job, "nonce": nonce, "uid": place.user_inside, "path": place.interpreter.path}
    pipes = Pipes(json.dumps(task).encode(), given)
    begun = monotonic()
    child = _started(place, pipes)
    pipes.close_theirs()
    ended = Ended()
    handle = os.pidfd_open(child)
    try:
        ended.ended_by = pipes.serve(handle, begun + wall, most_output, watched)
    finally:
        os.close(handle)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status, used = reap(child)
        pipes.drain(most_output)
        pipes.close()
    ended.wall = monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    ended.signal = -code if code < 0 else signal_of(code) if place.means == "bubblewrap" else 0
    ended.records = records_of(pipes.got["results"], nonce.encode())
    start = next((r["start"] for r in ended.records if "start" in r), None)
    ended.started, ended.cpu = start is not None, max(used - (start or 0.0), 0.0)
    ended.output = pipes.got["out"].decode(errors="backslashreplace")
    ended.said = pipes.got["err"].decode(errors="replace").strip()
    return ended


def _started(place: Place, pipes: Pipes) -> int:
    """Start the process; its number."""
    words, user = place.words(), place.user
    child = os.fork()
    if child == 0:
        _become(place, pipes, words, user)
    return child


def _become(place: Place, pipes: Pipes, words: list[str], user: int | None) -> NoReturn:
    """In the child: become the process, or say on its standard error why not."""
    try:
        pipes.place_theirs()
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        place.confine(user, pipes.calls_bytes)
        os.execve(words[0], words, ENVIRONMENT)  # noqa: S606 - no shell is wanted
    except BaseException as fault:
        os.write(2, f"{type(fault).__name__}: {fault}".encode())
    finally:
        os._exit(127)


def signal_of(code: int) -> int:
    """The signal that an exit status stands for; 0 for none, for a program may end with any status."""
    return code - ENDING_SIGNALS if ENDING_SIGNALS < code < ENDING_SIGNALS + signal.NSIG else 0


def reap(child: int) -> tuple[int, float]:
    """Wait for a process and for all that it left behind, which is ended; its exit status, seconds of processor time of all."""
    _, status, usage = os.wait4(child, 0)
    used = usage.ru_utime + usage.ru_stime
    while True:
        for one in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return status, used
        used += usage.ru_utime + usage.ru_stime


def children() -> list[int]:
    """The processes that are children of this one now."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:  # a kernel without that file
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent_of(name) == os.getpid()]


def _parent_of(name: str) -> int:
    try:
        with open(f"/proc/{name}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def records_of(data: bytes | bytearray, nonce: bytes) -> list[dict[str, Any]]:
    """The lines that begin with the word that only the driver was told."""
    found = []
    for line in bytes(data).split(b"\n")[:-1]:
        if line.startswith(nonce):
            with contextlib.suppress(ValueError, RecursionError):
                record = json.loads(line[len(nonce) :])
                if isinstance(record, dict):
                    found.append(record)
    return found
