"""Seconds of a rollout step, and how GPUs are best shared out: predicted, with how that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path

import torch

from asym_lit.commands.preflight.checks import Rows
from asym_lit.commands.preflight.measured_run import seconds_of
from asym_lit.commands.preflight.measuring import measure
from asym_lit.commands.preflight.memory import KEPT, STEP, UPDATE, MemoryEstimate
from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.commands.preflight.step_work import costs_of_plan, room_of, work_of
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.step_times.devices import Device, device_named
from asym_lit.step_times.pace import efforts, predicted
from asym_lit.step_times.roofline import Reached, Roofline, StageSeconds
from asym_lit.step_times.splits import Split, apart, shortest
from asym_lit.step_times.work import StepWork
from asym_lit.types import InputError, Prompt

ASSUMED_GPU = "H100"
NO_RATIOS = StageSeconds(1.0, 1.0, 1.0, 1.0)
EAGER_PASS = 0.025
"""Seconds of a token's pass that `HFEngine` takes on a GPU whatever it holds: kernels are started one by one."""
BUSY = 0.8
"""Share of the time that one thread has a processor, below which something else runs beside it."""
ROOM = 0.9
"""Share of a GPU's memory that is counted on."""


def time_lines(plan: RunPlan, training: Rows, longest: int, memory: MemoryEstimate) -> Iterator[str]:
    """What is said of a step's seconds: by stage, how it is known, and the best splits of the run's GPUs.

    Args:
        plan: The run.
        training: Its problems.
        longest: Tokens of the longest prompt.
        memory: What a device holds, to tell how few GPUs would do.
    """
    prompts = [prompt for prompt in training.prompts if len(prompt.token_ids) <= longest]
    if not prompts:
        return
    settings, hardware = plan.settings, plan.hardware
    if settings.like:
        yield from _like(plan, prompts, memory)
    elif settings.measure:
        yield _measured(plan, prompts[: settings.measure], longest)
    elif hardware.is_gpu or settings.gpu:
        device, named = _device(plan)
        roofline, work = _roofline(plan, device), _assumed_work(plan, prompts)
        stages = _together(plan, roofline, work)
        yield f"A step takes about {_told(stages.step, stages)} ({_how(plan, device, named)})"
        yield from _splits(plan, roofline, work, memory, stages, NO_RATIOS)
    else:
        yield "not told for a CPU from figures: --preflight.measure 10 makes two small steps of 10 prompts"


def _measured(plan: RunPlan, prompts: list[Prompt], longest: int) -> str:
    if len(prompts) < 2:
        raise InputError(f"preflight.measure makes two steps, of a prompt each at least; the task has {len(prompts)}.")
    costs, room = costs_of_plan(plan), room_of(plan, longest)
    share = ceil(plan.data.prompts_per_step / plan.hardware.world)
    found = measure(plan, prompts, costs, room)
    work = work_of(plan, share, found.prompt, found.response, found.longest, found.learning)
    stages = predicted(found.paces, efforts(costs, work, room))
    how = f"measured here on {found.prompts} prompts in {found.seconds:.0f} s: responses of {found.response:.0f} tokens, "
    how += f"{found.learning:.0%} of them with a gradient"
    if not plan.hardware.is_gpu and torch.get_num_threads() == 1 and found.own < BUSY:
        how += f"; other work took {1 - found.own:.0%} of the processor, so it is less on a quiet machine"
    return f"A step takes about {_told(stages.step, stages)} ({how})"


def _like(plan: RunPlan, prompts: list[Prompt], memory: MemoryEstimate) -> Iterator[str]:
    found = seconds_of(Path(plan.settings.like))
    how = f"as the steps of {plan.settings.like} took, {found.steps} of them: responses of {found.response:.0f} tokens, "
    how += f"{found.learning:.0%} of them with a gradient"
    yield f"A step takes about {_told(found.stages.step, found.stages)} ({how})"
    if plan.hardware.is_gpu:
        roofline = _roofline(plan, _device(plan)[0])
        prompt = sum(len(one.token_ids) for one in prompts) / len(prompts)
        sizes = (plan.data.prompts_per_step, prompt, found.response, plan.data.sampling.max_tokens)
        work = work_of(plan, *sizes, learning=found.learning)
        ratios = found.ratios_to(_together(plan, roofline, work))
        yield from _splits(plan, roofline, work, memory, found.stages, ratios)


def _told(seconds: float, stages: StageSeconds) -> str:
    parts = {"generate": stages.generate, "score": stages.score, "update": stages.update, "sync": stages.sync}
    told = ", ".join(f"{name} {_digits(part)}" for name, part in parts.items() if part >= 0.01 * seconds or name == "generate")
    return f"{_digits(seconds)} s: {told}"


def _digits(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


def _device(plan: RunPlan) -> tuple[Device, bool]:
    """The GPU, and whether it was given or found."""
    if (given := device_named(plan.settings.gpu)) is not None:
        return given, True
    found = device_named(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None
    assumed = device_named(ASSUMED_GPU)
    assert assumed is not None
    return found or assumed, found is not None


def _how(plan: RunPlan, device: Device, named: bool) -> str:
    how = f"by the figures of {'an' if device.name[0] in 'AHL' else 'a'} {device.name}"
    if not named:
        how += ", as no GPU is named (--preflight.gpu)"
    if not plan.settings.response_tokens:
        how += f"; responses of {plan.data.sampling.max_tokens} tokens, as long as they may be (--preflight.response_tokens)"
    return how + "; it may be half or twice as much"


def _assumed_work(plan: RunPlan, prompts: list[Prompt]) -> StepWork:
    most = plan.data.sampling.max_tokens
    response = min(plan.settings.response_tokens or most, most)
    prompt = sum(len(one.token_ids) for one in prompts) / len(prompts)
    return work_of(plan, plan.data.prompts_per_step, prompt, response, most, learning=1.0)


def _roofline(plan: RunPlan, device: Device) -> Roofline:
    eager = isinstance(plan.data.maker.engine, HFEngine)
    reached = replace(Reached(), pass_seconds=EAGER_PASS) if eager else Reached()
    budget = plan.module.max_micro_batch_tokens
    return Roofline(costs_of_plan(plan), device, reached, budget, plan.hardware.is_sharded)


def _parallel(plan: RunPlan) -> int:
    return int(getattr(plan.data.maker.engine, "tensor_parallel_size", 1))


def _together(plan: RunPlan, roofline: Roofline, work: StepWork) -> StageSeconds:
    """Engine and trainer on the same GPUs, with the share of the memory that the engine has there."""
    world, parallel = plan.hardware.world, _parallel(plan)
    share = getattr(plan.data.maker.engine, "arguments", {}).get("gpu_memory_utilization", 0.4)
    weights = roofline.costs.weights * roofline.costs.number_bytes
    cache = max(share * roofline.device.memory - weights / parallel, 0.0)
    generate = roofline.generate(work, world, parallel, cache)
    own = plan.hardware.is_sharded or getattr(plan.data.maker.engine, "dtype", None) is not None
    sync = roofline.sync() if own else 0.0
    return StageSeconds(generate, roofline.score(work, world), roofline.update(work, world), sync)


def _splits(
    plan: RunPlan, roofline: Roofline, work: StepWork, memory: MemoryEstimate, together: StageSeconds, ratios: StageSeconds
) -> Iterator[str]:
    """The best ways to share out the run's GPUs, stages multiplied by what a measured step says; nothing for one GPU."""
    gpus, parallel = plan.hardware.world, _parallel(plan)
    if gpus < 2:
        return
    trainers, engines = _fewest(plan, roofline, memory, parallel)

    def predict(engine_gpus: int, trainer_gpus: int) -> StageSeconds:
        return roofline.stages(work, engine_gpus, trainer_gpus, parallel).times(ratios)

    told = [f"together {_digits(together.step)} s"]
    for lag, name in ((0, "apart"), (1, "apart, one step behind (lag 1)")):
        best = shortest(apart(predict, gpus, lag, parallel, engines, trainers))
        told.append(f"{name} {_split(best)}" if best else f"{name}: does not fit")
    yield f"{gpus} GPUs, engine + trainer: {'; '.join(told)}"


def _split(split: Split) -> str:
    return f"{split.engines} + {split.trainers} in {_digits(split.seconds)} s"


def _fewest(plan: RunPlan, roofline: Roofline, memory: MemoryEstimate, parallel: int) -> tuple[int, int]:
    """Trainers that hold weights and optimizer, and GPUs that hold an engine."""
    has = ROOM * (plan.hardware.memory_bytes or roofline.device.memory)
    kept = sum(part.bytes for part in memory.parts if part.phase == KEPT and not part.name.startswith("engine"))
    passing = max(sum(part.bytes for part in memory.parts if part.phase == phase) for phase in (UPDATE, STEP))
    split = kept * plan.hardware.shards if plan.hardware.is_sharded else 0
    trainers = ceil(split / max(has - passing, 1.0)) if split else 1
    weights = roofline.costs.weights * roofline.costs.number_bytes
    return max(trainers, 1), max(parallel, parallel * ceil(weights / has / parallel))
