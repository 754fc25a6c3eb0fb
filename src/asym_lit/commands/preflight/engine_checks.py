"""What the engine of a run would need that settings do not say: the longest sequence, and a cache that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import torch

from asym_lit.commands.preflight.checks import Check, Rows
from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.policy.cache_bytes import cache_bytes
from asym_lit.policy.loading import context_of
from asym_lit.rollout.vllm_arguments import CPU_CACHE_GIB, longest_sequence
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.types import InputError

BLOCK = {"cpu": 128, "gpu": 16}
"""Tokens of a block of vLLM's cache; a sequence takes whole ones."""


def engine_checks(plan: RunPlan, sets: Sequence[Rows]) -> list[Check]:
    """Whether vLLM can start with the run's sequences; nothing for other engines, which have no cache of a fixed size.

    Args:
        plan: The run.
        sets: All its prompts.
    """
    engine, most = plan.data.maker.engine, plan.data.prompt_sets.max_prompt_tokens
    if not isinstance(engine, VLLMEngine):
        return []
    rows = [(length, one.sampling.max_tokens) for one in sets for length in one.lengths if not most or length <= most]
    longest = max((prompt + response for prompt, response in rows), default=0)
    try:
        sequence = longest_sequence(engine.max_model_len, longest).get("max_model_len", context_of(plan.module.policy_config))
    except InputError as fault:
        return [Check("engine", "fail", str(fault))]
    assert sequence is not None
    kind = "gpu" if plan.hardware.is_gpu else "cpu"
    block = int(engine.arguments.get("block_size", BLOCK[kind]))
    dtype = plan.module.weight_dtype if engine.dtype is None else getattr(torch, engine.dtype)
    blocks = ceil(sequence / block)
    need = cache_bytes(plan.module.policy_config, dtype, blocks * block) // engine.tensor_parallel_size
    finding = f"sequences of up to {sequence} tokens, of which one takes {_gib(need)} GiB of the engine's cache"
    has = int((engine.kv_cache_gib or (0.0 if plan.hardware.is_gpu else CPU_CACHE_GIB)) * 2**30)
    if not has:
        return [Check("engine", "ok", f"{finding}; vLLM makes it as large as gpu_memory_utilization allows")]
    if need > has:
        # A group at once is the least that is worth while.
        wanted = ceil(need * plan.data.sampling.n / 2**28) / 4
        return [Check("engine", "fail", f"{finding}, which has {_gib(has)}: --data.engine.kv_cache_gib {wanted:g}")]
    at_once = has // need if need else engine.arguments["max_num_seqs"]
    return [Check("engine", "ok", f"{finding}; it has {_gib(has)}, so {at_once} at once")]


def _gib(size: int) -> str:
    return f"{size / 2**30:.2g}"
