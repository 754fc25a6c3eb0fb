"""How the processes of a job find each other: the first one listens, and a word that only ours know lets the others in."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from asym_lit.processes.links import Link
from asym_lit.processes.peers import Peer

ALONE = ("127.0.0.1", "localhost")
"""Addresses by which nobody but this machine reaches it."""
SECONDS = 30.0
"""That processes are given to connect: they have all been in a collective just before."""


class Meeting:
    """The first process's side.

    Args:
        address: By which the others reach this machine.
        size: Of the job.
    """

    def __init__(self, address: str, size: int) -> None:
        both = socket.has_dualstack_ipv6() and address not in ALONE
        # Not only at that address: a machine's own name often is 127.0.1.1 to itself, and another address to others.
        self._server = socket.create_server(
            (address if address in ALONE else "", 0),
            family=socket.AF_INET6 if both else socket.AF_INET,
            backlog=max(size, 128),
            dualstack_ipv6=both,
        )
        self._server.setblocking(False)
        self._strangers: list[Link] = []
        self.place = {"address": address, "port": self._server.getsockname()[1], "token": secrets.token_hex(16)}
        """What the others need to come."""
        self._most = 2 * size

    @property
    def waiting(self) -> list[Any]:
        """What may have something to say."""
        return [self._server, *self._strangers]

    def admitted(self, ready: Sequence[Any]) -> Iterator[tuple[Peer, Link, list[dict[str, Any]], bool]]:
        """Those who said the word: who it is, the connection, what else they said, and whether they are still there."""
        for stranger in [one for one in self._strangers if one in ready]:
            lines, is_there = stranger.read()
            if not lines and is_there:
                continue
            self._strangers.remove(stranger)
            if lines and secrets.compare_digest(str(lines[0].get("token", "")), str(self.place["token"])):
                yield Peer.read(lines[0]["from"]), stranger, lines[1:], is_there
            else:
                stranger.close()
        if self._server in ready:
            self._strangers.append(Link(self._server.accept()[0]))
            if len(self._strangers) > self._most:  # who connects and says nothing is none of ours
                self._strangers.pop(0).close()

    def close(self) -> None:
        """Let nobody in any more."""
        for one in self.waiting:
            one.close()


def come(me: Peer, address: str, port: int, token: str) -> Link:
    """Another process's side: a connection to the first.

    Args:
        me: This process.
        address: Of the meeting.
        port: Of the meeting.
        token: The word.

    Raises:
        OSError: If it cannot be reached.
    """
    link = Link(socket.create_connection((address, port), timeout=SECONDS))
    link.send(token=token, **{"from": me.told()})
    return link
