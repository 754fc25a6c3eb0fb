"""A remote engine: `vllm serve` on other GPUs or machines, asked over HTTP by token ids.

How weights get there is in `vllm_transfer` and `weight_directories`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from torch import Tensor

from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request
from asym_lit.rollout.first_process import from_first, gathered
from asym_lit.rollout.server_client import WITHOUT_SERVE, ServerClient
from asym_lit.rollout.vllm_process import SUPPORTED, release_line
from asym_lit.rollout.vllm_requests import choices, completion, group_of
from asym_lit.rollout.vllm_trial import try_server
from asym_lit.rollout.weight_directories import WeightDirectories
from asym_lit.types import InputError, Rollout, Sampling


class VLLMServerEngine(Engine):
    """Samples with a vLLM server that runs elsewhere.

    Start it with its development routes, by which weights are updated, and processed log-probs:
    `VLLM_SERVER_DEV_MODE=1 vllm serve <policy> --logprobs-mode processed_logprobs`, where that does not run as
    `python -m vllm.entrypoints.openai.api_server --model <policy> ...`. These routes have no authentication:
    keep the server on the loopback device or in a network of your own. On a CPU it wants `--no-enable-chunked-prefill`, too:
    vLLM 0.32 and 0.33 cannot take back the random numbers of a prompt that is read in parts there.

    Args:
        url: Of the server.
        model: Name the server must serve; None for the policy's own directory or hub id.
        weights: How weights get there: as files in `directory`, or over NCCL from this process's GPU.
        directory: Where a new directory is written per version, by the path that both sides see; the last two are kept.
        concurrency: Prompts in flight at once, of each training process.
        timeout: Seconds until a group of responses must be there.
        start_timeout: Seconds to wait for the server at a start.
        nccl_port: Port on this machine at which the server's workers meet the trainer.
        nccl_address: Address of this machine as the server sees it.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        model: str | None = None,
        weights: Literal["directory", "nccl"] = "directory",
        directory: str | None = None,
        concurrency: int = 64,
        timeout: float = 600.0,
        start_timeout: float = 300.0,
        nccl_port: int = 29600,
        nccl_address: str = "127.0.0.1",
    ) -> None:
        if concurrency < 1 or timeout <= 0 or start_timeout <= 0:
            raise InputError("VLLMServerEngine: concurrency, timeout and start_timeout must be above 0.")
        if weights == "directory" and not directory:
            raise InputError(
                "VLLMServerEngine: weights are sent through files, but no directory is given. Write --data.engine.directory "
                "<path that the server sees too>, or --data.engine.weights nccl."
            )
        self.client = ServerClient(url, timeout, concurrency)
        self.model, self.weights, self.directory, self.concurrency = model, weights, directory, concurrency
        self.start_timeout, self.nccl = start_timeout, (nccl_address, nccl_port)
        self.version, self.mark = -1, ""
        self._served, self._is_tried = "", False
        self.host: EngineHost | None = None
        self._transfer: Any = None
        self._sent: tuple[dict[str, Tensor], Path | None] = {}, None
        """Weights of the last sync, on the process that sends them."""
        self._last = -1
        """Their version."""

    def check(self) -> None:
        """The address is one; the server may still be starting."""
        if not self.client.url.startswith(("http://", "https://")):
            raise InputError(f"VLLMServerEngine: url is {self.client.url!r}; allowed: http://host:port.")

    def start(self, host: EngineHost) -> None:
        """Wait for the server, and see that it is one we know and serves the policy."""
        self.client.wait(self.start_timeout)
        self.recognise(host)

    def recognise(self, host: EngineHost) -> None:
        """See that the server is one we know and serves the policy; it has no weights of ours then.

        Raises:
            InputError: If it is another.
        """
        version = self.client.get("/version")["version"]
        if release_line(version) not in SUPPORTED:
            raise InputError(f"{self.client.url} runs vLLM {version}; supported are {', '.join(SUPPORTED)}.")
        served = {model["id"]: model for model in self.client.get("/v1/models")["data"]}
        wanted = self.model or host.policy
        found = [name for name, model in served.items() if wanted in (name, model.get("root"))]
        if not found:
            raise InputError(
                f"{self.client.url} serves {sorted(served)}, not {wanted!r}. Start it with `vllm serve {wanted}` "
                f"({WITHOUT_SERVE}), or name what it serves by --data.engine.model."
            )
        self._served, self.host, self.version, self._is_tried = found[0], host, -1, False
        self.mark, self._transfer = "", None

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Gather the weights, have the first process send them, and wait until all may ask for responses.

        Raises:
            InputError: If it writes with others; that is found out once, after the start.
        """
        weights = gathered(named_weights)

        def send() -> str:
            self._sent = self.written(weights, version)
            return self.take(*self._sent, version)

        self.mark = from_first(send)
        self.version = self._last = version
        self.try_once()

    def restore(self) -> None:
        """Have the server, which may be another one, take last sync's weights once more; untried, as the policy has moved."""
        self.mark = from_first(lambda: self.take(*self._sent, self._last))
        self.version = self._last

    def written(self, weights: dict[str, Tensor], version: int) -> tuple[dict[str, Tensor], Path | None]:
        """Weights as `take` wants them: in a directory if they go there by files, else themselves."""
        if self.weights == "nccl":
            return weights, None
        assert self.host is not None and self.directory is not None
        return {}, WeightDirectories(self.directory, self.host.policy).write(weights, version)

    def take(self, weights: dict[str, Tensor], path: Path | None, version: int) -> str:
        """Have the server take weights over; returns the mark that it bears from then on.

        A server that is started anew bears none, and each mark is given once: what is answered before the server is seen to
        bear its mark still was written with these weights.

        Args:
            weights: On the host, where they go over NCCL.
            path: Of their directory, where they go by files.
            version: Optimizer steps behind them.
        """
        self.mark = ""
        if path is not None:
            self.client.post("/collective_rpc", {"method": "reload_weights", "kwargs": {"weights_path": str(path)}})
        else:
            from asym_lit.rollout.vllm_transfer import NCCLTransfer

            assert self.host is not None
            self._transfer = self._transfer or NCCLTransfer(self.client.url, *self.nccl, self.host.device)
            self._transfer.send(weights)
        self.forget()
        mark = f"{version}-{uuid4().hex}"
        self.client.post("/update_weight_version", {"new_version": mark})
        return mark

    def try_once(self) -> None:
        """Try the server with the weights that it has, once after it was recognised."""
        assert self.host is not None
        if not self._is_tried:
            try_server(self, self.host, self.client.url)
            self._is_tried = True

    def bears(self, mark: str) -> bool:
        """Whether the server is the one that was given this mark, with no other weights since."""
        return bool(self.client.get("/weight_info").get("weight_version") == mark)

    def forget(self) -> None:
        """Drop every cached prefix."""
        if not self.client.post("/reset_prefix_cache", {}).get("success"):
            raise EngineError(f"{self.client.url} did not reset its prefix cache; another client's requests may be running.")

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order, as they finish."""
        pool = ThreadPoolExecutor(self.concurrency)
        try:
            asked = [pool.submit(self.ask, request, sampling) for request in requests]
            for request, future in zip(requests, asked, strict=True):
                yield self.read(request, future.result(), sampling)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, request: Request, sampling: Sampling) -> list[dict[str, Any]]:
        """The responses to a request as the server gives them, in order; from any thread.

        Raises:
            EngineError: If it gives none, gives something else, or has other weights than it was sent.
        """
        assert self.host is not None
        mark = self.mark
        answer = self.client.post("/v1/completions", completion(self._served, request, sampling, self.host))
        if mark and not self.bears(mark):
            raise EngineError(
                f"{self.client.url} no longer has the weights that it was sent: it was started anew, or another trainer sends "
                "it weights."
            )
        return choices(answer, sampling.n, self.client.url)

    def read(self, request: Request, found: Sequence[dict[str, Any]], sampling: Sampling) -> list[Rollout]:
        """The group of a request from what `ask` gave."""
        assert self.host is not None
        return group_of(request, found, self.version, sampling, self.host)

    def sleep(self) -> None:
        """The server keeps its memory: it has GPUs of its own."""

    def wake(self) -> None:
        """It never sleeps."""

    def close(self) -> None:
        """Let go of the connections; the server goes on."""
        self.client.close()
        self.host = self._transfer = None
        self.version, self.mark = -1, ""
