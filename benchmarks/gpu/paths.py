"""The paths: each part runs one of them on the device and holds it against what it must equal.

A part takes a `Place`, returns its figures, and raises an AssertionError that says what differs.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from made import (
    END,
    PAD,
    SHAPES,
    Learner,
    Place,
    SkippedError,
    close,
    host_of,
    norm_of,
    policy,
    prompts_of,
    requests_of,
    rollouts_of,
    sampling,
    scorer_of,
    write_policy,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from asym_lit.layouts import padded, shared
from asym_lit.objectives import ace, dapo, grpo, gspo, simko, w_reinforce
from asym_lit.policy.chunked_head import ChunkedHead
from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import checkpoint_activations
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.policy.logit_tiles import TileSettings
from asym_lit.policy.token_scores import CHUNK_ELEMENTS, GPU_CHUNKS
from asym_lit.rollout.engine import EngineHost
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.microbatches import experience_of
from asym_lit.types import Needs

Figures = dict[str, Any]
BF16_GUARD = 0.05
"""Mean gap of log-probs between engine and trainer at which `MismatchGuard` stops a run."""


def chunked_head(place: Place) -> Figures:
    """The LM head in bf16, tile by tile, against all logits at once in fp64: scores and gradients."""
    tokens, words, width, temperature = (96, 997, 64, 0.7) if place.small else (1024, 151_936, 896, 0.7)
    torch.manual_seed(0)
    hidden_NH = torch.randn(tokens, width, device=place.device).bfloat16().requires_grad_()
    weight_VH = (torch.randn(words, width, device=place.device) / width**0.5 * 3).bfloat16().requires_grad_()
    targets_N = torch.randint(words, (tokens,), device=place.device)
    weights_N = torch.randn(tokens, device=place.device)
    elements = 4096 if place.small else CHUNK_ELEMENTS * GPU_CHUNKS
    settings = TileSettings.of(hidden_NH, weight_VH, temperature, LogitShaping(), elements)
    needs = Needs(entropy=True, top_n=3, rank1=True)
    logprobs_N, entropy_N, top_NK, rank1_N, _ = ChunkedHead.apply(hidden_NH, weight_VH, None, targets_N, settings, needs)
    ((logprobs_N + 0.1 * top_NK.sum(-1)) * weights_N).sum().backward()
    exact_NH, exact_VH = (t.detach().double().requires_grad_() for t in (hidden_NH, weight_VH))
    all_NV = torch.log_softmax(exact_NH @ exact_VH.t() / temperature, -1)
    right_N, best_NK = all_NV.gather(1, targets_N[:, None]).squeeze(1), all_NV.topk(3, -1).values
    ((right_N + 0.1 * best_NK.sum(-1)) * weights_N.double()).sum().backward()
    gaps = {
        "log-probs": float((logprobs_N - right_N).abs().max()),
        "entropies": float((entropy_N + (all_NV.exp() * all_NV).sum(-1)).abs().max()),
        "likeliest three": float((top_NK - best_NK).abs().max()),
    }
    for name, gap in gaps.items():
        assert gap < 2e-3, f"{name} differ from fp64 by up to {gap:.2g}, allowed 0.002"
    flags = float((rank1_N == (right_N >= best_NK[:, 0] - 1e-5)).double().mean())
    assert flags > 0.99, f"rank-1 flags agree on {flags:.1%} of the tokens"
    for name, own, exact in (("hidden states", hidden_NH, exact_NH), ("weight", weight_VH, exact_VH)):
        assert own.grad is not None and exact.grad is not None
        gaps[f"gradient by {name}"] = float((own.grad.double() - exact.grad).norm() / exact.grad.norm())
        assert gaps[f"gradient by {name}"] < 1e-2, f"the gradient by the {name} differs by {gaps[f'gradient by {name}']:.2g}"
    return gaps


def _batch(place: Place, prompts: int = 2, group: int = 4) -> tuple[list[Any], int]:
    words, tokens = SHAPES[place.shape].vocabulary, (8, 12) if place.small else (64, 96)
    return rollouts_of(prompts_of(prompts, tokens[0], words), group, tokens[1], words, ragged=True), group


def shared_prompts(place: Place) -> Figures:
    """Prompts read once for their groups against a row for each response: log-probs and gradients, in fp32."""
    scorer = scorer_of(policy(place.shape, torch.float32, place.device))
    rollouts, group = _batch(place)
    mask_BT = experience_of(rollouts, group, place.device).mask_BT
    found = {}
    for name, tokens in (("shared", shared(rollouts, place.device)), ("padded", padded(rollouts, place.device))):
        scorer.zero_grad()
        logprobs_BT = scorer(tokens, mask_BT, 1.0, Needs()).logprobs_BT
        logprobs_BT.sum().backward()
        found[name] = (logprobs_BT.detach(), norm_of(scorer.parameters()))
    gap = float((found["shared"][0] - found["padded"][0]).abs().max())
    assert gap < 1e-3, f"log-probs differ by up to {gap:.2g}, allowed 0.001"
    close("norm of the gradient, shared against padded", found["shared"][1], found["padded"][1], 1e-3)
    return {"log-probs differ by": gap, "norm of the gradient": found["shared"][1]}


def adapters(place: Place) -> Figures:
    """LoRA: only adapters learn, the policy without them stays what it was, and an engine is sent merged weights."""
    if find_spec("peft") is None:
        raise SkippedError("peft is not installed")
    from asym_lit.policy.adapter_trial import add_tried_adapters
    from asym_lit.policy.lora import AdapterOff, LoRA

    model = policy(place.shape, torch.float32, place.device)
    scorer = scorer_of(add_tried_adapters(model, LoRA(r=8, alpha=16)))
    rollouts, group = _batch(place)
    learner = Learner(scorer, grpo(), rollouts, group, 10_000, place.device)
    learner.score()
    before = learner.parts[0].experience.old_logprobs_BT
    trained = [p for p in scorer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    learner.estimate()
    learner.accumulate()
    optimizer.step()
    assert all(p.grad is None for p in scorer.parameters() if not p.requires_grad), "a frozen weight has a gradient"
    now = learner.scores(learner.parts[0], Needs()).logprobs_BT.detach()
    off = learner.scores(learner.parts[0], Needs(), AdapterOff(scorer)).logprobs_BT.detach()
    moved, back = float((now - before).abs().max()), float((off - before).abs().max())
    assert moved > 1e-4, "a step of the adapters moved nothing"
    assert back < 1e-6, f"without adapters log-probs differ from before by {back:.2g}"
    plain = policy(place.shape, torch.float32, place.device)
    plain.load_state_dict(dict(named_weights(scorer.model)))
    merged = learner.scores(learner.parts[0], Needs(), scorer_of(plain)).logprobs_BT.detach()
    gap = float((merged - now).abs().max())
    assert gap < 2e-3, f"merged weights give log-probs that differ by {gap:.2g}"
    return {"moved by a step": moved, "merged differs by": gap, "trained weights": sum(p.numel() for p in trained)}


def checkpointing(place: Place) -> Figures:
    """Activation checkpointing: the same loss and gradient, with less memory."""
    found = {}
    for again in (False, True):
        scorer = scorer_of(policy(place.shape, torch.float32, place.device)).train()
        if again:
            checkpoint_activations(scorer.model)
        rollouts, group = _batch(place, prompts=2 if place.small else 16)
        learner = Learner(scorer, grpo(), rollouts, group, 100_000, place.device)
        learner.score()
        learner.estimate()
        place.forget_peak()
        loss = learner.accumulate()
        found[again] = (loss, norm_of(scorer.parameters()), place.peak())
        del scorer, learner
    close("loss with checkpointing", found[True][0], found[False][0], 1e-4)
    close("norm of the gradient with checkpointing", found[True][1], found[False][1], 1e-4)
    peaks = [found[again][2] / 2**20 for again in (False, True)]
    assert not place.is_gpu or peaks[1] < peaks[0], f"it took {peaks[1]:.0f} MiB, without it {peaks[0]:.0f} MiB"
    return {"norm of the gradient": found[True][1], "MiB without": peaks[0], "MiB with": peaks[1]}


def open_group(place: Place) -> None:
    """A process group of this process alone, once."""
    if not dist.is_initialized():
        backend = "nccl" if place.is_gpu else "gloo"
        device = {"device_id": torch.device("cuda", 0)} if place.is_gpu else {}
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1, **device)


def split(scorer: Any, place: Place, compute: torch.dtype) -> None:
    """Shard a policy over one rank, as the `fsdp2` strategy does: layers by themselves, then the rest."""
    open_group(place)
    mesh = init_device_mesh(place.device.type, (1,))
    precision = MixedPrecisionPolicy(param_dtype=compute, reduce_dtype=torch.float32)
    for layer in decoder_layers(scorer.model):
        fully_shard(layer, mesh=mesh, mp_policy=precision)
    fully_shard(scorer, mesh=mesh, mp_policy=precision)


def sharded(place: Place) -> Figures:
    """FSDP2 with one rank: in fp32 what the whole policy gives; computing in bf16; weights gathered for engines."""
    rollouts, group = _batch(place)
    found = {}
    for name, compute in (("whole", None), ("fp32", torch.float32), ("bf16", torch.bfloat16)):
        model = policy(place.shape, torch.float32, place.device)
        scorer = scorer_of(model).train()
        if compute is not None:
            split(scorer, place, compute)
        learner = Learner(scorer, grpo(), rollouts, group, 10_000, place.device)
        learner.score()
        learner.estimate()
        loss = learner.accumulate()
        parameters = list(scorer.parameters())
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        norm = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        torch.optim.AdamW(parameters, lr=1e-3).step()
        found[name] = (loss, norm, learner.parts[0].experience.old_logprobs_BT, dict(named_weights(model)))
    for name, allowed in (("fp32", 1e-3), ("bf16", 0.1)):
        close(f"norm of the gradient, sharded in {name}", found[name][1], found["whole"][1], allowed)
    gaps = {name: float((found[name][2] - found["whole"][2]).abs().mean()) for name in ("fp32", "bf16")}
    assert gaps["fp32"] < 1e-4 and gaps["bf16"] < BF16_GUARD, f"log-probs differ from the whole policy's by {gaps}"
    away = max(float((found["fp32"][3][name] - value).abs().max()) for name, value in found["whole"][3].items())
    assert away < 3e-3, (
        f"after a step of 0.001 gathered weights differ by up to {away:.2g}"
    )  # signs of tiny gradients may differ
    return {"log-probs differ by, fp32": gaps["fp32"], "bf16": gaps["bf16"], "norm of the gradient": found["whole"][1]}


def _gap(engine: Any, scorer: Any, place: Place, rollouts: list[Any] | None = None) -> tuple[float, list[Any]]:
    """Mean gap of log-probs between what wrote rollouts and the trainer."""
    group, words = 4, SHAPES[place.shape].vocabulary
    if rollouts is None:
        prompts = prompts_of(3, 8 if place.small else 64, words)
        asked = sampling(group, 12 if place.small else 96)
        rollouts = [one for found in engine.generate(requests_of(prompts), asked) for one in found]
    learner = Learner(scorer, grpo(), rollouts, group, 100_000, place.device)
    learner.score()
    gaps = [
        (part.experience.sampler_logprobs_BT - part.experience.old_logprobs_BT)[part.experience.mask_BT.bool()]
        for part in learner.parts
    ]
    return float(torch.cat(gaps).abs().mean()), rollouts


def guard(place: Place) -> Figures:
    """Engine and trainer agree on what was sampled: sharing weights, as a replica in bf16; stale weights stand out."""
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        model = policy(place.shape, dtype, place.device)
        engine = HFEngine()
        engine.start(host_of(model))
        engine.sync([], 1)
        name = str(dtype).removeprefix("torch.")
        found[name], rollouts = _gap(engine, scorer_of(model), place)
        found[f"tokens, {name}"] = sum(len(one.token_ids) for one in rollouts)
    model = policy(place.shape, torch.float32, place.device)
    replica = HFEngine(dtype="bfloat16")
    replica.start(host_of(model))
    replica.sync(named_weights(model), 1)
    found["replica in bfloat16"], rollouts = _gap(replica, scorer_of(model), place)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * weight.abs().mean() * torch.randn_like(weight) * (30 if place.small else 10)
    found["stale weights"], _ = _gap(replica, scorer_of(model), place, rollouts)
    assert found["float32"] < 1e-3, f"engine and trainer differ by {found['float32']:.2g} in fp32"
    for name in ("bfloat16", "replica in bfloat16"):
        assert found[name] < BF16_GUARD, (
            f"engine and trainer differ by {found[name]:.2g}, {name}; the guard stops at {BF16_GUARD}"
        )
    assert found["stale weights"] > BF16_GUARD, f"other weights differ by {found['stale weights']:.2g} only: not seen"
    return found


def replay(place: Place) -> Figures:
    """Objectives on the same rollouts: on the device as on the CPU, in fp32; and the first ratio is exactly 1."""
    rollouts, group = _batch(place)
    presets = {
        "grpo": grpo(),
        "dapo": dapo(),
        "gspo": gspo(),
        "simko": simko(),
        "w_reinforce": w_reinforce(),
        "ace": ace(grpo()),
    }
    sides = [place.device] if not place.is_gpu else [place.device, torch.device("cpu")]
    model = policy(place.shape, torch.float32, place.device)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in presets}
    for device in sides:
        scorer = scorer_of(model.to(device)).train()
        for name, objective in presets.items():
            scorer.zero_grad()
            learner = Learner(scorer, objective, rollouts, group, 10_000, device)
            learner.score(scorer)
            learner.estimate()
            found[name].append((learner.accumulate(), norm_of(scorer.parameters())))
        part = learner.parts[0]
        again = learner.scores(part, Needs(entropy=True, top_n=3)).logprobs_BT.detach()
        apart = float((again - part.experience.old_logprobs_BT).abs().max())
        assert apart == 0, f"on {device} the same micro-batch scored twice differs by {apart:.2g}: the first ratio is not 1"
    for name, (first, *others) in found.items():
        assert first[1] > 0, f"{name} has no gradient"
        for other in others:
            close(f"norm of the gradient of {name}, device against CPU", first[1], other[1], 2e-3)
    return {name: values[0][1] for name, values in found.items()}


def vllm(place: Place) -> Figures:
    """vLLM in this process: it takes the weights, writes, and agrees with the trainer."""
    if find_spec("vllm") is None:
        raise SkippedError("vllm is not installed")
    if not place.is_gpu:
        raise SkippedError("it is tried on a GPU; on a CPU by the tests")
    from asym_lit.rollout.vllm_engine import VLLMEngine

    open_group(place)
    model = policy("0.5B", torch.bfloat16, place.device)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = write_policy(model, Path(folder))
        host = EngineHost(folder, model, place.device, torch.bfloat16, frozenset({END}), PAD, tokenizer=tokenizer, longest=256)
        engine = VLLMEngine(gpu_memory_utilization=0.4, enforce_eager=True)
        engine.check()
        engine.start(host)
        try:
            engine.sync(named_weights(model), 1)
            gap, rollouts = _gap(engine, scorer_of(model), place)
            seconds: dict[str, float] = {}
            asked = requests_of(prompts_of(8, 64, SHAPES["0.5B"].vocabulary, seed=1))
            with place.timed(seconds, "generate"):
                written = [one for found in engine.generate(asked, sampling(8, 128)) for one in found]
        finally:
            engine.close()
    assert gap < BF16_GUARD, f"vLLM and trainer differ by {gap:.2g}; the guard stops at {BF16_GUARD}"
    speed = sum(len(one.token_ids) for one in written) / seconds["generate"]
    return {"differs by": gap, "tokens": sum(len(one.token_ids) for one in rollouts), "tokens/s, 64 x 128, eager": speed}
