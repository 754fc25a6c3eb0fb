"""With what vLLM is built: where and how it runs, and how long a sequence may be. Settings of a person are in `vllm_engine`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.rollout.engine import EngineHost
from asym_lit.rollout.vllm_trial import TRIED
from asym_lit.types import InputError

CPU_CACHE_GIB = 0.25
"""Of the KV cache on a CPU if nothing is said; vLLM would take 92 % of the memory."""


def engine_arguments(
    host: EngineHost, ranks: int, own: Mapping[str, Any], kv_cache_gib: float, dtype: str | None, enforce_eager: bool | None
) -> dict[str, Any]:
    """Arguments of vLLM's `EngineArgs`.

    Args:
        host: What the trainer offers.
        ranks: Processes of the run.
        own: Of the person, as they are; they count above those made here.
        kv_cache_gib: Size of the KV cache; 0 for vLLM's choice, on a CPU for `CPU_CACHE_GIB`.
        dtype: Of the weights; None for that of the policy's.
        enforce_eager: None for yes on a CPU only.
    """
    on_cpu = host.device.type == "cpu"
    cache_gib = kv_cache_gib or (CPU_CACHE_GIB if on_cpu else 0.0)
    return {
        "model": host.policy,
        "dtype": dtype or str(host.dtype).removeprefix("torch."),
        "skip_tokenizer_init": host.tokenizer is None,  # else it finds stop strings by its own
        "logprobs_mode": "processed_logprobs",  # of the distribution that is sampled from, temperature included
        "distributed_executor_backend": "external_launcher" if ranks > 1 else "uni",
        "disable_log_stats": True,
        "enforce_eager": on_cpu if enforce_eager is None else enforce_eager,
        "use_tqdm_on_load": False,
        "seed": 0,
        **({"kv_cache_memory_bytes": int(cache_gib * 2**30)} if cache_gib else {}),
        **own,
    }


def longest_sequence(given: int, longest: int) -> dict[str, int]:
    """vLLM's `max_model_len`; nothing for the policy's context, for all of which the cache must then have room.

    Args:
        given: By the person; 0 for as long as the run needs.
        longest: Tokens of the longest row of the run; 0 if that is not known.

    Raises:
        InputError: If less is given than the run needs.
    """
    if given and given < longest:
        raise InputError(
            f"VLLMEngine: max_model_len is {given}, but the longest prompt with its longest response has {longest} tokens. "
            f"Write --data.engine.max_model_len {longest}, or leave it out."
        )
    if given or longest:
        return {"max_model_len": given or max(longest, TRIED)}
    return {}


def reading_prompts_whole(arguments: dict[str, Any], max_model_len: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Engine arguments for a CPU, where no prompt may be read in parts, and what a person should know about them.

    After each part vLLM draws a token and takes its random number back by the offset of the request's generator. A
    generator of a CPU has none: "CPU Generator does not use offset".

    Args:
        arguments: Of vLLM's `EngineArgs`.
        max_model_len: Longest sequence, as vLLM understands the arguments; a prompt that is read whole can be as long.
    """
    if arguments.get("enable_chunked_prefill"):
        raise InputError(
            "VLLMEngine: further.enable_chunked_prefill is true, but on a CPU vLLM cannot take back the random numbers of a "
            "prompt that is read in parts. Leave it out."
        )
    given = arguments["max_num_batched_tokens"]
    remark = (
        f"VLLMEngine: a forward pass takes up to {max_model_len} tokens, the longest sequence, not {given}: on a CPU prompts "
        "are read whole. A smaller data.engine.max_model_len lowers it."
    )
    whole = {**arguments, "enable_chunked_prefill": False, "max_num_batched_tokens": max(given, max_model_len)}
    return whole, (remark,) if given < max_model_len else ()
