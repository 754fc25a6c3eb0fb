"""A remote engine: `vllm serve` on other GPUs or machines, asked over HTTP by token ids.

How weights get there is in `vllm_transfer` and `weight_directories`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import torch.distributed as dist
from torch import Tensor

from asym_lit.process_groups import group_of_thread
from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request
from asym_lit.rollout.server_client import WITHOUT_SERVE, ServerClient
from asym_lit.rollout.stops import ended_at_stop
from asym_lit.rollout.vllm_process import SUPPORTED, release_line
from asym_lit.rollout.vllm_requests import SEED_BITS, forbidden
from asym_lit.rollout.vllm_trial import try_server
from asym_lit.rollout.weight_directories import WeightDirectories
from asym_lit.types import InputError, Rollout, Sampling

NEUTRAL = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""Said, for a server fills in what the policy's `generation_config.json` has (Qwen2.5: a repetition penalty of 1.05)."""


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
        self.version = -1
        self._served, self._is_tried = "", False
        self._host: EngineHost | None = None
        self._transfer: Any = None
        self._sent: Path | dict[str, Tensor] | None = None
        """Weights of the last sync: where they were written, or themselves; None where another process sends them."""
        self._last = -1
        """Their version."""

    def check(self) -> None:
        """The address is one; the server may still be starting."""
        if not self.client.url.startswith(("http://", "https://")):
            raise InputError(f"VLLMServerEngine: url is {self.client.url!r}; allowed: http://host:port.")

    def start(self, host: EngineHost) -> None:
        """Wait for the server, and see that it is one we know and serves the policy."""
        self.client.wait(self.start_timeout)
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
        self._served, self._host, self.version, self._is_tried = found[0], host, -1, False

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Gather the weights, have the first process send them, and wait until all may ask for responses.

        Raises:
            InputError: If it writes with others; that is found out once, after the start.
        """
        assert self._host is not None
        gathered = {}
        for name, value in named_weights:
            if _sends():
                gathered[name] = value.detach().cpu().clone()  # clones: a tied head would be left out of a file
        if _sends() and self.weights == "directory":
            assert self.directory is not None
            self._sent = WeightDirectories(self.directory, self._host.policy).write(gathered, version)
        elif _sends():
            self._sent = gathered
        self._take_over(version)

    def restore(self) -> None:
        """Have the server, which may be another one, take the weights of the last sync once more."""
        self._take_over(self._last)

    def _take_over(self, version: int) -> None:
        """Have the server read what was sent, and wait until all may ask for responses."""
        assert self._host is not None
        if _sends():
            self._send()
        if dist.is_initialized() and dist.get_world_size() > 1:
            dist.barrier(group_of_thread())
        self.version = self._last = version
        if not self._is_tried:
            try_server(self, self._host, self.client.url)
            self._is_tried = True

    def _send(self) -> None:
        assert self._host is not None and self._sent is not None
        if isinstance(self._sent, Path):
            self.client.post("/collective_rpc", {"method": "reload_weights", "kwargs": {"weights_path": str(self._sent)}})
        else:
            from asym_lit.rollout.vllm_transfer import NCCLTransfer

            self._transfer = self._transfer or NCCLTransfer(self.client.url, *self.nccl, self._host.device)
            self._transfer.send(self._sent)
        self.forget()

    def forget(self) -> None:
        """Drop every cached prefix."""
        if not self.client.post("/reset_prefix_cache", {}).get("success"):
            raise EngineError(f"{self.client.url} did not reset its prefix cache; another client's requests may be running.")

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order, as they finish."""
        pool = ThreadPoolExecutor(self.concurrency)
        try:
            asked = [pool.submit(self._ask, request, sampling) for request in requests]
            for request, future in zip(requests, asked, strict=True):
                yield self._rollouts(request, future.result(), sampling)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, request: Request, sampling: Sampling) -> dict[str, Any]:
        assert self._host is not None
        return self.client.post(
            "/v1/completions",
            {
                "model": self._served,
                "prompt": list(request.prompt.token_ids),
                "n": sampling.n,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": sampling.top_k or -1,
                "min_p": sampling.min_p,
                "max_tokens": sampling.max_tokens,
                "seed": request.seed % 2**SEED_BITS,
                "stop_token_ids": self._host.ends(sampling),
                "stop": list(sampling.stop_strings),
                "skip_special_tokens": False,  # a stop string may hold one
                "logit_bias": forbidden(self._host),
                **NEUTRAL,
                "logprobs": 0,
                "return_token_ids": True,
            },
        )

    def _rollouts(self, request: Request, answer: dict[str, Any], sampling: Sampling) -> list[Rollout]:
        assert self._host is not None
        choices = sorted(answer.get("choices", []), key=lambda choice: choice["index"])
        ends = {choice["finish_reason"] for choice in choices}
        if len(choices) != sampling.n or not ends <= {"stop", "length"}:
            raise EngineError(f"{self.client.url} gave {len(choices)} of {sampling.n} responses, ended by {ends}.")
        group = []
        for choice in choices:
            ids, logprobs = choice["token_ids"], choice["logprobs"]["token_logprobs"]
            if ids is None or len(ids) != len(logprobs):
                raise EngineError(f"{self.client.url} returned no token ids, or not one log-prob for each.")
            made = Rollout(request.prompt, request.slot, ids, logprobs, choice["finish_reason"], self.version)
            group.append(ended_at_stop(made, self._host.tokenizer, sampling.stop_strings))
        return group

    def sleep(self) -> None:
        """The server keeps its memory: it has GPUs of its own."""

    def wake(self) -> None:
        """It never sleeps."""

    def close(self) -> None:
        """Let go of the connections; the server goes on."""
        self.client.close()
        self._host = self._transfer = None
        self.version = -1


def _sends() -> bool:
    """Whether this process sends the weights for all."""
    return not dist.is_initialized() or dist.get_rank() == 0
