"""Rows of responses, added up to counts of problems: plain ones with labels, what verl dumps, TRL's tables of completions.

Reading files, and what counts must be: `count_files`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from asym_lit.commands.other_rollouts import PROMPTS, RESPONSES, OtherRollout, read_rows
from asym_lit.types import InputError

Rows = Sequence[tuple[str, dict[str, Any]]]
"""Each with its place, for messages."""
VERL = {"input", "output", "score"}
"""Fields of what verl writes into `trainer.validation_data_dir` and `trainer.rollout_data_dir`, a row for each response."""
SHOWN = 40
"""Letters of a prompt that are shown where it names a problem."""


def of_problems(rows: Rows) -> Rows:
    """Rows as they stand, or added up where the first one is a response.

    Args:
        rows: Of one file; at least one.

    Raises:
        InputError: If a row of a response is not what it should be, by file, row and field.
    """
    fields = rows[0][1].keys()
    if fields >= VERL and "id" not in fields:
        return _added_up(_labelled(rows))
    if "correct" not in fields and not {"n", "c"} & fields and fields & set(PROMPTS) and fields & set(RESPONSES):
        return _added_up(_of_rewards(read_rows(rows)))
    return _added_up(rows) if "correct" in fields and not {"n", "c"} & fields else rows


def name_of(value: Any, where: str) -> str:
    """A text that is not empty, or a whole number, as text."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise InputError(f"{where}: it is {value!r}; allowed: a text or a whole number.")
    return str(value)


def _added_up(rows: Rows) -> Rows:
    """Rows `{id, correct}` as rows `{id, n, c}`, one for each problem and seed."""
    found: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for where, row in rows:
        for name in ("id", "correct"):
            if name not in row:
                raise InputError(f"{where}, field {name}: it is not there; the rows above are responses, {{id, correct}}.")
        right = row["correct"]
        if not _is_one_of(right, (0, 1)):
            raise InputError(
                f"{where}, field correct: it is {right!r}; allowed: true and false, or 1 and 0. Leave out a response without a "
                "verdict."
            )
        uid, seed = name_of(row["id"], f"{where}, field id"), str(row.get("seed"))
        first = found.setdefault((uid, seed), (where, {**row, "n": 0, "c": 0}))[1]
        if row.get("source") != first.get("source"):
            both = f"{row.get('source')!r} here and of {first.get('source')!r}"
            raise InputError(f"{where}, field source: {uid!r} is of {both} before.")
        first["n"] += 1
        first["c"] += int(right)
    return list(found.values())


def _labelled(rows: Rows) -> Rows:
    """Rows of a dump of verl (as of 0.9.1) as `{id, correct}`: the prompt is the problem; `acc` is the verdict, else the score.

    A score is a verdict if all of a file are 0 and 1, or -1 and 1. Others are rewards, and what of them is right is not ours
    to say.
    """
    for where, row in rows:
        for name in sorted(VERL):
            if name not in row:
                raise InputError(f"{where}, field {name}: it is not there; the rows above are a dump of verl's.")
    judged = all("acc" in row for _, row in rows)
    field = "acc" if judged else "score"
    allowed = (-1, 1) if not judged and any(row[field] == -1 for _, row in rows) else (0, 1)
    found = []
    for where, row in rows:
        if not _is_one_of(row[field], allowed):
            raise InputError(
                f"{where}, field {field}: it is {row[field]!r}; allowed: all {allowed[0]} or {allowed[1]}, for a verdict is "
                'wanted, and other values are rewards. Write {"id": ..., "correct": true or false} for each response.'
            )
        found.append((where, {"id": _prompt_name(row["input"], where), "correct": int(row[field] == 1)}))
    return found


def _of_rewards(rollouts: Sequence[OtherRollout]) -> Rows:
    """Prompts, responses and rewards as `{id, correct}`: all 0 and 1, or -1 and 1; one without a reward is left out."""
    allowed = (-1, 1) if any(rollout.reward == -1 for rollout in rollouts) else (0, 1)
    found = []
    for rollout in rollouts:
        if rollout.reward is None:
            continue
        if rollout.reward not in allowed:
            raise InputError(
                f"{rollout.where}, reward: it is {rollout.reward:g}; allowed: all {allowed[0]} or {allowed[1]}, for a verdict "
                'is wanted, and other values are rewards. Write {"id": ..., "correct": true or false} for each response.'
            )
        said = rollout.prompt if isinstance(rollout.prompt, str) else json.dumps(rollout.prompt, ensure_ascii=False)
        uid = rollout.uid or _prompt_name(said, rollout.where)
        found.append((rollout.where, {"id": uid, "correct": int(rollout.reward == 1)}))
    if not found:
        raise InputError(f"{rollouts[0].where} and all others have no reward, so nothing was decided.")
    return found


def _prompt_name(prompt: Any, where: str) -> str:
    """The end of a prompt, where its question stands, and a hash of all: prompts begin alike, with their template."""
    text = name_of(prompt, f"{where}, field input")
    return f"{' '.join(text.split())[-SHOWN:]} #{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _is_one_of(value: Any, allowed: tuple[int, int]) -> bool:
    return isinstance(value, bool | int | float) and value in allowed
