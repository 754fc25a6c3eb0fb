"""JSON lines over a socket, both ways, without waiting: neither a full buffer nor half a line holds anybody up."""

from __future__ import annotations

import json
import socket
from time import monotonic, sleep
from typing import Any

MOST = 1 << 16
"""Bytes of a line: whoever sends more is none of ours."""


class Link:
    """One end of a connection.

    Args:
        connection: Taken over; made not to block.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._in, self._out = b"", b""

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, **line: Any) -> None:
        """Send a line, or as much of it as there is room for; the rest goes with the next one."""
        self._out += json.dumps(line).encode() + b"\n"
        self._push()

    def _push(self) -> None:
        try:
            while self._out:
                self._out = self._out[self._socket.send(self._out) :]
        except BlockingIOError:
            pass
        except OSError:  # its end is seen by reading
            self._out = b""

    def flush(self, seconds: float) -> None:
        """Send what is left, but not for longer than that."""
        end = monotonic() + seconds
        while self._out and monotonic() < end:
            sleep(0.01)
            self._push()

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """The lines that have come, and whether the other end is still there."""
        is_there = True
        try:
            while got := self._socket.recv(MOST):
                self._in += got
            is_there = False
        except BlockingIOError:
            pass
        except OSError:
            is_there = False
        *whole, self._in = self._in.split(b"\n")
        try:
            lines = [json.loads(line) for line in whole]
        except ValueError:
            lines = [None]
        if not all(isinstance(line, dict) for line in lines):
            return [], False
        return lines, is_there and len(self._in) < MOST

    def close(self) -> None:
        """Close it."""
        self._socket.close()
