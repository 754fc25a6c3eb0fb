"""The vLLM engine, in this process; weights come from the trainer's memory, tensor by tensor.

One behind HTTP is in `vllm_server`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor

from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request, rounding_remarks
from asym_lit.rollout.vllm_arguments import engine_arguments, longest_sequence, reading_prompts_whole
from asym_lit.rollout.vllm_process import (
    check_installation,
    ensure_process_group,
    guest,
    has_own_head,
    keep_process_groups,
    shut_down,
)
from asym_lit.rollout.vllm_requests import parameters, requests_of_group, rollouts
from asym_lit.rollout.vllm_trial import refused_by_vllm, try_writing
from asym_lit.types import InputError, Rollout, Sampling


class VLLMEngine(Engine):
    """Samples with vLLM in this process: one engine a rank, or one over the ranks of a tensor-parallel group.

    Args:
        tensor_parallel_size: Ranks that share one engine; divides the number of ranks.
        gpu_memory_utilization: Share of a GPU's memory for the engine's weights, activations and cache.
        kv_cache_gib: Size of the KV cache in GiB; 0 leaves it to `gpu_memory_utilization`. A CPU must be told.
        max_num_batched_tokens: Most tokens of a forward pass; on a CPU at least `max_model_len`, for prompts are read whole.
        max_num_seqs: Most responses written at once.
        max_model_len: Longest sequence; 0 for the longest prompt of the run with the longest response to it: the whole context
            of a policy would want a cache for it.
        block_size: Tokens per block of the cache; only whole blocks of a prompt are shared by its group. 0 for vLLM's choice.
        dtype: Of the engine's weights; None for that of the policy's.
        quantization: Of the engine's weights, as vLLM names it (`fp8`); None for none.
        enforce_eager: No graphs and no compilation: slower decoding, quicker start, less memory. None: on a CPU only.
        prefix_caching: Read a prompt once for its whole group.
        sleep_level: What is given back while the policy trains (GPU): 0 nothing, 1 weights (kept on the host) and cache,
            2 both for good, so that weights are sent anew at each wake.
        further: Any other arguments of vLLM's `EngineArgs`, as they are.
    """

    def __init__(
        self,
        tensor_parallel_size: int = 1,
        gpu_memory_utilization: float = 0.4,
        kv_cache_gib: float = 0.0,
        max_num_batched_tokens: int = 4096,
        max_num_seqs: int = 256,
        max_model_len: int = 0,
        block_size: int = 0,
        dtype: Literal["float32", "bfloat16", "float16"] | None = None,
        quantization: str | None = None,
        enforce_eager: bool | None = None,
        prefix_caching: bool = True,
        sleep_level: Literal[0, 1, 2] = 0,
        further: dict[str, Any] | None = None,
    ) -> None:
        for name, value, ok, allowed in (
            ("tensor_parallel_size", tensor_parallel_size, tensor_parallel_size >= 1, "1 or more"),
            ("gpu_memory_utilization", gpu_memory_utilization, 0 < gpu_memory_utilization <= 1, "above 0, up to 1"),
            ("kv_cache_gib", kv_cache_gib, kv_cache_gib >= 0, "0 or more"),
            ("max_num_batched_tokens", max_num_batched_tokens, max_num_batched_tokens >= 1, "1 or more"),
            ("max_num_seqs", max_num_seqs, max_num_seqs >= 1, "1 or more"),
            ("max_model_len", max_model_len, max_model_len >= 0, "0 or more"),
        ):
            if not ok:
                raise InputError(f"VLLMEngine: {name} is {value}; allowed: {allowed}.")
        self.tensor_parallel_size, self.kv_cache_gib, self.dtype = tensor_parallel_size, kv_cache_gib, dtype
        self.weight_dtype, self.enforce_eager, self.sleep_level = dtype, enforce_eager, sleep_level
        self.max_model_len = int((further or {}).get("max_model_len", max_model_len))
        self.arguments: dict[str, Any] = {
            "tensor_parallel_size": tensor_parallel_size,
            "gpu_memory_utilization": gpu_memory_utilization,
            "max_num_batched_tokens": max_num_batched_tokens,
            "max_num_seqs": max_num_seqs,
            "quantization": quantization,
            "enable_prefix_caching": prefix_caching,
            "enable_sleep_mode": sleep_level > 0,
            **({"block_size": block_size} if block_size else {}),
            **(further or {}),
        }
        self.version = -1
        self._engine: Any = None
        self._host: EngineHost | None = None
        self._owns_process_group = self._weights_asleep = self._cache_asleep = self._is_tried = False

    def check(self) -> None:
        """vLLM is there, of a known version and built for this torch; nothing is imported."""
        check_installation()

    def start(self, host: EngineHost) -> None:
        """Build the engine. Its process groups are made inside the trainer's, which must stand."""
        check_installation()
        coarser = rounding_remarks(type(self).__name__, host.dtype, self.dtype)
        self.remarks = coarser
        self._owns_process_group = ensure_process_group()
        size = dist.get_world_size()
        if size % self.tensor_parallel_size:
            raise InputError(
                f"VLLMEngine: tensor_parallel_size is {self.tensor_parallel_size} and there are {size} processes; allowed: "
                "a divisor of their number."
            )
        with guest(host.local_rank):
            from vllm import EngineArgs, LLMEngine
            from vllm.platforms import current_platform

            if current_platform.device_type != host.device.type:
                raise InputError(
                    f"This vLLM is built for {current_platform.device_type}, the policy is on {host.device.type}. Install the "
                    f"build for it, or write --trainer.accelerator {current_platform.device_type}."
                )
            own = {**self.arguments, **longest_sequence(self.max_model_len, host.longest)}
            arguments = engine_arguments(host, size, own, self.kv_cache_gib, self.dtype, self.enforce_eager)
            with refused_by_vllm("does not start with", host.policy):
                if host.device.type == "cpu":
                    longest = EngineArgs(**arguments).create_model_config().max_model_len
                    arguments, whole = reading_prompts_whole(arguments, longest)
                    self.remarks = (*coarser, *whole)
                self._engine = LLMEngine.from_engine_args(EngineArgs(**arguments))
            keep_process_groups(self._engine)
        self._host, self.version, self._is_tried = host, -1, False

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Take over the weights under their Hugging Face names, one layer at a time, and drop cached prefixes.

        Raises:
            InputError: If vLLM cannot do so or cannot write with them; that is found out once, after its start.
        """
        assert self._host is not None
        weights = iter(self._asked_for(named_weights))
        with nullcontext() if self._is_tried else refused_by_vllm("does not take weights anew for", self._host.policy):
            with torch.no_grad():
                self._engine.collective_rpc("reload_weights", kwargs={"weights_iterator": weights})
            for _ in weights:  # what vLLM did not ask for: gathering is a collective, so it must come to its end
                pass
        self.forget()
        self.version = version
        if not self._is_tried:
            try_writing(self, self._host)
            self._is_tried = True

    def _asked_for(self, named_weights: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
        """All but a head that the engine's class does not have, since it always shares the embeddings (Gemma 2)."""
        has_head = all(self._engine.collective_rpc(has_own_head))
        yield from (pair for pair in named_weights if has_head or not pair[0].startswith("lm_head."))

    def forget(self) -> None:
        """Drop every cached prefix; with those of older weights, log-probs are off by several nats."""
        if not self._engine.reset_prefix_cache():
            raise EngineError("vLLM did not reset its prefix cache; requests must still be running.")

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order, as they finish."""
        assert self._host is not None
        mine, everyone = requests_of_group(requests, self.tensor_parallel_size)
        finished: dict[int, Any] = {}
        try:
            if self._cache_asleep:
                self._engine.wake_up(["kv_cache"])
                self._cache_asleep = False
            for number, request in enumerate(everyone):
                prompt = {"prompt_token_ids": list(request.prompt.token_ids)}
                self._engine.add_request(str(number), prompt, parameters(request, sampling, self._host))
            waiting = mine.start
            while self._engine.has_unfinished_requests():
                finished.update({int(output.request_id): output for output in self._engine.step()})
                while waiting in finished and waiting < mine.stop:
                    yield rollouts(everyone[waiting], finished.pop(waiting), self.version, sampling, self._host)
                    waiting += 1
        except (GeneratorExit, EngineError):
            raise
        except Exception as fault:
            raise EngineError(f"vLLM failed while generating: {type(fault).__name__}: {fault}") from fault
        finally:
            if self._engine is not None and self._engine.has_unfinished_requests():
                self._engine.abort_request([str(number) for number in range(len(everyone))])

    def sleep(self) -> None:
        """Give device memory back, as `sleep_level` says."""
        if self.sleep_level and not self._cache_asleep:
            self.forget()
            self._engine.sleep(self.sleep_level)
            self._weights_asleep = self._cache_asleep = True
            if self.sleep_level == 2:
                self.version = -1  # its weights are gone

    def wake(self) -> None:
        """Take memory for the weights; the cache follows at the next `generate`, when a sync has let go of its copies."""
        if self._weights_asleep:
            self._engine.wake_up(["weights"])
            self._weights_asleep = False

    def close(self) -> None:
        """Shut the engine down and take its process groups apart."""
        if self._engine is not None:
            shut_down(self._engine, self._owns_process_group)
        self._engine, self.version = None, -1
        self._weights_asleep = self._cache_asleep = False
