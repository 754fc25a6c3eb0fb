"""The HTTP side of a remote engine: retries with back-off, deadlines, and errors that name the server.

What is asked is in `vllm_server`.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock
from time import monotonic, sleep
from typing import Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from asym_lit.rollout.engine import EngineError
from asym_lit.types import InputError

RETRIES = 4
"""Of a request that no connection was made for, or whose answer is 502, 503 or 504; waits of 0, 1, 2 and 4 s lie between."""

CONNECT = 10.0
"""Seconds a try to connect may take; a machine that is off answers nothing at all."""

ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Seconds of silence on a connection, seconds between questions whether its other end is still there, and how many: a machine
that was switched off is noticed after a minute, not after the time of a whole answer. Where the system knows these."""

REFUSALS = (400, 413, 422)
"""What a server that is well says of a request that it will not answer: too long a prompt, say."""
DEVELOPMENT = ("/collective_rpc", "/reset_prefix_cache", "/update_weight_version", "/weight_info")
"""Routes that a server has in its development mode alone."""

WITHOUT_SERVE = "where there is no such command: python -m vllm.entrypoints.openai.api_server --model <policy>"
"""The CPU package of the community brings no `vllm serve` that runs."""


class RefusedRequestError(EngineError):
    """The server is well and will not answer this; no other will."""


class _Adapter(HTTPAdapter):
    """Asks the system to look after connections on which nothing comes for a long time, and can break all of them.

    Closing a session closes those that are idle alone: who waits for an answer would go on waiting, and the server writing it.
    """

    def __init__(self, **settings: Any) -> None:
        self.made: WeakSet[HTTPConnection] = WeakSet()
        self._lock = Lock()
        super().__init__(**settings)

    def note(self, connection: HTTPConnection) -> None:
        """Remember a connection that was just made; from any thread."""
        with self._lock:
            self.made.add(connection)

    def break_all(self) -> None:
        """Whoever waits for an answer gets none."""
        with self._lock:
            sockets = [connection.sock for connection in self.made if connection.sock is not None]
        for one in sockets:
            with suppress(OSError):  # it is gone
                one.shutdown(socket.SHUT_RDWR)

    @override
    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        watched = [(socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in ALIVE.items() if hasattr(socket, name)]
        options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *watched]
        super().init_poolmanager(*args, socket_options=options, **settings)
        note = self.note

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                note(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                note(self)

        plain = type("Plain", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        secure = type("Secure", (HTTPSConnectionPool,), {"ConnectionCls": Secure})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}


class ServerClient:
    """Talks to one server.

    Args:
        url: Of the server, without a path.
        timeout: Seconds until an answer must be there.
        connections: Kept open at once.
    """

    def __init__(self, url: str, timeout: float, connections: int) -> None:
        self.url, self.timeout, self.connections = url.rstrip("/"), timeout, connections
        self._session: requests.Session | None = None

    @property
    def session(self) -> requests.Session:
        """Made when it is first needed, and again after `close`."""
        if self._session is None:
            # Writing the same tokens again does no harm: requests carry their seeds.
            retry = Retry(RETRIES, read=False, backoff_factor=0.5, status_forcelist=(502, 503, 504), allowed_methods=None)
            self._session = requests.Session()
            self._session.trust_env = False  # a proxy of the environment has no business with tokens
            self._adapter = _Adapter(pool_maxsize=self.connections, max_retries=retry)
            for scheme in ("http://", "https://"):
                self._session.mount(scheme, self._adapter)
        return self._session

    def wait(self, seconds: float) -> None:
        """Until the server says that it is well.

        Raises:
            InputError: If it does not within that time.
        """
        end = monotonic() + seconds
        while fault := self.ails(min(5.0, seconds)):
            if monotonic() >= end:
                raise InputError(
                    f"No vLLM server at {self.url} within {seconds:g} s ({fault}). Start it with `VLLM_SERVER_DEV_MODE=1 vllm "
                    f"serve <policy> --logprobs-mode processed_logprobs` ({WITHOUT_SERVE}), or give its address by "
                    "--data.engine.url."
                )
            sleep(min(1.0, seconds / 10))

    def ails(self, seconds: float) -> str:
        """What keeps the server from being well, in a word or two; empty if nothing does. It is asked once."""
        with requests.Session() as once:
            once.trust_env = False
            try:
                answer = once.get(f"{self.url}/health", timeout=seconds)
            except requests.RequestException as error:
                return type(error).__name__
        return "" if answer.ok else f"/health answers {answer.status_code}"

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at a path."""
        return self._json("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON answer to a body; empty if there is none."""
        return self._json("POST", path, body)

    def _json(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        timeout = (min(CONNECT, self.timeout), self.timeout)
        try:
            answer = self.session.request(method, f"{self.url}{path}", json=body, timeout=timeout)
        except requests.RequestException as fault:
            raise EngineError(f"{self.url}{path} did not answer: {type(fault).__name__}: {fault}") from fault
        if answer.status_code == 404 and path in DEVELOPMENT:
            raise InputError(f"{self.url} has no {path}. Start the server with VLLM_SERVER_DEV_MODE=1 in its environment.")
        if not answer.ok:
            kind = RefusedRequestError if answer.status_code in REFUSALS else EngineError
            raise kind(f"{self.url}{path} answered {answer.status_code}: {answer.text[:300]}")
        try:
            found: dict[str, Any] = answer.json() if answer.content else {}
        except requests.JSONDecodeError as fault:
            raise EngineError(f"{self.url}{path} answered no JSON: {answer.text[:300]}") from fault
        return found

    def close(self) -> None:
        """Close the connections; what is under way ends in an `EngineError`."""
        if self._session is not None:
            self._session.close()
            self._adapter.break_all()
        self._session = None
