"""Rollouts that other programs wrote, by their fields: TRL's tables of completions, verl's dumps, and plain rows.

- TRL (`log_completions`, parquet): `prompt`, `completion`, a column for each reward function, `advantage`.
- verl (`trainer.rollout_data_dir`, `validation_data_dir`, JSON lines): `input`, `output`, `score`, perhaps `acc`.
- plain (JSON lines or parquet): `prompt`, `completion` or `response`, `reward` or `score`, perhaps `id` or `example_id`; so are
  results of `verifiers`, which prime-rl's environments are made with.

How they are replayed is in `replay/retokenised`, how they are counted in `compare/response_files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asym_lit.types import InputError

PROMPTS, RESPONSES, REWARDS = ("prompt", "input"), ("completion", "response", "output"), ("acc", "reward", "score")
NAMES = ("id", "example_id", "uid")
OURS = {"slot", "token_ids"}
"""Fields of our own transcripts."""
TRUTHS = ("accuracy_reward", "reasoning_accuracy_reward")
"""TRL's own functions that say what is correct."""


@dataclass(frozen=True, slots=True)
class OtherRollout:
    """One response of somebody else's policy."""

    where: str
    """File and row, for messages."""
    prompt: Any
    """A text, or the turns of a chat."""
    response: Any
    reward: float | None
    """None where nothing was decided."""
    step: str = ""
    uid: str = ""


def is_other(path: Path) -> bool:
    """Whether a file holds rollouts of others, told by its first row."""
    row = next(iter(rows_of(path)), ("", {}))[1] if path.is_file() else {}
    return not OURS & row.keys() and _first(row, PROMPTS) is not None and _first(row, RESPONSES) is not None


def read_others(path: Path) -> list[OtherRollout]:
    """All rollouts of a file.

    Raises:
        InputError: If a row lacks a field or holds something else in it, by file, row and field.
    """
    return read_rows(list(rows_of(path)))


def read_rows(rows: Sequence[tuple[str, dict[str, Any]]]) -> list[OtherRollout]:
    """Rollouts of the rows of one file.

    Args:
        rows: Each with its place; at least one.

    Raises:
        InputError: As `read_others`.
    """
    if not rows:
        raise InputError("The file has no rows; a transcript has one for each response.")
    reward = reward_field(rows)
    return [_rollout(where, row, reward) for where, row in rows]


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows and where each stands; lists and objects as Python's."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        try:
            table = pyarrow.parquet.read_table(path)
        except (OSError, ValueError) as fault:
            raise InputError(f"{path} cannot be read as parquet: {fault!s:.120}") from fault
        yield from ((f"{path}, row {i}", row) for i, row in enumerate(table.to_pylist(), start=1))
        return
    with path.open(encoding="utf-8") as lines:
        for i, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as fault:
                    raise InputError(f"{path}, row {i} is no JSON ({fault}).") from fault
                if not isinstance(row, dict):
                    raise InputError(f"{path}, row {i} is {type(row).__name__}, and no object.")
                yield f"{path}, row {i}", row


def reward_fields(rows: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """The fields that may say what a response is worth.

    Of TRL's columns: those of a verifier of ours (it has a `..._reason`), else TRL's own accuracy, else all.
    """
    first = rows[0][1]
    named = _first(first, REWARDS)
    if named is not None and "advantage" not in first:
        return [named]
    apart = {*PROMPTS, *RESPONSES, *NAMES, "step", "advantage"}
    numbers = [name for name in first if name not in apart and any(_is_number(row.get(name)) for _, row in rows)]
    ours = [name for name in numbers if f"{name}_reason" in first]
    return ours or [name for name in TRUTHS if name in numbers] or numbers


def reward_field(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The field that says what a response is worth, of `reward_fields`.

    Raises:
        InputError: If there is none, or several and none of them is known.
    """
    chosen = reward_fields(rows)
    if len(chosen) != 1:
        where, first = rows[0]
        if chosen:
            raise InputError(
                f"{where}, field reward: several may be: {', '.join(chosen)}. Call the one that says what is correct "
                "'accuracy_reward', or leave others out."
            )
        raise InputError(f"{where}, field reward (or score, acc): it is not there; the row has {', '.join(first)}.")
    return chosen[0]


def _rollout(where: str, row: dict[str, Any], reward: str) -> OtherRollout:
    prompt, response = _first(row, PROMPTS), _first(row, RESPONSES)
    for kind, found in ((PROMPTS, prompt), (RESPONSES, response)):
        if found is None:
            raise InputError(f"{where}, field {kind[0]}: it is not there; the row has {', '.join(row)}.")
        if not isinstance(row[found], str | list):
            raise InputError(f"{where}, field {found}: it is {row[found]!r:.40}; allowed: a text, or the turns of a chat.")
    if reward not in row:
        raise InputError(f"{where}, field {reward}: it is not there, and the rows above have it.")
    value = row[reward]
    if value is not None and not isinstance(value, int | float):
        raise InputError(f"{where}, field {reward}: it is {value!r:.40}; allowed: a number, or null where nothing is decided.")
    if value is not None and value != value:  # NaN: TRL's own word for None
        value = None
    uid = _first(row, NAMES)
    return OtherRollout(
        where,
        row[str(prompt)],
        row[str(response)],
        None if value is None else float(value),
        str(row.get("step", "")),
        "" if uid is None else str(row[uid]),
    )


def _first(row: dict[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if row.get(name) is not None), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
