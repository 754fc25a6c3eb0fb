"""Calls of a service over HTTP that end: one that drips, or never answers, is hung up on.

What is asked is in `sandbox_fusion`.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import suppress
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from asym_lit.types import InputError
from asym_lit.verifiers.judge.opinion import JudgeError

AGAIN = {408, 409, 429}
"""Statuses that may pass, with all from 500 on."""
LONGEST_REPLY = 64 << 20


class Passing(Exception):  # noqa: N818 - it is a reason to try again, and ends as a JudgeError
    """A fault that another try may mend."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def checked_address(address: str) -> str:
    """An address of a service, without a slash at its end.

    Raises:
        InputError: If it is none.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number or beyond 65535, brackets that do not close
        usable = False
    if not usable:
        raise InputError(f"base_url is {address!r}; allowed: http:// or https:// and a host, such as http://127.0.0.1:8080.")
    return address.rstrip("/")


def post(address: str, body: dict[str, Any], seconds: float) -> Any:
    """The JSON that comes back for a JSON.

    Args:
        address: Of the call.
        body: What is sent.
        seconds: After which the connection is cut, whatever it does.

    Raises:
        Passing: If another try may go better.
        JudgeError: If not.
    """
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    link = kind(parts.hostname or "", parts.port, timeout=seconds)
    begun = time.monotonic()
    timer = Timer(seconds, _cut, (link,))
    timer.daemon = True
    try:
        link.connect()
        timer.start()
        link.request("POST", parts.path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        reply = link.getresponse()
        status, data = reply.status, reply.read(LONGEST_REPLY)
        if len(data) == LONGEST_REPLY:
            raise JudgeError("flood", f"a reply of {LONGEST_REPLY >> 20} MiB and more")
        if reply.length:
            raise http.client.IncompleteRead(data[:0], reply.length)
    except (OSError, http.client.HTTPException, AttributeError) as fault:  # a link that was cut has no socket any more
        late = isinstance(fault, TimeoutError) or time.monotonic() - begun >= seconds
        raise Passing("timeout" if late else "connection", f"{type(fault).__name__}: {fault}") from fault
    finally:
        timer.cancel()
        link.close()
    if status in AGAIN or status >= 500:
        raise Passing("status", f"HTTP status {status}: {data[:200]!r}")
    if status != 200:
        raise JudgeError("status", f"HTTP status {status}: {data[:200]!r}")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise JudgeError("nonsense", f"no JSON: {data[:200]!r}") from fault


def _cut(link: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        link.sock.shutdown(socket.SHUT_RDWR)
