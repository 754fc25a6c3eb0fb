"""Servers as children: started, waited for, started again when one dies, and all ended at the end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from types import FrameType

import requests

from asym_lit.processes.children import Child
from asym_lit.types import InputError

EVERY = 0.5
"""Seconds between two looks at the servers."""
GRACE = 30.0
"""Seconds that servers have to end by themselves."""


@dataclass
class Server:
    """One server of this process."""

    url: str
    child: Child
    is_given_up: bool = False


class Keeping:
    """Looks after servers until it is told to end.

    Args:
        servers: Of this process, not started.
        restarts: How often each is started again.
        say: Takes a line for people.
    """

    def __init__(self, servers: Sequence[Server], restarts: int, say: Callable[[str], None]) -> None:
        self.servers, self.restarts, self.say = list(servers), restarts, say
        self.ended_by = ""
        """The signal that told it to end."""

    def listen(self) -> None:
        """Heed SIGTERM and Ctrl-C. SIGUSR1, by which SLURM announces the end of a job's time to all of its processes, ends
        nothing here: the trainer's last step still needs the servers. They inherit that."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.ended_by = signal.Signals(number).name

    def start(self, seconds: float) -> None:
        """Start all, and wait until they are well.

        Args:
            seconds: To wait.

        Raises:
            InputError: If one ends, or is not well in that time.
        """
        for server in self.servers:
            server.child.start()
        end, waiting = monotonic() + seconds, list(self.servers)
        while waiting and not self.ended_by:
            for server in waiting:
                if how := server.child.ended:
                    said = server.child.last_line()[:400]
                    raise InputError(f"{server.url} did not start ({how}): {said}\nAll that it said is in {server.child.log}.")
            waiting = [server for server in waiting if not _is_well(server.url)]
            if waiting and monotonic() >= end:
                raise InputError(
                    f"{waiting[0].url} was not ready within {seconds:g} s; what it said is in {waiting[0].child.log}. "
                    "A large policy may need a longer --start_timeout."
                )
            sleep(EVERY if waiting else 0.0)

    def look(self) -> None:
        """Start again what has died.

        Raises:
            InputError: If no server is left.
        """
        for server in self.servers:
            if server.is_given_up or not (how := server.child.ended):
                continue
            done, log = server.child.starts - 1, server.child.log
            server.child.end(0.0)  # what it left behind may hold its port and its GPUs
            if done < self.restarts:
                self.say(f"{server.url} ended ({how}) and is started again, {done + 1} of {self.restarts} times; see {log}.")
                server.child.start()
            else:
                server.is_given_up = True
                self.say(f"{server.url} ended ({how}) once more and is left down; see {log}.")
        if all(server.is_given_up for server in self.servers):
            raise InputError(f"No server is left: each ended {self.restarts + 1} times. See {self.servers[0].child.log}.")

    def end(self) -> None:
        """End all."""
        for server in self.servers:
            server.child.ask_to_end()
        end = monotonic() + GRACE
        for server in self.servers:
            server.child.end(max(end - monotonic(), 0.0))


def _is_well(url: str) -> bool:
    with requests.Session() as once:
        once.trust_env = False
        try:
            return once.get(f"{url}/health", timeout=5).ok
        except requests.RequestException:
            return False
