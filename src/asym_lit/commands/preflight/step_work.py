"""A run's rollout step as counted work: how many tokens are read and written, and what its engine holds at once."""

from __future__ import annotations

import torch

from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.lit.callbacks.dynamics import Dynamics
from asym_lit.policy.costs import costs_of
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.step_times.costs import PolicyCosts
from asym_lit.step_times.decoding import EngineRoom
from asym_lit.step_times.work import StepWork


def watches(plan: RunPlan) -> bool:
    """Rollouts without a gradient are scored too, for diagnostics."""
    return any(isinstance(callback, Dynamics) for callback in plan.callbacks)


def work_of(plan: RunPlan, prompts: int, prompt: float, response: float, longest: float, learning: float) -> StepWork:
    """The work of a step of so many prompts.

    Args:
        plan: The run.
        prompts: Of the step.
        prompt: Tokens of one, on average.
        response: Tokens of a response, on average.
        longest: Tokens of the longest.
        learning: Share of the rollouts that have a gradient.
    """
    module = plan.module
    return StepWork(
        prompts,
        plan.data.sampling.n,
        prompt,
        response,
        longest,
        learning=learning,
        scored=scored_share(plan, learning),
        inner_epochs=module.inner_epochs,
        mini_batches=module.mini_batches,
        shares_prompts=not plan.why_not_shared,
        recomputes=module.gradient_checkpointing,
    )


def scored_share(plan: RunPlan, learning: float) -> float:
    """Passes over all rollouts that are made before the updates: old log-probs, and those of a reference.

    Where nothing reads them beforehand those of the first mini-batch are taken from its update.
    """
    needs, parts = plan.module.objective.rollout_needs, plan.module.mini_batches
    idle = 1 - learning if watches(plan) or needs.rollout_scores else 0.0
    old = learning if needs.rollout_scores else learning * (parts - 1) / parts
    return old + idle + (learning + idle if needs.reference else 0.0)


def costs_of_plan(plan: RunPlan) -> PolicyCosts:
    """The policy's, generated with in the engine's dtype."""
    named = getattr(plan.data.maker.engine, "dtype", None)
    dtype = plan.module.weight_dtype if named is None else getattr(torch, named)
    return costs_of(plan.module.policy_config, plan.module.lora, dtype)


def room_of(plan: RunPlan, longest_prompt: int) -> EngineRoom:
    """What the engine of one process holds at once, as far as its settings say."""
    engine = plan.data.maker.engine
    if isinstance(engine, HFEngine):
        width = longest_prompt + plan.data.sampling.max_tokens
        return EngineRoom(max(1, engine.max_batch_tokens // width), refills=False)
    if isinstance(engine, VLLMEngine):
        return EngineRoom(engine.arguments["max_num_seqs"])
    return EngineRoom()
