"""Where servers listen, and how a trainer finds them there. Nobody but the trainer should: their routes ask for no password."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from asym_lit.types import InputError

LOOPBACK = "127.0.0.1"
NODE = "node"
"""Stands for the address of the machine by which the others know it."""


@dataclass(frozen=True)
class Address:
    """Of a machine."""

    bound: str
    """What a server listens on."""
    name: str
    """How others reach it."""

    @property
    def is_open(self) -> bool:
        """Whether others than this machine can reach it."""
        return not self.bound.startswith("127.") and self.bound not in ("localhost", "::1")


def address_of(given: str, nodes: int, environment: Mapping[str, str]) -> Address:
    """The address that was asked for.

    Args:
        given: An address of this machine, `node`, or 0.0.0.0 for all of its own.
        nodes: Machines with servers.
        environment: SLURM says what this machine is called there.

    Raises:
        InputError: If others could not reach it and have to, or it is no address.
    """
    called = environment.get("SLURMD_NODENAME") or socket.gethostname()
    try:
        bound = socket.gethostbyname(called if given == NODE else given)
    except OSError as fault:
        raise InputError(
            f"address is {given!r}, and {called if given == NODE else given!r} has no address here ({fault}); allowed: an "
            f"address of this machine, {NODE}, or {LOOPBACK}."
        ) from fault
    address = Address(bound, called if given in (NODE, "0.0.0.0") else given)  # noqa: S104 - asked for by name
    if not address.is_open and (nodes > 1 or given == NODE):
        raise InputError(
            f"address is {given!r}, which is {bound}: servers on {nodes} machine(s) cannot be reached there by others. Write "
            f"--address {NODE}, or an address of this machine's closed network; routes by which weights are changed ask for no "
            "password."
        )
    return address


def check_port(bound: str, port: int, servers: int) -> None:
    """See that a port is free.

    Args:
        bound: The address on this machine.
        port: Of one server.
        servers: That want ports in a row.

    Raises:
        InputError: If it is taken, is none, or the address is another machine's.
    """
    if not 0 < port < 2**16:
        raise InputError(f"port is {port}; allowed: 1 to 65535, with the {servers} server(s) of this machine in a row.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just let go of is free
        try:
            probe.bind((bound, port))
        except OSError as fault:
            if fault.errno == errno.EADDRNOTAVAIL:
                raise InputError(f"address is {bound}, which is none of this machine's.") from fault
            why = "is taken by another program" if fault.errno == errno.EADDRINUSE else f"cannot be had ({fault.strerror})"
            raise InputError(f"Port {port} of {bound} {why}. Write --port with {servers} free one(s) in a row.") from fault
