"""A policy measured on a task in one call, without a trainer or a run folder.

The responses are made as `probe` makes them. Runs measure themselves by `validate`, and leave a ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch

from asym_lit.api.results import Evaluation
from asym_lit.command_line.names import nearest
from asym_lit.commands.probe.probing import ProbedTask, bundled_tasks
from asym_lit.commands.replay.sampling import load_scorer, sampled_batch
from asym_lit.policy.loading import Dtype
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.tasks import (
    Countdown,
    CountdownData,
    CountdownVerifier,
    Operation,
    OperationVerifier,
    Problems,
    ReasoningGym,
    Sums,
    WordProblems,
)
from asym_lit.types import InputError, Outcome, RolloutBatch, Sampling, Split, Task, Verifier
from asym_lit.verifiers import Function, Maths, ReasoningGymScore

USUAL: tuple[tuple[tuple[type, ...], Callable[[], Verifier], int], ...] = (
    ((Countdown, CountdownData), CountdownVerifier, 24),
    ((Operation,), OperationVerifier, 8),
    ((Sums, WordProblems), Maths, 256),
    ((Problems,), Maths, 1024),
    ((ReasoningGym,), ReasoningGymScore, 1024),
)
"""Tasks that ship, what decides on them, and the longest response to one."""


def evaluate(
    policy: str | Path,
    task: Task | str,
    n: int = 64,
    *,
    verifier: Verifier | Callable[..., Any] | str | None = None,
    prompts: int | None = None,
    split: Split = "val",
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    stop_strings: tuple[str, ...] = (),
    prompt_format: PromptFormat = PromptFormat(),
    seed: int = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    dtype: Dtype = "float32",
) -> Evaluation:
    """How well a policy does on a task: counts, and pass@k with 95 % intervals over problems.

    Args:
        policy: `bundled`, a Hugging Face directory, one that a run wrote (`checkpoints/step_160/huggingface`), or a hub id.
        task: A task, or the name of one that the bundled policy knows: `countdown`, `operation`.
        n: Responses to each problem; the largest k.
        verifier: Decides; a function too, or where it is: `mine.py:reward`. That of the recipes for tasks that ship.
        prompts: Problems, the first of the split; None for all.
        split: Of the problems.
        temperature: Of sampling.
        top_p: Of sampling; 1 keeps all tokens.
        max_tokens: Longest response, stop token included. That of the recipes for tasks that ship.
        stop_strings: Texts that end a response.
        prompt_format: How questions are put: a template, a chat, shots. As in training, or the numbers are others.
        seed: Of the responses and of the intervals.
        device: `auto` takes a GPU if there is one.
        dtype: Of the weights.

    Raises:
        InputError: If the policy cannot be loaded, or the task needs a word more, before anything is computed.
    """
    one = _asked(task, verifier, max_tokens)
    sampling = Sampling(n, temperature, top_p, 0, one.max_tokens, stop_strings)
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is 'cuda', but torch finds no GPU; write device='cpu'.")
    problems = len(one.task.prompts(split))
    if prompts is not None and not 1 <= prompts <= problems:
        raise InputError(f"prompts is {prompts}; allowed: 1 to {problems}, the {split} problems of {one.task.name}.")
    if not problems:
        raise InputError(f"{one.task.name} has no {split} problems; write another split.")
    where = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    scorer, tokenizer = load_scorer(str(policy), dtype, where)
    prompt_format.check(tokenizer)
    asked = (problems if prompts is None else prompts, sampling, seed, split, prompt_format)
    with torch.inference_mode():
        made = sampled_batch(scorer, tokenizer, one.task, one.verifier, *asked)
    return _counted(str(policy), made, seed)


def _asked(task: Task | str, verifier: Verifier | Callable[..., Any] | str | None, max_tokens: int | None) -> ProbedTask:
    """A task with its verifier and its length: those given, or those of the recipes."""
    if isinstance(task, str):
        known = bundled_tasks()
        if task not in known:
            close = f" Nearest: {near}." if (near := nearest(task, list(known))) else ""
            raise InputError(
                f"task is {task!r}.{close} Allowed: {', '.join(known)}, or a task such as asym_lit.tasks.Countdown()."
            )
        task = known[task].task
    kinds = next((row for row in USUAL if isinstance(task, row[0])), None)
    if verifier is None and kinds is None:
        raise InputError(f"Nothing decides on responses to {type(task).__name__}; write verifier=, a verifier or a function.")
    if max_tokens is None and kinds is None:
        raise InputError(f"How long may a response to {type(task).__name__} be? Write max_tokens=.")
    length = max_tokens if max_tokens is not None or kinds is None else kinds[2]
    decides = kinds[1]() if verifier is None and kinds is not None else verifier
    if isinstance(decides, str) or not hasattr(decides, "verify"):
        decides = Function(decides)  # type: ignore[arg-type]
    return ProbedTask(task, decides, length)  # type: ignore[arg-type]


def _counted(policy: str, made: RolloutBatch, seed: int) -> Evaluation:
    outcomes = [[r.verdict.truth for r in group if r.verdict] for group in made.groups]
    undecided = tuple(group.count(Outcome.UNDECIDED) for group in outcomes)
    return Evaluation(
        policy,
        made.source,
        tuple(group[0].prompt.uid for group in made.groups),
        tuple(len(group) - none for group, none in zip(outcomes, undecided, strict=True)),
        tuple(group.count(Outcome.CORRECT) for group in outcomes),
        undecided,
        made,
        seed,
    )
