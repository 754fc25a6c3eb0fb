"""Evaluation sets: several at once, each with its own way of drawing responses and its own budgets.

What is measured on them: `callbacks/`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from asym_lit.types import InputError, Sampling, Task


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class EvaluationSet:
    """A task to evaluate on, and how its responses are drawn. What is left out is as in `data.evaluation`.

    Args:
        task: Where its prompts come from.
        n: Responses per problem.
        temperature: Of their sampling.
        top_p: Likewise.
        min_p: Likewise.
        max_tokens: Longest response, stop token included.
        stop_strings: Texts that end a response; `[]` for none.
        stop_token_ids: Tokens that end one, likewise.
        ks: Budgets of pass@k, at most `n`; empty for those of the PassAtK callback.
    """

    task: Task
    n: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    stop_strings: tuple[str, ...] | None = None
    stop_token_ids: tuple[int, ...] | None = None
    ks: list[int] = field(default_factory=list)

    def sampling(self, evaluation: Sampling) -> Sampling:
        """How its responses are drawn, given the data module's `evaluation`."""
        names = ("n", "temperature", "top_p", "min_p", "max_tokens", "stop_strings", "stop_token_ids")
        return replace(evaluation, **{name: getattr(self, name) for name in names if getattr(self, name) is not None})


def evaluation_sets(given: Mapping[str, Task | EvaluationSet] | None, task: Task) -> dict[str, EvaluationSet]:
    """Evaluation sets by name; a plain task is one that is drawn from as `data.evaluation` says.

    Args:
        given: As a person named them; none for the training task's own evaluation split.
        task: The training task.

    Raises:
        InputError: If a name cannot stand in the name of a metric and of a file.
    """
    found = {}
    for name, one in (given or {task.name: task}).items():
        if given and not re.fullmatch(r"[\w.+-]+", name):
            raise InputError(f"evaluation_tasks has a set {name!r}; allowed in a name: letters, digits and any of _ . + -")
        found[name] = one if isinstance(one, EvaluationSet) else EvaluationSet(one)
    return found
