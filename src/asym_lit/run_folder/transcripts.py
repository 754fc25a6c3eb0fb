"""Transcripts: rollouts become rows of JSON, and rows become a batch of rollouts again.

How often one is written, the callback decides.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from asym_lit.types import InputError, Outcome, Prompt, Rollout, RolloutBatch, Sampling, Verdict


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _filled_list(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(of(item) for item in value)


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "uid": (lambda v: isinstance(v, str), "a string"),
    "slot": (_whole, "a whole number of at least 0"),
    "prompt": (lambda v: isinstance(v, str), "a string"),
    "response": (lambda v: isinstance(v, str), "a string"),
    "prompt_token_ids": (lambda v: _filled_list(v, _whole), "a list of token ids, at least one"),
    "token_ids": (lambda v: _filled_list(v, _whole), "a list of token ids, at least one"),
    "logprobs": (lambda v: _filled_list(v, _number), "a list of finite numbers, one per token of the response"),
    "finish_reason": (lambda v: v in ("stop", "length"), "'stop' or 'length'"),
    "temperature": (lambda v: _number(v) and v > 0, "a number above 0"),
    "outcome": (lambda v: v in list(Outcome), "'correct', 'incorrect' or 'undecided'"),
    "reward": (lambda v: v is None or _number(v), "a number, or null where the outcome is 'undecided'"),
}


def transcript_row(rollout: Rollout, batch: RolloutBatch, advantage: float | None = None) -> dict[str, Any]:
    """One rollout as plain types: enough to read it, and to train on it again."""
    verdict = rollout.verdict
    return {
        "step": batch.step,
        "source": batch.source,
        "uid": rollout.prompt.uid,
        "slot": rollout.slot,
        "prompt": rollout.prompt.text,
        "response": rollout.text,
        "outcome": str(verdict.outcome) if verdict else None,
        "oracle": str(verdict.oracle) if verdict and verdict.oracle else None,
        "by": verdict.by if verdict else None,
        "reason": verdict.reason if verdict else None,
        "extracted": verdict.extracted if verdict else None,
        "path": [f"{rung.by}: {rung.outcome} ({rung.reason})" for rung in verdict.path] if verdict else [],
        "rewards": dict(verdict.rewards) if verdict else {},
        "reward_weights": dict(verdict.weights) if verdict else {},
        "reward": rollout.reward,
        "advantage": advantage,
        "finish_reason": rollout.finish_reason,
        "policy_version": rollout.policy_version,
        "temperature": batch.sampling.temperature,
        "answer": dict(rollout.prompt.answer),
        "prompt_token_ids": list(rollout.prompt.token_ids),
        "token_ids": rollout.token_ids,
        "logprobs": rollout.logprobs,
    }


def cut_transcripts(folder: Path, step: int) -> None:
    """Remove those of beyond a step: a run goes on behind its checkpoint, and what it had written beyond comes again.

    Training counts its steps from 0: after 4 of them its last transcript is `train_000003`, an evaluation's `val_000004_...`.
    """
    for kind, first in (("train", step), ("val", step + 1)):
        for path in folder.glob(f"{kind}_[0-9]*.jsonl"):
            if int(path.stem.split("_")[1]) >= first:
                path.unlink()


def read_transcript(path: Path) -> RolloutBatch:
    """The rollouts of a transcript, groups together in the order of the file.

    Args:
        path: A `.jsonl` file written by the `Transcript` callback, or by `replay` itself.

    Raises:
        InputError: If it is missing or malformed, if groups differ in size, or rows in temperature.
    """
    if not path.is_file():
        raise InputError(f"There is no transcript {path}; give a .jsonl file from the rollouts/ folder of a run.")
    groups: dict[tuple[Any, ...], list[tuple[int, dict[str, Any]]]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = _row(path, number, line)
                groups.setdefault((row.get("step"), row.get("source"), row["slot"]), []).append((number, row))
    if not groups:
        raise InputError(f"The transcript {path} is empty; give one with at least one group of rollouts.")
    rows = [member for group in groups.values() for member in group]
    _check_equal(path, rows, "temperature")
    size = _group_size(path, list(groups.values()))
    rollouts = [_rollout(slot, row) for slot, group in enumerate(groups.values()) for _, row in group]
    longest = max(len(r.token_ids) for r in rollouts)
    first = rows[0][1]
    return RolloutBatch(
        rollouts,
        Sampling(n=size, temperature=first["temperature"], max_tokens=longest),
        first["step"] if _whole(first.get("step")) else 0,
        str(first.get("source", path.stem)),
        kept=[True] * len(groups),
    )


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        row = json.loads(line)
    except json.JSONDecodeError as fault:
        raise InputError(f"{where} is no JSON ({fault}); a transcript holds one JSON object per line.") from fault
    if not isinstance(row, dict):
        raise InputError(f"{where} is {type(row).__name__}; a transcript holds one JSON object per line.")
    for name, (fits, allowed) in _FIELDS.items():
        if name not in row:
            raise InputError(
                f"{where}: the field {name!r} is missing; expected {allowed}. The row has {', '.join(row)[:120] or 'nothing'}; "
                "rollouts of other programs have prompt, completion and reward."
            )
        if not fits(row[name]):
            raise InputError(f"{where}: the field {name!r} is {str(row[name])[:60]!r}; allowed: {allowed}.")
    if len(row["logprobs"]) != len(row["token_ids"]):
        raise InputError(
            f"{where}: the field 'logprobs' has {len(row['logprobs'])} entries for {len(row['token_ids'])} token_ids; "
            "allowed: one per token."
        )
    for name in ("rewards", "reward_weights"):
        if not isinstance(row.get(name) or {}, dict) or not all(map(_number, (row.get(name) or {}).values())):
            raise InputError(f"{where}: the field {name!r} is {str(row[name])[:60]!r}; allowed: finite numbers by name.")
    if (row["reward"] is None) != (row["outcome"] == Outcome.UNDECIDED):
        raise InputError(
            f"{where}: the field 'reward' is {row['reward']} with the outcome {row['outcome']!r}; allowed: null for "
            "'undecided', a number for the others."
        )
    return row


def _group_size(path: Path, groups: list[list[tuple[int, dict[str, Any]]]]) -> int:
    expected = Counter(len(group) for group in groups).most_common(1)[0][0]
    for group in groups:
        _check_equal(path, group, "uid")
        _check_equal(path, group, "prompt_token_ids")
        if len(group) != expected:
            number, row = group[0]
            raise InputError(
                f"{path}, line {number}: the group of {row['uid']!r} (slot {row['slot']}) has {len(group)} rollouts, others "
                f"have {expected}; every group must be whole. Take the file as it was written, or remove this group."
            )
    return expected


def _check_equal(path: Path, rows: list[tuple[int, dict[str, Any]]], name: str) -> None:
    """Rows differ in something that they must share."""
    runs = [next(run) for _, run in groupby(rows, key=lambda row: row[1][name])]
    if len(runs) > 1:
        (first, a), (second, b) = runs[:2]
        raise InputError(
            f"{path}: the field {name!r} is {str(a[name])[:40]!r} in line {first} and {str(b[name])[:40]!r} in line {second}; "
            f"allowed: one value for {'the whole file' if name == 'temperature' else 'all rollouts of a slot'}."
        )


def _rollout(slot: int, row: dict[str, Any]) -> Rollout:
    return Rollout(
        Prompt(row["uid"], row["prompt"], row.get("answer") or {}, str(row.get("source")), tuple(row["prompt_token_ids"])),
        slot,
        row["token_ids"],
        row["logprobs"],
        row["finish_reason"],
        row["policy_version"] if _whole(row.get("policy_version")) else 0,
        row["response"],
        Verdict(
            Outcome(row["outcome"]),
            str(row.get("by")),
            str(row.get("reason") or ""),
            row.get("extracted"),
            rewards=tuple((row.get("rewards") or {}).items()),
            weights=tuple((row.get("reward_weights") or {}).items()),
        ),
        row["reward"],
    )
