"""A row of another trainer's data as a `Prompt`, and its messages as text. What is made of both is in `trl/` and `verl/`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from asym_lit.types import InputError, Prompt

GOLD = ("answer", "solution", "ground_truth", "gold", "target_answer", "final_answer")
"""Columns that hold a gold answer, the first one that is there; a verifier reads it as `answer`."""
NAMES = ("uid", "id", "index")
"""Columns that name a problem."""


def text_of(said: Any) -> str:
    """The text of a prompt or a response: of messages, their contents one below the other."""
    if isinstance(said, str):
        return said
    if isinstance(said, Mapping):
        content = said.get("content")
        parts = content if isinstance(content, list) else [content]
        return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if part)
    if isinstance(said, Sequence):
        return "\n".join(text for text in map(text_of, said) if text)
    raise InputError(
        f"{said!r:.60} ({type(said).__name__}) is no prompt and no response; allowed: a text, or a list of messages."
    )


def response_of(said: Any) -> str:
    """The text of a response: of messages, that of the last one of the assistant."""
    if isinstance(said, str) or not isinstance(said, Sequence):
        return text_of(said)
    answers = [turn for turn in said if isinstance(turn, Mapping) and turn.get("role", "assistant") == "assistant"]
    return text_of(answers[-1]) if answers else ""


def prompt_of(said: Any, row: Mapping[str, Any], task: str, gold: str | None = None) -> Prompt:
    """A row as verifiers read it.

    Args:
        said: The prompt: a text, or messages.
        row: Its other columns; all of them are there for the verifier (`Prompt.answer`).
        task: Where it comes from.
        gold: Column with the gold answer; None for the first of `GOLD` that is there.

    Raises:
        InputError: If there is no such column, with the nearest one.
    """
    columns = {name: _plain(value) for name, value in row.items()}
    if gold is not None and gold not in columns:
        close = "".join(f" Nearest: {name}." for name in get_close_matches(gold, columns, n=1, cutoff=0.5))
        raise InputError(f"There is no column {gold!r} with gold answers.{close} There: {', '.join(columns) or 'none'}.")
    found = gold or next((name for name in GOLD if columns.get(name) is not None), None)
    answer = dict(columns)
    if found is not None:
        right = columns[found]
        if isinstance(right, Mapping):  # all that a verifier needs, such as Countdown's numbers and target
            answer |= right
        else:
            answer["answer"] = str(right) if isinstance(right, int | float) and not isinstance(right, bool) else right
    chat = () if isinstance(said, str) else tuple({"role": str(t.get("role")), "content": text_of(t)} for t in said)
    asked = [turn["content"] for turn in chat if turn["role"] == "user"]
    if asked:
        answer.setdefault("question", asked[-1])
    text = text_of(said)
    named = next((str(columns[name]) for name in NAMES if columns.get(name) is not None), None)
    uid = named or hashlib.sha256(f"{text}\0{answer.get('answer')}".encode()).hexdigest()[:12]
    return Prompt(uid, text, answer, task, messages=chat)


def _plain(value: Any) -> Any:
    """Without numpy: parquet files give arrays where there were lists."""
    if callable(getattr(value, "tolist", None)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
