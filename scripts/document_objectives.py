"""Writes docs/objectives.md from the presets themselves: their docstrings, their knobs, and what they need.

python scripts/document_objectives.py
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from docstring_parser import parse

from asym_lit.objectives import Objective, presets
from asym_lit.objectives.corrections import TokenTruncated
from asym_lit.types import Needs

PAGE = Path(__file__).parents[1] / "docs" / "objectives.md"
GROUPS = {
    "Alike for right and wrong": presets.baselines,
    "SimKO and ACE": presets.asymmetric,
    "Right responses, wrong responses": presets.signed,
    "pass@k, rare answers, entropy": presets.exploration,
}
HEAD = """# Objectives

Written by `python scripts/document_objectives.py` from the code; a test holds the two together.

An objective is a record of parts that run in a fixed order. At rollout time, on whole groups: reward shapers, advantage estimator, reweights. At every update, on the rows of a micro-batch: token reweights, importance ratio, token loss,
sampler correction, regularisers, aggregation. The functions below put them together; their import path is what a recipe names:

```yaml
objective:
  class_path: asym_lit.objectives.ace
  init_args:
    alpha: 1.0
    base: {class_path: asym_lit.objectives.dapo}
```

Those with a `base` go on any other. "Needs" is what must be computed beside the log-prob of the sampled token: once per rollout step (`rollout`), at every update (`update`), or the frozen reference.
"""
EXAMPLES = {"base": presets.grpo(), "max_tokens": 24, "correction": TokenTruncated()}


def build(preset: Callable[..., Objective]) -> Objective:
    """The preset with its defaults, over plain GRPO where it needs a base."""
    required = [n for n, p in inspect.signature(preset).parameters.items() if p.default is inspect.Parameter.empty]
    return preset(**{name: EXAMPLES[name] for name in required})


def needs_in_words(objective: Objective) -> str:
    """What must be computed for it."""
    rollout, update = objective.rollout_needs, objective.update_needs
    found = ["reference"] if rollout.reference or update.reference else []
    found += [f"{moment}: {words}" for moment, needs in (("rollout", rollout), ("update", update)) if (words := _words(needs))]
    return "; ".join(found) or "-"


def _words(needs: Needs) -> str:
    parts = [("scores before the first update", needs.rollout_scores), ("entropy", needs.entropy)]
    parts += [(f"top {needs.top_n}", needs.top_n > 0), ("rank-1 flag", needs.rank1), ("squared probabilities", needs.squares)]
    parts += [("a greedy response", needs.greedy), ("several rewards", needs.rewards), ("the rollout step", needs.step)]
    return ", ".join(words for words, wanted in parts if wanted)


def entry(name: str) -> str:
    """The section of one preset."""
    preset = getattr(presets, name)
    text, signature = parse(inspect.getdoc(preset) or ""), inspect.signature(preset)
    described = {p.arg_name: " ".join((p.description or "").split()) for p in text.params}
    lines = [f"### `{name}`", "", text.short_description or ""]
    if text.long_description:
        lines += ["", " ".join(text.long_description.split())]
    lines += ["", f"Needs: {needs_in_words(build(preset))}"]
    if signature.parameters:
        lines += ["", "| knob | default | meaning, and what leaves the base alone |", "| --- | --- | --- |"]
    for knob, parameter in signature.parameters.items():
        default = "required" if parameter.default is inspect.Parameter.empty else f"`{parameter.default}`"
        lines.append(f"| `{knob}` | {default} | {described[knob]} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, module in GROUPS.items():
        names = [n for n in presets.__all__ if getattr(presets, n).__module__ == module.__name__]
        parts += [f"## {title}\n", *(entry(name) for name in names)]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
