"""Several vLLM servers as one engine: requests go to the one with the fewest, and from one that dies to the others.

What one server is asked is in `vllm_server`; who takes part is kept in `server_pool`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal

from torch import Tensor

from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request
from asym_lit.rollout.first_process import from_first, gathered, rank, ranks
from asym_lit.rollout.server_client import RefusedRequestError
from asym_lit.rollout.server_list import check_urls, read_urls
from asym_lit.rollout.server_pool import Member, ServerPool
from asym_lit.rollout.server_weights import PROBE, offer, tried
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.types import InputError, Rollout, Sampling


class VLLMServersEngine(Engine):
    """Samples with several vLLM servers of the same policy, each started as `VLLMServerEngine` says or by `asym-lit serve`.

    A server that dies, or whose weights are not those it was sent, is left out; what it was asked is asked of the others, with
    the same seeds and so with the same tokens. At each sync it is looked for again: if it is well, it gets the weights, is
    tried, and takes part.

    Args:
        urls: Of the servers, or the file that `asym-lit serve` writes; it is waited for.
        model: Name that each must serve; None for the policy's own directory or hub id.
        weights: How weights get there: as files in `directory`, written once, or over NCCL to one server after the other.
        directory: Where a new directory is written per version, by the path that all sides see; the last two are kept.
        concurrency: Prompts in flight at once at each server, of each training process.
        timeout: Seconds until a group of responses must be there.
        start_timeout: Seconds to wait for the servers at a start.
        nccl_port: First of the ports on this machine at which the servers' workers meet the trainer, one for each server.
        nccl_address: Address of this machine as the servers see it.
    """

    def __init__(
        self,
        urls: list[str] | str = "servers.json",
        model: str | None = None,
        weights: Literal["directory", "nccl"] = "directory",
        directory: str | None = None,
        concurrency: int = 64,
        timeout: float = 600.0,
        start_timeout: float = 300.0,
        nccl_port: int = 29600,
        nccl_address: str = "127.0.0.1",
    ) -> None:
        self.urls, self.start_timeout, self.concurrency = urls, start_timeout, concurrency
        self._nccl_port = nccl_port
        self._settings: dict[str, Any] = {
            "model": model,
            "weights": weights,
            "directory": directory,
            "concurrency": concurrency,
            "timeout": timeout,
            "start_timeout": start_timeout,
            "nccl_address": nccl_address,
        }
        self._one("http://127.0.0.1:8000", 0)  # refuses what one server would
        self.version = -1
        self.pool = ServerPool([])
        self._host: EngineHost | None = None
        self._sent: tuple[dict[str, Tensor], Path | None] = {}, None
        """Weights of the last sync, on the process that sends them."""
        self._last = -1
        """Their version."""

    def _one(self, url: str, index: int) -> VLLMServerEngine:
        return VLLMServerEngine(url, nccl_port=self._nccl_port + index, **self._settings)

    def check(self) -> None:
        """The addresses are some; the servers may still be starting."""
        check_urls(self.urls)

    def start(self, host: EngineHost) -> None:
        """Wait for the servers: for all of them the first time, for any of them afterwards.

        Raises:
            InputError: If they are not there, or one is not what was asked for.
        """
        self._host, self.version = host, -1
        if self.pool.members:
            for member in self.pool.members:
                member.server.host = host
            self._wait_for_any()
            return
        urls = read_urls(self.urls, self.start_timeout)
        members = [Member(self._one(url, index), index) for index, url in enumerate(urls)]
        end = monotonic() + self.start_timeout
        for member in members:
            member.server.client.wait(max(end - monotonic(), 1.0))
            member.server.recognise(host)
        self.pool = ServerPool(members, first=rank())
        self.remarks = (f"{len(urls)} vLLM servers write: {', '.join(member.url for member in members)}.",)

    def _wait_for_any(self) -> None:
        end = monotonic() + self.start_timeout
        while all(member.server.client.ails(PROBE) for member in self.pool.members):
            if monotonic() >= end:
                raise InputError(
                    f"None of the {len(self.pool.members)} vLLM servers came back within {self.start_timeout:g} s: "
                    f"{', '.join(member.url for member in self.pool.members)}."
                )
            sleep(1.0)

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Gather the weights, have the first process send them to every server that is there, and tell all who has them.

        Raises:
            InputError: If a server writes with others when it is tried for the first time in the run.
            EngineError: If none has taken them.
        """
        weights = gathered(named_weights)

        def send() -> list[str]:
            self._sent = self.pool.members[0].server.written(weights, version)
            return tried(self.pool, self._offer(version), version)

        self._settle(from_first(send), version)

    def restore(self) -> None:
        """Have the servers that are there take the weights of the last sync once more.

        They are not tried: what they write is of other weights than the policy has by now. The next sync tries new ones.
        """
        self._settle(from_first(lambda: self._offer(self._last)), self._last)

    def _offer(self, version: int) -> list[str]:
        assert self._host is not None
        return offer(self.pool, self._host, *self._sent, version)

    def _settle(self, marks: list[str], version: int) -> None:
        self.pool.settle(marks, version)
        if not self.pool.writing:
            raise EngineError(f"None of the {len(marks)} vLLM servers has taken weights of version {version}.")
        self.version = self._last = version

    def forget(self) -> None:
        """Drop every cached prefix."""
        for member in self.pool.writing:
            try:
                member.server.forget()
            except EngineError as fault:
                self.pool.leave_out(member, member.mark, fault, self.version)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order, as they finish; from another server where one dies.

        Raises:
            EngineError: If no server is left, or one that is well refuses a request.
        """
        threads = ThreadPoolExecutor(self.concurrency * max(len(self.pool.writing), 1))
        try:
            asked = [threads.submit(self._ask, request, sampling) for request in requests]
            for request, future in zip(requests, asked, strict=True):
                member, found = future.result()
                yield member.server.read(request, found, sampling)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)
            written = {f"requests/{member.index}": (float(member.answered), 1.0 / ranks()) for member in self.pool.members}
            self.figures = {"servers": (float(len(self.pool.writing)), 1.0), **written}

    def _ask(self, request: Request, sampling: Sampling) -> tuple[Member, list[dict[str, Any]]]:
        while True:
            member, mark = self.pool.lend()
            found = None
            try:
                found = member.server.ask(request, sampling)
                return member, found
            except RefusedRequestError:
                raise
            except EngineError as fault:
                self.pool.leave_out(member, mark, fault, self.version)
            finally:
                self.pool.give_back(member, answered=found is not None)

    def sleep(self) -> None:
        """The servers keep their memory: they have GPUs of their own."""

    def wake(self) -> None:
        """They never sleep."""

    def close(self) -> None:
        """Let go of the connections; the servers go on."""
        self.pool.settle([""] * len(self.pool.members), -1)  # first: what is under way is asked of no other
        for member in self.pool.members:
            member.server.client.close()
        self._host, self.version = None, -1
