"""The card of a trained policy, for the Hugging Face hub: what it was made from and how, and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from asym_lit.reports.escaping import visible


def model_card(name: str, policy: str, steps: int, recipe: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """A README in the hub's form: facts in YAML on top, then words, tables and the recipe.

    Args:
        name: Of the repository.
        policy: What training began from, as it was named.
        steps: Rollout steps of training.
        recipe: The run's configuration.
        measured: What `pass_at_k.json` holds: curves by evaluation set, by when they were measured.
    """
    facts: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["asym_lit", "rlvr"]}
    if policy.count("/") == 1 and not policy.startswith((".", "/", "~")):  # else it is no name of the hub's
        facts["base_model"] = policy
    parts = [
        f"---\n{yaml.safe_dump(facts, sort_keys=False)}---",
        f"# {visible(name.rpartition('/')[2])}",
        f"Trained from `{visible(policy)}` with asym_lit: reinforcement learning with verifiable rewards, {steps} steps.",
        *_tables(measured),
        "## Recipe",
        f"```yaml\n{visible(yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True))}```",
    ]
    return "\n\n".join(parts) + "\n"


def _tables(measured: Mapping[str, Any]) -> list[str]:
    """A table for each evaluation set, with a column for each time it was measured."""
    found = []
    for name in dict.fromkeys(name for curves in measured.values() for name in curves):
        curves = {when: sets[name] for when, sets in measured.items() if name in sets}
        ks = sorted({k for curve in curves.values() for k in curve["ks"]})
        first = next(iter(curves.values()))
        lines = [f"| pass@k | {' | '.join(curves)} |", "| --- |" + " --- |" * len(curves)]
        lines += [f"| {k} | {' | '.join(_cell(curve, k) for curve in curves.values())} |" for k in ks]
        intro = f"{first['problems']} problems, {first['samples']} responses each; 95 % intervals over problems."
        found += [f"## pass@k of {visible(name)}, validation", intro, "\n".join(lines)]
    return found


def _cell(curve: Mapping[str, Any], k: int) -> str:
    if k not in curve["ks"]:
        return ""
    at = curve["ks"].index(k)
    mean, low, high = (curve[part][at] for part in ("mean", "low", "high"))
    return "" if mean is None else f"{mean:.3f} [{low:.3f}, {high:.3f}]"
