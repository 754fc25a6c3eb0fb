"""Few-shot prompts: which problems are shown before a question. How they are written is in `rendering`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from asym_lit.types import InputError, Prompt, Task


def shot_pool(task: Task, training: Task, shots: int, seed: int) -> list[Prompt]:
    """The problems that a run shows before its questions, and one more in place of a question that is one of them.

    Args:
        task: Whose questions are asked; its training split is drawn from.
        training: What the run trains on, drawn from where `task` has no training split.
        shots: Demonstrations before each question.
        seed: Of the draw.

    Raises:
        InputError: If there are too few problems.
    """
    if not shots:
        return []
    source, found = task, [] if task is training else _training_problems(task)
    if not found:
        source, found = training, training.prompts("train")
    if len(found) <= shots:
        raise InputError(
            f"prompt_format.shots is {shots}, but {source.name} has {len(found)} training problems; a question is never its "
            f"own demonstration, so allowed are at most {max(len(found) - 1, 0)}."
        )
    return sorted(found, key=lambda prompt: blake2b(f"{seed}/{prompt.uid}".encode(), digest_size=8).digest())[: shots + 1]


def _training_problems(task: Task) -> Sequence[Prompt]:
    """Those of a task that has some; a set that is only evaluated on refuses to name any."""
    try:
        return task.prompts("train")
    except InputError:
        return []
