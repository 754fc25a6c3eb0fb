"""Which verifier another trainer's reward functions are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.commands.translate.options import Translation, number_of

PLACE = "verifier"
MATHS = {"class_path": "asym_lit.verifiers.Maths"}
READY = {
    "accuracy_reward": ("correct", MATHS),
    "reasoning_accuracy_reward": ("correct", MATHS),
    "think_format_reward": ("formatted", "asym_lit.verifiers.rewards.formatted"),
}
"""TRL's own: what they are called here, and what does it."""


def verifier_of(made: Translation, given: Mapping[str, Any]) -> None:
    """Put the verifier of reward functions into the settings: one, or several weighed."""
    if made.trainer == "verl":
        for above in ("custom_reward_function", "reward.custom_reward_function"):
            path = given.get(f"{above}.path")
            if path:
                made.settings[PLACE] = _function(f"{path}:{given.get(f'{above}.name', 'compute_score')}")
                return
        made.settings[PLACE] = MATHS
        made.notes.append("The reward is Maths; verl chooses a function by data_source.")
        return
    names = given.get("reward_funcs") or []
    names = [names] if isinstance(names, str) else list(names)
    found: dict[str, Any] = {}
    told = given.get("reward_weights") or []
    each = told if isinstance(told, list | tuple) else [told]
    weights = [number_of({"reward_weights": weight}, "reward_weights") for weight in each]
    weighed: dict[str, float] = {}
    for i, name in enumerate(map(str, names)):
        if name == "get_soft_overlong_punishment":
            made.nowhere[f"reward_funcs: {name}"] = "a part of dapo(overlong_buffer, max_tokens), in tokens"
            continue
        ours, place = READY.get(name, (name.rpartition(".")[2], name))
        found[ours] = place
        if i < len(weights):
            weighed[ours] = weights[i]
    if not found:
        made.settings[PLACE] = MATHS
        made.notes.append("The reward is Maths: no reward_funcs were given.")
    elif len(found) == 1:
        (only,) = found.values()
        made.settings[PLACE] = _function(only) if isinstance(only, str) else only
    else:
        truth = "correct" if "correct" in found else next(iter(found))
        made.settings[PLACE] = {
            "class_path": "asym_lit.verifiers.Weighted",
            "init_args": {"rewards": found, "truth": truth, **({"weights": weighed} if weighed else {})},
        }
        made.notes.append(f"Of the rewards {', '.join(found)} the first, {truth}, says what is correct.")


def _function(place: str) -> dict[str, Any]:
    return {"class_path": "asym_lit.verifiers.Function", "init_args": {"function": place}}
