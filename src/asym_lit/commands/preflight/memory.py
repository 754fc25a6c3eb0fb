"""Memory of one device, estimated: what is kept, and what each phase of a step takes beside it; on a CPU, the process as well.

The policy's own share is measured in `policy/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from mmap import PAGESIZE
from pathlib import Path

import torch

from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.engine_process import ProcessEngine
from asym_lit.lit.callbacks.policy_checkpoint import PolicyCheckpoint
from asym_lit.policy.activations import MicroBatchShape, activation_bytes, tiles_of
from asym_lit.policy.cache_bytes import cache_bytes
from asym_lit.policy.known_tokens import token_count
from asym_lit.policy.size import PolicySize, measure_policy, optimizer_bytes
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.types import Needs

LOGIT_COPIES = 4
"""Of the next token's logits, in fp32, while `HFEngine` draws from them."""
KEPT, GENERATE, UPDATE, STEP, CHECKPOINT = "kept", "generate", "update", "optimizer step", "checkpoint"
PHASES = (GENERATE, UPDATE, STEP, CHECKPOINT)
PROCESS = "process"
KEPT_BACK = 0.5
"""Share of what passes took that a process keeps when it is freed, in pieces too small to give back; measured: 0.3 to 0.7."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some memory, and when it is held."""

    name: str
    bytes: int
    phase: str
    """`kept` all the time, or the phase that takes it."""
    why: str


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """All parts of one device's memory."""

    parts: tuple[Part, ...]

    def phase(self, name: str) -> int:
        """Bytes held in a phase: its own, and what is kept."""
        return sum(part.bytes for part in self.parts if part.phase in (KEPT, name))

    @property
    def peak(self) -> int:
        """Bytes of the phase that takes most."""
        return max(self.phase(name) for name in PHASES)


def estimate(plan: RunPlan, longest_prompt: int) -> MemoryEstimate:
    """The memory of one device.

    Args:
        plan: The run.
        longest_prompt: Tokens of the longest training prompt.
    """
    module = plan.module
    process = [] if plan.hardware.is_gpu else [Part(PROCESS, resident_bytes(), KEPT, "Python, its libraries, the problems")]
    size = measure_policy(module.policy_config, module.weight_dtype, module.lora)
    kept, update = _kept(plan, size), _update(plan, size, longest_prompt)
    passing = [*_engine(plan, size, longest_prompt), *update, _step(plan, size), *_checkpoint(plan, kept, update)]
    return MemoryEstimate((*process, *kept, *passing))


def resident_bytes() -> int:
    """What this process has in memory, which has imported what a run imports; 0 where the system does not say."""
    facts = Path("/proc/self/statm")
    return int(facts.read_text().split()[1]) * PAGESIZE if facts.exists() else 0


def _kept(plan: RunPlan, size: PolicySize) -> list[Part]:
    module, hardware = plan.module, plan.hardware
    shards = hardware.shards
    split = f", 1/{shards} of it" if shards > 1 else ""
    trained_dtype = torch.float32 if module.lora else module.weight_dtype
    state = int(optimizer_bytes(module.make_optimizer, trained_dtype) * size.trained)  # type: ignore[arg-type]
    copies = 2 if hardware.strategy.startswith("ddp") else 1
    parts = [
        Part("weights", size.weight_bytes // shards, KEPT, f"{_millions(size.weights)}, {module.dtype_name}{split}"),
        Part(
            "gradients",
            copies * size.trained_bytes // shards,
            KEPT,
            f"of {size.trained / size.weights:.3g} of the weights{split}" + (", and DDP's buckets" if copies > 1 else ""),
        ),
        Part("optimizer", state // shards, KEPT, f"{state / size.trained:.3g} bytes per trained weight{split}"),
    ]
    if module.objective.rollout_needs.reference:
        why = "none of its own: the policy without adapters" if module.lora else f"the frozen policy{split}"
        parts.append(Part("reference", 0 if module.lora else size.weight_bytes // shards, KEPT, why))
    return parts


def _millions(number: int) -> str:
    return f"{number / 1e6:,.0f} million" if number >= 1e7 else f"{number / 1e6:.2g} million"


def rows_of_rank(plan: RunPlan) -> int:
    """Rollouts of a step on one device."""
    return ceil(plan.data.prompts_per_step / plan.hardware.world) * plan.data.sampling.n


def _update(plan: RunPlan, size: PolicySize, prompt: int) -> list[Part]:
    module, data, hardware = plan.module, plan.data, plan.hardware
    compute = getattr(torch, module.compute_dtype_name) if hardware.is_sharded else module.weight_dtype
    needs = module.objective.rollout_needs | module.objective.update_needs | Needs(entropy=True)  # Dynamics reads entropies
    shape = largest_micro_batch(plan, prompt)
    tokens = shape.rows * shape.response
    config, known = module.policy_config, token_count(data.tokenizer)
    logits = tiles_of(config, tokens, needs, hardware.is_gpu, known).bytes
    total = activation_bytes(config, compute, shape, needs, module.gradient_checkpointing, module.lora, hardware.is_gpu, known)
    rows = f"{shape.rows} rows of {shape.width} tokens"
    if shape.prompts:
        rows = f"{shape.rows} responses of {shape.response} tokens, {shape.prompts} prompts of {shape.prompt}"
    again = ", computed again in the backward pass" if module.gradient_checkpointing else ""
    held = rows_of_rank(plan) * data.sampling.max_tokens * 4 * (8 + needs.top_n)
    parts = [
        Part("activations", max(total - logits, 0), UPDATE, f"{rows}{again}"),
        Part("logits", logits, UPDATE, f"tiles of {tokens} tokens x {min(config.vocab_size, known)} words"),
        Part("rollouts", held, UPDATE, f"{rows_of_rank(plan)} rows of {data.sampling.max_tokens} tokens as tensors"),
    ]
    if hardware.is_sharded:
        width = compute.itemsize
        gathered = width * (size.outside + min(2, size.layers) * size.layer)
        gradients = 0 if module.lora else (width + 4) * max(size.outside, size.layer)
        parts.append(Part("gathered", gathered + gradients, UPDATE, "embedding, head and two layers, and gradients in fp32"))
    return parts


def largest_micro_batch(plan: RunPlan, prompt: int) -> MicroBatchShape:
    """What a micro-batch may be, with responses as long as they can be."""
    sampling, budget = plan.data.sampling, plan.module.max_micro_batch_tokens
    most = max(1, ceil(rows_of_rank(plan) / plan.module.mini_batches))
    if plan.why_not_shared:
        rows = min(max(1, budget // (prompt + sampling.max_tokens)), most)
        return MicroBatchShape(rows, prompt, sampling.max_tokens)
    groups = budget // (prompt + sampling.n * sampling.max_tokens)
    rows = groups * sampling.n or max(1, (budget - prompt) // sampling.max_tokens)  # or a part of a group
    rows = min(rows, most)
    return MicroBatchShape(rows, prompt, sampling.max_tokens, prompts=ceil(rows / sampling.n))


def _step(plan: RunPlan, size: PolicySize) -> Part:
    """On a GPU, torch's optimizers work on all weights at once, with one copy of them in between."""
    between = size.trained_bytes // plan.hardware.shards if plan.hardware.is_gpu else size.largest_bytes
    return Part("optimizer step", between, STEP, "what it needs in between")


def _checkpoint(plan: RunPlan, kept: list[Part], update: list[Part]) -> list[Part]:
    """On a CPU: Lightning makes a checkpoint in memory before it writes it, beside what passes took and the process still has.

    With 135 million weights it is 1.5 GiB, and the most that a run takes where passes are small. A sharded one is written from
    a copy while training goes on.
    """
    if plan.hardware.is_gpu or not any(isinstance(one, PolicyCheckpoint) for one in plan.callbacks):
        return []
    copied = sum(part.bytes for part in kept if part.name in ("weights", "optimizer"))
    if plan.hardware.is_sharded:
        return [Part("checkpoint's copy", copied, KEPT, "weights and optimizer, while they are written")]
    freed = sum(int(KEPT_BACK * part.bytes) for part in update if part.name == "activations")
    return [
        Part("checkpoint's copy", copied, CHECKPOINT, "weights and optimizer, written into memory first"),
        Part("passes' memory", freed, CHECKPOINT, f"{KEPT_BACK:.0%} of activations: freed, not given back"),
    ]


def _engine(plan: RunPlan, size: PolicySize, prompt: int) -> list[Part]:
    engine, hardware, data = plan.data.maker.engine, plan.hardware, plan.data
    if isinstance(engine, VLLMEngine):
        cache = int(engine.kv_cache_gib * 2**30)
        share: float = engine.arguments["gpu_memory_utilization"]
        if hardware.is_gpu and not cache:
            taken, why = int(share * hardware.memory_bytes), f"{share:.0%} of the GPU (gpu_memory_utilization)"
        else:
            taken = size.weight_bytes // engine.tensor_parallel_size + (cache or 2**28)
            why = f"its own weights over {engine.tensor_parallel_size}, and its cache"
        if hardware.is_gpu and engine.sleep_level:
            return [Part("engine", taken, GENERATE, f"{why}, asleep while the policy trains")]
        return [Part("engine", taken, KEPT, why)]
    if not isinstance(engine, HFEngine | ProcessEngine):
        return [Part("engine", 0, KEPT, f"{type(engine).__name__}: on other devices")]
    width = prompt + data.sampling.max_tokens
    rows = min(max(1, engine.max_batch_tokens // width), rows_of_rank(plan))
    dtype = plan.module.weight_dtype if engine.dtype is None else getattr(torch, engine.dtype)
    cache = rows * cache_bytes(plan.module.policy_config, dtype, width)
    logits = LOGIT_COPIES * rows * plan.module.policy_config.vocab_size * 4
    cache += cache // max(1, size.layers)  # one layer's is copied at a time
    apart, named = isinstance(engine, ProcessEngine), str(dtype).removeprefix("torch.")
    passing = KEPT if apart and data.lag else GENERATE  # it writes while the policy is updated
    parts = [Part("engine's cache", cache + logits, passing, f"{rows} rows of {width} tokens, and logits")]
    if apart:
        sent = 0 if hardware.is_gpu else size.weight_bytes + resident_bytes()  # both lie on the host
        why = f"its weights, {named}{'' if hardware.is_gpu else ', those that it is sent, and a process of its own'}"
        parts.insert(0, Part("engine", size.weights * dtype.itemsize + sent, KEPT, why))
    elif hardware.is_sharded or engine.dtype is not None:
        parts.insert(0, Part("engine", size.weights * dtype.itemsize, KEPT, f"a whole replica on each device, {named}"))
    return parts
