"""Commands that are started and killed: which processes they are, how they are found, asked to end, and waited for.

Linux alone: processes are found by a mark in their environment, which children inherit, wherever they go.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(["asym_lit.cli"])
ROOT = Path(__file__).parents[1]
MARK = "KILL_CAMPAIGN"
PAUSE = 0.04
"""Seconds between two looks."""
GRACE = 90.0
"""Seconds that the processes of a killed command are given to end by themselves."""


class Room:
    """A small disk that can be filled: a tmpfs in a mount namespace, which needs no privileges where users may have one."""

    def __init__(self, size: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kill-campaign-"))
        mount = f"mount -t tmpfs -o size={size} none {self.folder} && echo ready && exec sleep infinity"
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout and self._holder.stderr
        if self._holder.stdout.readline() != "ready\n":
            raise OSError(self._holder.stderr.read().strip() or "no mount namespace")

    @property
    def outside(self) -> Path:
        """Its folder, as this process sees it."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    def within(self, command: Sequence[str]) -> list[str]:
        """A command that runs where the disk is."""
        into = ["nsenter", f"--target={self._holder.pid}", "--user", "--mount", "--preserve-credentials", f"--wd={ROOT}"]
        return [*into, *command]

    def fill(self) -> None:
        """Leave no byte."""
        with (self.outside / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(2**16))
            except OSError:
                pass

    def empty(self) -> None:
        """Give the room back."""
        (self.outside / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """The disk goes with its holder."""
        self._holder.kill()
        self._holder.wait()
        self.folder.rmdir()


class Warm:
    """`train.py` in a process that is forked from one which has imported everything: the same but for 4 s of processor time."""

    def __init__(self, words: Sequence[str], log: Path, own: Mapping[str, str]) -> None:
        self._process = WARM.Process(target=_warm, args=(list(words), str(log), dict(own)))
        self._process.start()
        self.pid: int = self._process.pid or 0

    def poll(self) -> int | None:
        """Exit status, as `Popen` has it; None while it lives."""
        return self._process.exitcode

    @property
    def returncode(self) -> int:
        """Exit status of one that has ended."""
        return self._process.exitcode or 0


def _warm(words: list[str], log: str, own: dict[str, str]) -> None:
    os.setsid()
    os.chdir(ROOT)
    os.environ.update(own)
    written = os.open(log, os.O_WRONLY | os.O_APPEND)
    for number in (1, 2):
        os.dup2(written, number)
    sys.argv = [str(ROOT / "train.py"), *words]
    from asym_lit.cli import main

    main()


@dataclass
class Command:
    """Processes that are started at once and make one run."""

    lines: list[list[str]]
    log: Path
    is_warm: bool = False
    started: list[subprocess.Popen[bytes] | Warm] = field(default_factory=list)
    mark: str = field(default_factory=lambda: uuid4().hex)
    begun: float = 0.0

    def start(self) -> None:
        """Start them, each in a session of its own."""
        own = {MARK: self.mark, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "GLOO_SOCKET_IFNAME": "lo"}
        self.begun = time.time()
        with self.log.open("ab") as log:
            for line in self.lines:
                if self.is_warm:
                    self.started.append(Warm(line[2:], self.log, own))
                    continue
                self.started.append(
                    subprocess.Popen(
                        line, cwd=ROOT, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True,
                    )
                )  # fmt: skip

    def processes(self) -> list[int]:
        """Those that live, the started ones first."""
        first = [p.pid for p in self.started if p.poll() is None]
        return first + [pid for pid in marked(self.mark) if pid not in first]

    @property
    def ended(self) -> bool:
        """True if all that were started have ended."""
        return all(p.poll() is not None for p in self.started)

    @property
    def code(self) -> int:
        """The worst exit status."""
        return max((abs(p.returncode) for p in self.started), default=0)

    def send(self, name: str, pids: Sequence[int]) -> None:
        """Send a signal to some of its processes."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.Signals[name])

    def wait(self, grace: float = GRACE) -> bool:
        """Until all have ended; False if some had to be killed for it."""
        end = time.monotonic() + grace
        while not self.ended or self.processes():
            if time.monotonic() > end:
                self.send("SIGKILL", self.processes())
                self.wait(5)
                return False
            time.sleep(PAUSE)
        return True


def marked(mark: str) -> Iterator[int]:
    """Living processes with a mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended, or is another user's
                mine = wanted in (folder / "environ").read_bytes().split(b"\0")
                if mine and "\nState:\tZ" not in (folder / "status").read_text():
                    yield int(folder.name)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def one_process(words: Sequence[str]) -> list[list[str]]:
    """As a person starts a run."""
    return [[sys.executable, "train.py", *words]]


def torchrun(words: Sequence[str]) -> list[list[str]]:
    """As on two nodes, both of them here."""
    agent = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    meet = [
        "--local-addr",
        "127.0.0.1",
        "--rdzv-backend",
        "c10d",
        "--rdzv-endpoint",
        f"127.0.0.1:{free_port()}",
        "--rdzv-id",
        uuid4().hex,
    ]
    nodes = ["--trainer.num_nodes", "2", "--trainer.devices", "1", "--trainer.strategy", "ddp"]
    return [[*agent, *meet, "train.py", *words, *nodes]] * 2


@contextmanager
def room(size: str) -> Iterator[Room]:
    """A disk for as long as it is needed."""
    found = Room(size)
    try:
        yield found
    finally:
        found.close()
