"""The task of another trainer's data: where its prompts and gold answers stand, looked up where the files are at hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asym_lit.commands.translate.options import Translation
from asym_lit.tasks.columns import lookup
from asym_lit.tasks.rows import find_source, read_rows

GOLD = ("solution", "answer", "ground_truth", "reward_model.ground_truth", "final_answer")


def task_of(made: Translation, said: str, path: str, prompt: str, gold: str, **further: Any) -> None:
    """Put a task of `Problems` into the settings.

    Args:
        made: Gets it, and a note on what was assumed.
        said: Their option, for the note.
        path: A hub id, file or folder; `~` and `$HOME` are put in.
        prompt: Field of the prompt.
        gold: Field of the gold answer, where the data are not at hand.
        further: Other arguments of the task.
    """
    place = os.path.expandvars(os.path.expanduser(path))
    task: dict[str, Any] = {"path": place, "question": prompt, "messages": prompt, "answer": gold, **further}
    if Path(place).exists():
        row = next(iter(read_rows(find_source(place, str(further.get("train", "train"))))), {})
        if isinstance(lookup(row, prompt), str):
            del task["messages"]
        task["answer"] = next((name for name in (gold, *GOLD) if lookup(row, name) is not None), gold)
        if Path(place).is_file():
            task["test"] = None
    else:
        made.notes.append(
            f"{said}: not at hand here, so prompts are taken from the chat in {prompt!r} (take `messages` out of the recipe if "
            f"these are texts), gold answers from {task['answer']!r}."
        )
    made.settings["data.init_args.task"] = {"class_path": "asym_lit.tasks.Problems", "init_args": task}


def first_of(files: Any) -> tuple[str, Sequence[str]]:
    """The first of one or more files, and the others."""
    rest = [str(file) for file in files] if isinstance(files, list) else [str(files)]
    return rest[0], rest[1:]
