"""A step by stage: seconds, tokens a second, share of the chip's peak, peak memory beside what `preflight` reckons with.

Weights in fp32, split over one rank and gathered in bf16, AdamW, prompts read once for their groups: as the overlays of
`configs/overlays/models` train. Rollouts are random tokens of one length, 8 prompts x 8. The engine is `HFEngine` with a
replica in bf16; it writes 128 tokens in the middle of the response, whose passes cost what they do on average, and its seconds
are those for as many passes as the response has tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from made import (
    SHAPES,
    Learner,
    Place,
    config_of,
    host_of,
    policy,
    prompts_of,
    requests_of,
    rollouts_of,
    sampling,
    scorer_of,
)
from paths import split

from asym_lit.objectives import grpo
from asym_lit.policy.activations import MicroBatchShape, activation_bytes
from asym_lit.policy.costs import costs_of
from asym_lit.policy.export import named_weights
from asym_lit.policy.size import measure_policy
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.step_times.devices import device_named
from asym_lit.step_times.roofline import Reached, Roofline
from asym_lit.step_times.work import StepWork, model_flops
from asym_lit.types import Needs

PROMPTS, GROUP, PROMPT, BUDGET = 8, 8, 256, 16384
MEASURED_PASSES = 128
EAGER_PASS = 0.025
"""Seconds of a pass of `HFEngine` that `preflight` reckons with."""
AIM = 0.45
"""Of the chip's peak, in the update."""


def step(place: Place, shape: str, response: int) -> dict[str, Any]:
    """One row of the table."""
    if place.small:
        sizes = ("tiny", 2, 4, 8, response, 64, 4)
    else:
        sizes = (shape, PROMPTS, GROUP, PROMPT, response, BUDGET, MEASURED_PASSES)
    name, prompts, group, prompt, response, budget, passes = sizes
    words, config = SHAPES[name].vocabulary, config_of(SHAPES[name])
    work = StepWork(prompts, group, prompt, response, response, scored=1.0)
    seconds = generated(place, name, work, passes)
    place.forget_peak()
    rollouts = rollouts_of(prompts_of(prompts, prompt, words), group, response, words)
    trained(place, name, rollouts, group, budget, seconds)
    peak, costs = place.peak(), costs_of(config)
    total, tokens = sum(seconds.values()), work.generated
    row = {"policy": name, "response": response, "seconds": seconds, "step": total, "tokens/s": tokens / total}
    row["tokens/s generated"] = tokens / seconds["generate"]
    row["tokens/s updated"] = tokens / seconds["update"]
    row["peak GiB"] = peak / 2**30
    row["preflight GiB"] = reckoned(config, prompt, response, group, budget, place.is_gpu) / 2**30
    device = device_named(torch.cuda.get_device_name()) if place.is_gpu else None
    if device is not None:
        row["share of peak"] = model_flops(costs, work) / seconds["update"] / device.flops
        row["aim"] = AIM
        roofline = Roofline(costs, device, replace(Reached(), pass_seconds=EAGER_PASS), budget)
        row["predicted"] = {
            "generate": roofline.generate(work, 1),
            "score": roofline.score(work, 1),
            "update": roofline.update(work, 1),
        }
    return row


def generated(place: Place, name: str, work: StepWork, passes: int) -> dict[str, float]:
    """Seconds of the engine: weights taken over, and all responses written."""
    dtype, words = torch.bfloat16 if place.is_gpu else torch.float32, SHAPES[name].vocabulary
    model = policy(name, dtype, place.device)
    engine = HFEngine(max_batch_tokens=int(work.rollouts * (work.prompt + work.response + passes)))
    engine.start(host_of(model, live=False, load=lambda: policy(name, dtype, place.device)))
    seconds: dict[str, float] = {}
    with place.timed(seconds, "sync"):
        engine.sync(named_weights(model), 1)
    middle = int(work.prompt + work.response / 2 - passes / 2)
    asked = requests_of(prompts_of(work.prompts, max(middle, 1), words))
    taken: dict[str, float] = {}
    list(engine.generate(asked, sampling(work.group, 2)))  # kernels that are chosen at first use
    for name_of, tokens in (("one", 1), ("many", 1 + passes)):
        with place.timed(taken, name_of):
            list(engine.generate(asked, sampling(work.group, tokens)))
    each = max(taken["many"] - taken["one"], 1e-9) / passes
    seconds["generate"] = taken["one"] * work.prompt / max(middle, 1) + each * work.response
    return seconds


def trained(place: Place, name: str, rollouts: list[Any], group: int, budget: int, seconds: dict[str, float]) -> None:
    """Adds the seconds of scoring and of the update, behind a short one that warms up."""
    scorer = scorer_of(policy(name, torch.float32, place.device)).train()
    split(scorer, place, torch.bfloat16 if place.is_gpu else torch.float32)
    parameters = list(scorer.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-6, fused=place.is_gpu)
    for warms_up in (True, False):
        learner = Learner(scorer, grpo(), rollouts, group, budget, place.device)
        if warms_up:
            learner.parts = learner.parts[:1]
        taken: dict[str, float] = {}
        with place.timed(taken, "score"):
            learner.score()
        learner.estimate()
        with place.timed(taken, "update"):
            optimizer.zero_grad()
            learner.accumulate()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
    seconds |= taken


def reckoned(config: Any, prompt: int, response: int, group: int, budget: int, is_gpu: bool) -> int:
    """Bytes that `preflight` reckons with in the update: kept, gathered, activations, logits; no engine beside them."""
    whole = prompt + group * response <= budget
    rows = group * (budget // (prompt + group * response)) if whole else max(1, (budget - prompt) // response)
    shape = MicroBatchShape(rows, prompt, response, prompts=max(1, rows // group))
    compute = torch.bfloat16 if is_gpu else torch.float32
    size = measure_policy(config, torch.float32)
    kept = size.weight_bytes + size.trained_bytes + 8 * size.trained
    width = compute.itemsize
    gathered = width * (size.outside + min(2, size.layers) * size.layer) + (width + 4) * max(size.outside, size.layer)
    needs = grpo().update_needs | Needs()
    return kept + gathered + activation_bytes(config, compute, shape, needs, is_gpu=is_gpu)
