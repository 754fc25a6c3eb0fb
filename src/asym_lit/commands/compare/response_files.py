"""Rows of responses, added up to counts of problems: plain ones with labels, and what verl and TRL write.

Reading files is in `row_files`, and what counts must be in `count_files`; tables of problems with metrics: `harness_files`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asym_lit.commands.compare.row_files import Reading, Rows, made_name, name_of, prompt_name
from asym_lit.commands.other_rollouts import PROMPTS, RESPONSES, read_rows, reward_fields
from asym_lit.types import InputError
from asym_lit.types.errors import shown

VERL = {"input", "output", "score"}
"""Fields of what verl writes into `trainer.validation_data_dir` and `trainer.rollout_data_dir`, a row for each response."""
TRL = {"prompt", "completion", "advantage"}
"""Columns of what TRL writes into `completions/` with `log_completions`, beside one for each reward function."""
TRL_STEP = "step"


def added_up(rows: Rows) -> Rows:
    """Rows `{id, correct}` as rows `{id, n, c}`, one for each problem and seed.

    Args:
        rows: Of one file; at least one.

    Raises:
        InputError: If a row is not what it should be, by file, row and field.
    """
    found: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for where, row in rows:
        for name in ("id", "correct"):
            if name not in row:
                raise InputError(f"{where}, field {name}: it is not there; the rows above are responses, {{id, correct}}.")
        right = row["correct"]
        if not is_one_of(right, (0, 1)):
            raise InputError(
                f"{where}, field correct: it is {shown(right)}; allowed: true and false, or 1 and 0. Leave out a response "
                "without a verdict."
            )
        uid, seed = name_of(row["id"], f"{where}, field id"), str(row.get("seed"))
        first = found.setdefault((uid, seed), (where, {**row, "n": 0, "c": 0}))[1]
        if row.get("source") != first.get("source"):
            both = f"{shown(row.get('source'))} here and of {shown(first.get('source'))}"
            raise InputError(f"{where}, field source: {shown(uid)} is of {both} before.")
        first["n"] += 1
        first["c"] += int(right)
    return list(found.values())


def labelled_verl(rows: Rows, reading: Reading) -> Rows:
    """Rows of a dump of verl (as of 0.9.1) as `{id, correct}`: the prompt is the problem; `acc` is the verdict, else the score.

    Args:
        rows: Of one file.
        reading: Another name of problems, or another field than these.
    """
    for where, row in rows:
        for name in sorted(VERL | ({reading.verdict} if reading.verdict else set())):
            if name not in row:
                raise InputError(f"{where}, field {name}: it is not there; the rows above are a dump of verl's.")
    field = reading.verdict or ("acc" if all("acc" in row for _, row in rows) else "score")
    return _labelled(rows, field, "input", reading)


def labelled_trl(rows: Rows, reading: Reading) -> Rows:
    """Rows of TRL's completions (as of 1.16) as `{id, correct}`: the prompt is the problem, a reward function the verdict.

    Args:
        rows: Of one file.
        reading: Which reward function, if there are several.
    """
    rewards = [name for name in rows[0][1] if name not in TRL | {TRL_STEP}]
    known = reward_fields(rows)
    field = reading.verdict or (known[0] if len(known) == 1 else "")
    if field not in rewards:
        where = rows[0][0].rpartition(", row")[0]
        what = f"verdict is {field!r}" if field else f"which of {len(rewards)} columns says what is right is not known"
        raise InputError(
            f"{where} is a table of TRL's completions, and {what}; write --verdict with one of {', '.join(rewards)}."
        )
    return _labelled(rows, field, "prompt", reading)


def are_rollouts(fields: Collection[str]) -> bool:
    """Whether rows with these fields have prompts and responses, and nothing that names problems with labels."""
    return (
        "correct" not in fields and not {"n", "c"} & set(fields) and all(set(fields) & {*some} for some in (PROMPTS, RESPONSES))
    )


def labelled_rollouts(rows: Rows) -> Rows:
    """Prompts, responses and rewards as `{id, correct}`: all 0 and 1, or -1 and 1; one without a reward is left out.

    Args:
        rows: Of one file.
    """
    rollouts = read_rows(rows)
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
        uid = rollout.uid or prompt_name(rollout.prompt, f"{rollout.where}, field prompt")
        found.append((rollout.where, {"id": uid, "correct": int(rollout.reward == 1)}))
    if not found:
        raise InputError(f"{rollouts[0].where} and all others have no reward, so nothing was decided.")
    return found


def _labelled(rows: Rows, field: str, prompt: str, reading: Reading) -> Rows:
    """A score is a verdict if all of a file are 0 and 1, or -1 and 1.

    Others are rewards, and what of them is right is not ours to say.
    """
    allowed = (-1, 1) if field != "acc" and any(row[field] == -1 for _, row in rows) else (0, 1)
    found = []
    for where, row in rows:
        if not is_one_of(row[field], allowed):
            raise InputError(
                f"{where}, field {field}: it is {shown(row[field])}; allowed: all {allowed[0]} or {allowed[1]}, for a verdict "
                'is wanted, and other values are rewards. Write {"id": ..., "correct": true or false} for each response.'
            )
        uid = made_name(reading.ids, row, where) if reading.ids else prompt_name(row[prompt], f"{where}, field {prompt}")
        found.append((where, {"id": uid, "correct": int(row[field] == 1)}))
    return found


def is_one_of(value: Any, allowed: tuple[int, int]) -> bool:
    """Whether it is one of two numbers, truth values being 0 and 1."""
    return isinstance(value, bool | int | float) and value in allowed
