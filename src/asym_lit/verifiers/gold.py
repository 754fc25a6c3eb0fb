"""What a prompt of mathematics carries for its verifiers. How it got there is the tasks' business."""

from __future__ import annotations

from asym_lit.types import InputError, Prompt


def gold_of(prompt: Prompt) -> str:
    """The gold answer of a prompt.

    Raises:
        InputError: If it has none.
    """
    gold = prompt.answer.get("answer")
    if not isinstance(gold, str) or not gold.strip():
        raise InputError(
            f"The prompt {prompt.uid!r} of {prompt.task!r} has the answer {gold!r}; this verifier needs a text under 'answer'."
        )
    return gold


def question_of(prompt: Prompt) -> str:
    """The question of a prompt, without the instructions around it where the task tells them apart."""
    return str(prompt.answer.get("question") or prompt.text)
