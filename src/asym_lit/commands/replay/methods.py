"""Which objectives are compared: presets with their defaults, and what a person adds. The presets are in `objectives/`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from asym_lit.objectives import Objective, presets
from asym_lit.objectives.scheduled import AdaptiveOutcome
from asym_lit.types import InputError, RolloutBatch

GRPO_AS_MOST_AVERAGE = "grpo_by_token"
"""GRPO as most trainers average it: what DAPO, SimKO and others start from, so what they are to be told apart from."""
SHORT_LIST = (
    "grpo",
    GRPO_AS_MOST_AVERAGE,
    "dapo",
    "simko",
    "ace",
    "psr_full",
    "nsr_full",
    "w_reinforce",
    "max_rl",
    "forking_tokens",
)
"""Compared if nothing is asked for: one of each kind."""
DRO_BETA = 0.1
"""DRO has no default; at 0.1 a token that has moved by one nat is pulled back by a tenth of an advantage of 1."""
ALL = "all"
_NEEDS_ANNOTATIONS = {"bcpg_nsa"}
_NEEDS_SAMPLING: dict[str, Objective] = {"remax": presets.remax()}
"""By name alone, not in `all`: they want more of the engine than the rollouts of a file hold."""


def preset_objectives(max_tokens: int) -> dict[str, Objective]:
    """Every preset that can be built from its defaults and used on any rollouts, by name.

    A combinator is put on GRPO, so that `ace` is `ace(base=grpo())`.

    Args:
        max_tokens: Longest response, for presets that divide by it.
    """
    given: dict[str, Any] = {"base": presets.grpo(), "max_tokens": max_tokens, "beta": DRO_BETA}
    found = {GRPO_AS_MOST_AVERAGE: presets.grpo(token_mean=True)}
    for name, function in vars(presets).items():
        if name in {*_NEEDS_ANNOTATIONS, *_NEEDS_SAMPLING} or not inspect.isfunction(function):
            continue
        signature = inspect.signature(function)
        required = [p.name for p in signature.parameters.values() if p.default is p.empty]
        if signature.return_annotation in ("Objective", Objective) and set(required) <= set(given):
            found[name] = function(**{key: given[key] for key in required})
    return found


def chosen_objectives(
    names: Sequence[str] | None, own: Mapping[str, Objective] | None, max_tokens: int
) -> dict[str, Objective]:
    """What is compared, by name.

    Args:
        names: Of presets, `all` for every one; None for a short list, or for GRPO alone if `own` is given.
        own: Objectives with names of their own.
        max_tokens: Longest response.

    Raises:
        InputError: If there is no such preset, or a name is taken.
    """
    every = preset_objectives(max_tokens)
    available = every | _NEEDS_SAMPLING
    if names is None:
        names = ["grpo"] if own else [name for name in SHORT_LIST if name in available]
    names = [n for name in names for n in (every if name == ALL else [name])]
    for name in names:
        if name not in available:
            raise InputError(
                f"There is no preset {name!r} that does without settings; allowed in presets: {ALL}, {', '.join(available)}. "
                "Write others as --objectives.NAME '{class_path: ..., init_args: {...}}'."
            )
    chosen = {name: available[name] for name in names}
    for name, objective in (own or {}).items():
        if name in chosen:
            raise InputError(f"objectives has the name {name!r}, also that of a preset in the comparison; write another.")
        chosen[name] = objective
    if not chosen:
        raise InputError("There is nothing to compare; write e.g. --presets '[grpo, simko]'.")
    return chosen


def feasible(
    objectives: Mapping[str, Objective], names: Sequence[str] | None, batch: RolloutBatch
) -> tuple[dict[str, Objective], list[str]]:
    """The objectives that rollouts of a file have enough for, and what is said of those that `all` had to leave out.

    Args:
        objectives: What is compared, by name.
        names: Presets as they were asked for.
        batch: Read from a file.

    Raises:
        InputError: If one that was asked for by name lacks something.
    """
    kept, notes = dict(objectives), []
    for name, objective in objectives.items():
        lacks = _lacking(objective, batch)
        if not lacks:
            continue
        if names is None or ALL not in names or name in names:
            raise InputError(f"{name} wants {lacks}. Leave it out, or let rollouts be sampled: leave the transcript out.")
        notes.append(f"{name} is left out: it wants {lacks}.")
        del kept[name]
    return kept, notes


def _lacking(objective: Objective, batch: RolloutBatch) -> str:
    """What an objective needs and rollouts of a file do not have; empty if nothing."""
    if objective.rollout_needs.greedy and not batch.greedy:
        return "a greedy response to each prompt, and a transcript holds none"
    parts = [part for part in objective.reweights if isinstance(part, AdaptiveOutcome)]
    if batch.step and any(part.total_steps is None for part in parts):
        return f"the length of the run (total_steps), and a transcript of step {batch.step} does not tell it"
    return ""
